"""The settings screens that an administrator edits, and the way in to all of them."""

from __future__ import annotations

from flask import Blueprint, Flask, redirect
from flask.typing import ResponseReturnValue

from ..access import Role, may
from ..kernel.settings import Settings
from . import (
    pinned_notice,
    public_notices,
    settings_components,
    settings_escalation,
    settings_groups,
    settings_page,
    settings_postmortems,
    settings_severities,
    settings_sharing,
    settings_tags,
    settings_templates,
    settings_words,
    subscriber_files,
    subscribers,
)
from .settings_places import settings_places

bp = Blueprint("console_settings", __name__, url_prefix="/console/settings")


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app these screens."""
    settings_page.init_app(app)
    subscriber_files.init_app(app, settings)
    for room in (
        settings_page,
        settings_components,
        settings_groups,
        pinned_notice,
        settings_severities,
        settings_sharing,
        settings_escalation,
        settings_templates,
        settings_postmortems,
        settings_words,
        settings_tags,
        subscriber_files,
        subscribers,
        public_notices,
    ):
        app.register_blueprint(room.bp)
    app.register_blueprint(bp)


@bp.get("/")
@may(Role.VIEWER)
def index() -> ResponseReturnValue:
    """The first screen that is open to whoever looks."""
    # components are open to everybody, so there always is a first
    _heading, places = settings_places()[0]
    return redirect(places[0][2])
