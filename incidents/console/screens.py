"""The screens of incidents: now, the list, declare, the room and every form beneath it."""

from __future__ import annotations

from flask import Flask

from ..kernel.settings import Settings
from . import answering, crew, declare, incident_list, now, promising, room, stepping, updates, writing


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app these screens."""
    for screen in (now, incident_list, declare, room, updates, answering, stepping, crew, writing, promising):
        app.register_blueprint(screen.bp)
