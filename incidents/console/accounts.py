"""The screens about accounts: set-up, sign-in, invitations, oneself, people, tokens."""

from __future__ import annotations

from flask import Flask

from ..kernel.settings import Settings
from ..records.people import Role
from . import (
    invitations,
    login,
    me,
    notifications,
    proof,
    resets,
    settings_mail,
    settings_people,
    settings_places,
    settings_tokens,
    setup,
    setup_steps,
    slack_link,
)

_ROOMS = (
    setup,
    setup_steps,
    login,
    resets,
    invitations,
    me,
    notifications,
    slack_link,
    proof,
    settings_people,
    settings_tokens,
    settings_mail,
)
_ROLE_WORDS = {Role.VIEWER: "Viewer", Role.RESPONDER: "Responder", Role.ADMIN: "Administrator"}


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app these screens."""
    for room in _ROOMS:
        app.register_blueprint(room.bp)
    settings_places.init_app(app)
    app.add_template_global(word_for_role)


def word_for_role(role: str) -> str:
    """What people call a role."""
    return _ROLE_WORDS[Role(role)]
