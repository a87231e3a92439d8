"""Door 3: programs, with JSON and a bearer token."""

from __future__ import annotations

from flask import Flask

from ..kernel.settings import Settings
from . import (
    action_items,
    addresses,
    audit,
    components,
    deliveries,
    docs,
    incidents,
    insights,
    maintenances,
    matrix,
    oncall,
    operations,
    overrides,
    people,
    postmortems,
    relations,
    response,
    rotations,
    search,
    statuspage_v1,
    steps,
    subscribers,
    templates,
    timeline,
    updates,
)

# importing a resource puts its operations into the table
RESOURCES = (
    incidents,
    search,
    steps,
    updates,
    timeline,
    response,
    people,
    action_items,
    addresses,
    relations,
    postmortems,
    components,
    maintenances,
    matrix,
    oncall,
    rotations,
    overrides,
    templates,
    subscribers,
    deliveries,
    insights,
    audit,
)


def init_app(app: Flask, settings: Settings) -> None:
    """Hang the whole API on the app."""
    app.register_blueprint(operations.bp)
    app.register_blueprint(docs.bp)
    statuspage_v1.init_app(app)
