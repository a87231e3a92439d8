"""The screens of on call: the week, the months, the editor of rotations, roles, groups, covers, swaps and calendars."""

from __future__ import annotations

from flask import Flask

from . import covers, groups, page, roles, rotations


def init_app(app: Flask) -> None:
    """Give the app these screens."""
    for screen in (page, covers, groups, roles, rotations):
        app.register_blueprint(screen.bp)
