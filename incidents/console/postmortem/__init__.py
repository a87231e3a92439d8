"""The post-mortem's screens: to read, to write, to choose its timeline's lines, and the public text beside it."""

from __future__ import annotations

from flask import Flask

from . import comments, editor, lines, rca, reader, reviewing, versions


def init_app(app: Flask) -> None:
    """Give the app these screens."""
    for screen in (reader, editor, versions, comments, lines, reviewing, rca):
        app.register_blueprint(screen.bp)
