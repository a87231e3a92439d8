"""What every answer of the web side has in common: its transaction's mode, its defence against forgery, its headers."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden
from werkzeug.routing import IntegerConverter, Map

from . import log, problems, requests
from .database import db, set_mode
from .problems import problem
from .requests import is_reading
from .settings import Settings

__all__ = ["csp_nonce", "init_app", "is_same_origin", "problem"]

_SECURE: dict[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000"
# everything comes from here; a script or a style written into a page runs only when it bears this answer's nonce
_CSP = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)

csrf = CSRFProtect()


class _RowNumber(IntegerConverter):
    """``<int:…>`` in a rule: a number that no row can have is simply not there, and never asked of a database."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:  # noqa: A002 - the base's name
        super().__init__(map, *args, **{"max": 2**31 - 1, **kwargs})


def init_app(app: Flask, settings: Settings) -> None:
    """Hang all of it on the app. Call it after the room that asks who comes in: see ``_defend``."""
    # the token lives as long as the session; where https ends is the proxy's business, and we look at Origin anyway
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    csrf.init_app(app)
    app.url_map.converters["int"] = _RowNumber
    app.add_template_global(csp_nonce)
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    requests.init_app(app, settings)  # these two go before the former: a refusal too has its id in the log
    log.init_app(app, settings)
    problems.init_app(app)
    app.before_request(_defend)
    app.after_request(_harden)
    app.teardown_request(_end)


def csp_nonce() -> str:
    """This answer's nonce, for the rare script or style that stands in a page."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _begin() -> None:
    g.pop("csp_nonce", None)
    set_mode("read" if is_reading() else "write")


def _end(_error: BaseException | None) -> None:
    # what was not committed by now was not meant; a read must not keep an old picture of the database open
    db.session.rollback()
    set_mode("write")


def _defend() -> None:
    """Refuse forged requests: strangers' forms by their origin, and those of people signed in by their token too.

    Programs with a bearer token are not asked: nothing sends that by itself. It stands behind the guard of
    ``access``, because somebody whose session has ended has no living form token either, and must be told the former.
    """
    if is_reading() or request.endpoint is None:
        return
    access = _declared_access(request.endpoint)
    if access.startswith("token:"):
        return
    if not is_same_origin() and not _is_one_click():
        raise Forbidden("This form came from another site. Nothing was recorded.")
    if access != "public" and current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()


def _is_one_click() -> bool:
    """Whether a mail program presses "unsubscribe" for its reader (RFC 8058): it comes from anywhere, with a token in its path."""
    view = current_app.view_functions[request.endpoint or ""]
    return getattr(view, "__one_click__", False) is True and request.form.get("List-Unsubscribe") == "One-Click"


def _declared_access(endpoint: str) -> str:
    view: Any = current_app.view_functions[endpoint]
    return str(getattr(view, "__access__", None) or getattr(getattr(view, "view_class", None), "__access__", ""))


def is_same_origin() -> bool:
    """Whether this request came from a page of ours, or from no page at all (a program sends neither header)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    settings: Settings = current_app.extensions["sevenbells.settings"]
    ours = {settings.base_url, settings.page_url, f"{request.scheme}://{request.host}"}
    # behind a proxy that ends TLS we see http; the host still has to be the one that was asked for
    return origin in ours or (site == "same-origin" and urlsplit(origin).netloc == request.host)


def _harden(response: Response) -> Response:
    for name, value in _SECURE.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", _CSP.format(nonce=csp_nonce()))
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if settings.is_https:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    return response
