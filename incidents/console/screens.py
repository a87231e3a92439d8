"""The screens of incidents: now, the list, declare, the room, updates, and every act beneath the room."""

from __future__ import annotations

from flask import Flask

from ..kernel.settings import Settings
from . import (
    acknowledgement_link,
    action_items,
    acts,
    audits,
    calendars,
    declare,
    deliveries,
    documents,
    drafts,
    first_steps,
    form_again,
    incident_list,
    insights,
    maintenance,
    maintenance_form,
    now,
    on_call,
    once,
    postmortem,
    room,
    search,
    unsent,
    update_edits,
    updates,
)


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app these screens."""
    for screen in (
        acknowledgement_link,
        audits,
        calendars,
        deliveries,
        drafts,
        first_steps,
        now,
        incident_list,
        maintenance_form,
        maintenance,
        declare,
        room,
        search,
        unsent,
        update_edits,
        updates,
    ):
        app.register_blueprint(screen.bp)
    acts.init_app(app, settings)
    action_items.init_app(app, settings)
    on_call.init_app(app)
    insights.init_app(app)
    postmortem.init_app(app)
    app.add_template_global(documents.drawn, "document")
    form_again.init_app(app)
    once.init_app(app)
