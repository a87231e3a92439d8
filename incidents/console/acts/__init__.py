"""What people do to an incident beneath its room: one small module a noun, each a form that is also a page."""

from __future__ import annotations

from flask import Flask

from ...kernel.settings import Settings
from . import (
    acknowledgement,
    cadence,
    channel,
    communication,
    components,
    deliveries,
    details,
    escalations,
    merge,
    notes,
    people,
    relations,
    reopening,
    resolution,
    restricted,
    roles,
    severity,
    snoozes,
    steps,
    tags,
    timeline_entry,
    visibility,
)
from .blueprint import bp

__all__ = [
    "acknowledgement",
    "bp",
    "cadence",
    "channel",
    "communication",
    "components",
    "deliveries",
    "details",
    "escalations",
    "init_app",
    "merge",
    "notes",
    "people",
    "relations",
    "reopening",
    "resolution",
    "restricted",
    "roles",
    "severity",
    "snoozes",
    "steps",
    "tags",
    "timeline_entry",
    "visibility",
]


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app these addresses."""
    app.register_blueprint(bp)
    app.register_blueprint(restricted.bp)
