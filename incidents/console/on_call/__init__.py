"""The screens of on call: the week, the months, the editor of rotations, roles, groups, covers, swaps and calendars."""

from __future__ import annotations

from flask import Flask

from . import calendars, covers, groups, page, roles, rotation_editor, rotations, swaps


def init_app(app: Flask) -> None:
    """Give the app these screens."""
    for screen in (page, calendars, covers, groups, roles, rotation_editor, rotations, swaps):
        app.register_blueprint(screen.bp)
