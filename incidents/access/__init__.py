"""Who may come in: sessions, tokens, and the question that every route answers before it does anything."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from ..kernel.settings import Settings
from ..records.people import Role
from ..records.sessions import REMEMBERED
from ..records.tokens import Scope
from . import guard, identity, passwords, routes
from .identity import actor, me, my_session, signed_in, viewer
from .routes import access_of, anyone, may, proof_wanted, token_may

__all__ = [
    "Role",
    "Scope",
    "access_of",
    "actor",
    "anyone",
    "init_app",
    "may",
    "me",
    "my_session",
    "proof_wanted",
    "signed_in",
    "token_may",
    "viewer",
]


def init_app(app: Flask, settings: Settings) -> None:
    """Cookies, the login manager, the password hasher and the guard before every view."""
    _set_up_cookie(app, settings)
    passwords.init_app(app)
    identity.init_app(app)
    guard.init_app(app)
    if app.has_static_folder:
        routes.mark_public(app, "static")


def _set_up_cookie(app: Flask, settings: Settings) -> None:
    app.config.update(
        # browsers take a __Host- cookie only over https, for this host alone and its whole path
        SESSION_COOKIE_NAME="__Host-sevenbells" if settings.is_https else "sevenbells",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=REMEMBERED + timedelta(days=1),
        SECRET_KEY_FALLBACKS=[settings.secret_key_old] if settings.secret_key_old else None,
    )
