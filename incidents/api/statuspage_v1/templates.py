"""Incident templates: our message templates by their names."""

from __future__ import annotations

from typing import Any

from ...access import Scope, actor
from ...actions import message_templates
from ...kernel.database import db
from ...policy.lifecycle import PublicStatus
from ...records.matrix import MessageTemplate
from . import lists
from .routes import Given, Tell, address
from .values import text, word

_TAKES = {"name": text(255), "body": text(25_000), "update_status": word(PublicStatus)}


@address("GET", "/<page_id>/incident_templates", scope=Scope.READ, takes=lists.PAGES)
def list_templates(given: Given) -> Tell:
    start, end = lists.ends(given)
    return lambda: [_shape(template) for template in message_templates.in_order()[start:end]]


@address("POST", "/<page_id>/incident_templates", scope=Scope.ADMIN, takes=_TAKES, wrapped_in="template", status=201)
def add_template(given: Given) -> Tell:
    template = message_templates.save(
        None,
        by=actor(),
        name=given.get("name") or "",
        body=given.get("body") or "",
        public_status=given.get("update_status"),
    )
    made = template.id
    return lambda: _shape(db.session.get_one(MessageTemplate, made))


def _shape(template: MessageTemplate) -> dict[str, Any]:
    return {
        "id": str(template.id),
        "name": template.name,
        "title": template.name,
        "body": template.body,
        "group_id": None,
        "update_status": template.public_status,
        "should_tweet": False,
        "should_send_notifications": True,
        "components": [],
    }
