"""Message templates: texts with placeholders, offered where an update is written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import message_templates
from ..kernel.database import db
from ..policy.lifecycle import PublicStatus
from ..policy.severity import Severity
from ..records.matrix import MessageTemplate
from . import loading, paging, shapes
from .fields import Body, choice, clearable, text, whole
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import NUMBER, TEXT, TIME, stamp

shapes.named(
    "MessageTemplate",
    shapes.record(
        id=NUMBER,
        name=TEXT,
        body=TEXT,
        severity=shapes.maybe_word(Severity),
        public_status=shapes.maybe_word(PublicStatus),
        position=NUMBER,
        updated_at=TIME,
    ),
)
_WORDS = {"name": text(80), "body": text(10_000)}
_FITS = {
    "severity": clearable(choice(Severity)),
    "public_status": clearable(choice(PublicStatus)),
    "position": whole(0, 10_000),
}


@operation(
    "GET",
    "/message-templates",
    scope=Scope.READ,
    summary="Every template.",
    gives="MessageTemplate",
    is_list=True,
)
def list_templates(given: Given) -> Page[Thing]:
    page = paging.by_id(select(MessageTemplate), MessageTemplate.id, given, newest_first=False)
    return Page([_shape(template) for template in page.rows], page.cursor)


@operation(
    "POST",
    "/message-templates",
    scope=Scope.ADMIN,
    summary="Add a template. {{placeholders}} are filled in when it is used; there is no logic.",
    gives="MessageTemplate",
    body=Body(required=_WORDS, optional=_FITS),
    status=201,
)
def add_template(given: Given) -> Answer:
    template = message_templates.save(None, by=actor(), **given)
    return Answer(_shape(template), location=f"/message-templates/{template.id}")


@operation(
    "GET", "/message-templates/<template_id>", scope=Scope.READ, summary="One template.", gives="MessageTemplate"
)
def show_template(given: Given, template_id: str) -> Thing:
    return _shape(_template(template_id))


@operation(
    "PATCH",
    "/message-templates/<template_id>",
    scope=Scope.ADMIN,
    summary="Change a template; null means for all.",
    gives="MessageTemplate",
    body=Body(optional={**_WORDS, **_FITS}),
)
def change_template(given: Given, template_id: str) -> Thing:
    template = _template(template_id)
    now = {name: getattr(template, name) for name in (*_WORDS, *_FITS)}
    return _shape(message_templates.save(template, by=actor(), **{**now, **given}))


@operation(
    "DELETE",
    "/message-templates/<template_id>",
    scope=Scope.ADMIN,
    summary="Remove a template; texts written with it stay.",
    gives=None,
    status=204,
)
def delete_template(given: Given, template_id: str) -> None:
    message_templates.delete(_template(template_id), by=actor())


def _template(template_id: str) -> MessageTemplate:
    found = db.session.get(MessageTemplate, loading.row_id(template_id))
    if found is None:
        raise NotFound
    return found


def _shape(template: MessageTemplate) -> dict[str, Any]:
    return {
        "id": template.id,
        "name": template.name,
        "body": template.body,
        "severity": template.severity,
        "public_status": template.public_status,
        "position": template.position,
        "updated_at": stamp(template.updated_at),
    }
