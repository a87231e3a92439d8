"""Who is asking: a person with a browser, or a program with a token."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, g, has_request_context, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from ..kernel.database import db, reading
from ..records.actors import Actor
from ..records.people import Person
from ..records.sessions import ServerSession
from ..records.tokens import ApiToken
from . import sessions, tokens

_SCHEMES = ("bearer ", "oauth ")  # the latter is what programs written for Statuspage send
_SHOWN = "sevenbells_shown"


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]  # flask-login ships no types
    """What flask-login holds: a person and the session that says so. Its id is the session's token."""

    person: Person
    session: ServerSession
    token: str

    def get_id(self) -> str:
        return self.token


def init_app(app: Flask) -> None:
    """Teach flask-login our sessions."""
    manager = LoginManager()
    # ours live in a table and end there; binding them to an address would sign a phone out on every street corner
    manager.session_protection = None
    manager.user_loader(_signed_in)
    manager.init_app(app, add_context_processor=False)
    # it would look into the cookie on every answer, public pages too, for a second cookie that we do not use
    app.after_request_funcs[None].remove(manager._update_remember_cookie)  # noqa: SLF001


def _signed_in(token: str) -> SignedIn | None:
    found = sessions.recognise(token)
    return SignedIn(found.person, found, token) if found else None


def sign_in(person: Person, *, remembered: bool, address: str, agent: str) -> None:
    """Begin a session with a new id and put it into the answer's cookie; the caller commits."""
    token, row = sessions.begin(person, remembered=remembered, address=address, agent=agent)
    session.clear()
    session.permanent = remembered
    login_user(SignedIn(person, row, token))


def forget_browser() -> None:
    """Empty the cookie, whatever stands in it."""
    session.clear()
    g.pop("_login_user", None)


def was_signed_in() -> bool:
    """Whether the cookie names a session, living or not."""
    return "_user_id" in session


def signed_in() -> SignedIn | None:
    """The sign-in behind this request, if there is one."""
    if not has_request_context():
        return None
    found = current_user._get_current_object()  # noqa: SLF001 - werkzeug's way to the object behind the proxy
    return found if isinstance(found, SignedIn) else None


def me() -> Person:
    """The person who is asking: the row itself. Raises Unauthorized when nobody is signed in."""
    found = signed_in()
    if found is None:
        raise Unauthorized
    return found.person


def my_session() -> ServerSession:
    """The session this request came with. Raises Unauthorized when nobody is signed in."""
    found = signed_in()
    if found is None:
        raise Unauthorized
    return found.session


def viewer() -> Person | ApiToken:
    """Whose eyes these are: this request's token, or its person."""
    found: ApiToken | None = g.get(_SHOWN)
    return found or me()


def actor() -> Actor:
    """The same, as it is written beside what was done."""
    return viewer().as_actor()


def bearer() -> ApiToken:
    """The living token in the Authorization header, kept for this request; raises Unauthorized without one."""
    given = request.headers.get("Authorization", "")
    shown = [given[len(scheme) :].strip() for scheme in _SCHEMES if given.lower().startswith(scheme)]
    found = _recognised(shown[0]) if shown else None
    if found is None:
        raise Unauthorized(
            "Give a living API token as Authorization: Bearer <token>.",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "Sevenbells"}),
        )
    setattr(g, _SHOWN, found)
    return found


def _recognised(value: str) -> ApiToken | None:
    """The token, read without a write lock and free of the session: whoever sends a body slowly must block nobody."""
    with reading():
        found = tokens.recognise(value)
        if found is not None:
            db.session.expunge(found)
        db.session.rollback()
    return found
