"""The post-mortem's screens: to read, to write, to choose its timeline's lines, and the public text beside it."""

from __future__ import annotations

from flask import Flask

from . import editor, lines, rca, reader


def init_app(app: Flask) -> None:
    """Give the app these screens."""
    for screen in (reader, editor, lines, rca):
        app.register_blueprint(screen.bp)
