"""Action items in the browser: the list with its filters, changing many at once, one item, and adding one to an incident."""

from __future__ import annotations

from flask import Flask

from ...kernel.settings import Settings
from . import bulk, listing, one
from .blueprint import bp
from .parts import due_day, follow_up

__all__ = ["bp", "bulk", "init_app", "listing", "one"]


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app these addresses, and templates what they need to show an incident's items."""
    app.register_blueprint(bp)
    app.add_template_global(follow_up)
    app.add_template_filter(due_day)
