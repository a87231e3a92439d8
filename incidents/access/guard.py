"""Stands before every view: lets in whom the route named, and turns the others away without losing what they typed."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..kernel import clock
from ..kernel.errors import Forbidden
from ..records.people import Role
from ..records.tokens import Scope
from . import identity, routes

# "//host", "/\host" and anything with a blank or a control character would leave this site (CVE-2020-28724 and kin)
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x7e]*")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# what a form carries along or offers as a choice: nobody typed it, and it is quicker chosen again than pasted
_NOT_TYPED = re.compile(r"act|after|also|audience|component-.*|confirmed|kind|next|seen|severity|status|step|version")
_NEVER_SHOWN = re.compile(r"csrf_token|password|current|secret|token", re.IGNORECASE)

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Take the first place before every view, ahead of the check for forgery: a dead session has no valid form."""
    app.before_request_funcs.setdefault(None, []).insert(0, check)


def check() -> ResponseReturnValue | None:
    """Let this request in (None), or answer it."""
    if request.endpoint is None:
        return None  # nothing there: the answer is 404 or 405, for everybody
    access = routes.access_of(current_app, request.endpoint)
    if access == routes.PUBLIC:
        return None
    if access is None:
        log.error("route_without_access", endpoint=request.endpoint)
        raise Forbidden("This address is closed.")
    if access.startswith("token:"):
        _check_token(Scope(access.removeprefix("token:")))
        return None
    return _check_person(Role(access))


def safe_next(path: str | None, otherwise: str = "/console/") -> str:
    """``path`` where it stays on this site, else ``otherwise``."""
    return path if path and _LOCAL.fullmatch(path) else otherwise


def _check_token(needed: Scope) -> None:
    if not identity.bearer().may(needed):
        raise Forbidden(f"This token's scope is too small: {needed.value} is needed.")


def _check_person(needed: Role) -> ResponseReturnValue | None:
    found = identity.signed_in()
    if found is None:
        return _sign_in_first()
    if not found.person.may(needed):
        raise Forbidden(f"Only {_PLURAL[needed]} can do this. An administrator can change your role.")
    if routes.wants_proof(current_app, request.endpoint or "") and not found.session.is_recently_proven(clock.now()):
        back_to = request.full_path.rstrip("?") if request.method in _READS else _form_page()
        return redirect("/console/me/proof?" + urlencode({"next": safe_next(back_to)}), 303)
    return None


_PLURAL = {Role.VIEWER: "people with an account", Role.RESPONDER: "responders", Role.ADMIN: "administrators"}


def _sign_in_first() -> ResponseReturnValue:
    if "HX-Request" in request.headers:
        # a fragment of a page somebody may be typing in: the page stays, its script says that it is cut off
        return Response("Your session ended. Sign in again.\n", 401, mimetype="text/plain")
    if request.method in _READS:
        return redirect(login_address(request.full_path.rstrip("?")))
    return _kept_text()


def login_address(back_to: str) -> str:
    """Where to sign in and then return to ``back_to``."""
    return "/login?" + urlencode({"next": safe_next(back_to)})


def _kept_text() -> Response:
    """The answer to a form whose session is dead: nothing was saved, and here is what was typed."""
    typed = [
        (name.replace("_", " ").capitalize(), value)
        for name, value in request.form.items(multi=True)
        if value.strip() and not _NEVER_SHOWN.search(name) and not _NOT_TYPED.fullmatch(name)
    ]
    page = render_template("console/session_ended.html", typed=typed, login=login_address(_form_page()))
    return make_response(page, 401)


def _form_page() -> str:
    adapter = current_app.create_url_adapter(request)
    shows = adapter is not None and "GET" in adapter.allowed_methods(request.path)
    return request.path if shows else "/console/"
