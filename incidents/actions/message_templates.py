"""The team's message templates: kept on screen, and offered where one fits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.lifecycle import PublicStatus
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.matrix import MessageTemplate
from . import asked, audit, journal, matrix

# What we ship for public updates, by public status. When the next one comes stands beneath every update anyway.
OURS: tuple[tuple[str, PublicStatus, str], ...] = (
    (
        "Investigating",
        PublicStatus.INVESTIGATING,
        "We are looking into a problem with {{components}}. We do not know the cause yet.",
    ),
    (
        "Identified",
        PublicStatus.IDENTIFIED,
        "We have found the cause of the problem with {{components}}, and are working on a fix.",
    ),
    (
        "Monitoring",
        PublicStatus.MONITORING,
        "A fix for the problem with {{components}} is in place. We are watching that it holds.",
    ),
    ("Resolved", PublicStatus.RESOLVED, "The problem with {{components}} is over. Everything works as before."),
)


def save(
    template: MessageTemplate | None,
    *,
    by: Actor,
    name: str,
    body: str,
    severity: str | None = None,
    public_status: str | None = None,
    position: int | None = None,
) -> MessageTemplate:
    """Add a message template or change one. Placeholders are filled when it is used, never run."""
    name = journal.name(name, field="name", sentence="Give the template a name.", longest=80)
    taken = db.session.scalars(select(MessageTemplate).where(MessageTemplate.name == name)).one_or_none()
    if taken is not None and taken is not template:
        raise Malformed({"name": "Another template has this name."})
    if template is None:
        template = MessageTemplate(position=_behind_all())
        db.session.add(template)
    template.name = name
    template.body = journal.words(body, field="body", sentence="Write the text.", longest=10_000)
    template.severity = matrix.known_severity(severity) if severity else None
    template.public_status = _known_public_status(public_status)
    template.position = template.position if position is None else position
    template.updated_at = clock.now()
    audit.note("saved the message template", by=by, subject=name)
    db.session.flush()
    return template


def add_ours(*, by: Actor) -> int:
    """Add the templates that we ship, but for those whose name is taken; how many were added."""
    taken = {template.name for template in in_order()}
    missing = [each for each in OURS if each[0] not in taken]
    for name, status, body in missing:
        save(None, by=by, name=name, body=body, public_status=status)
    return len(missing)


def _known_public_status(word: str | None) -> str | None:
    if not word:
        return None
    if word not in [*PublicStatus]:
        raise Malformed({"public_status": f"Choose one of {', '.join(PublicStatus)}."})
    return word


def _behind_all() -> int:
    last = db.session.scalar(select(func.max(MessageTemplate.position)))
    return 0 if last is None else last + 1


def delete(template: MessageTemplate, *, by: Actor) -> None:
    """Remove a template; texts that were written with it stay."""
    audit.note("deleted the message template", by=by, subject=template.name)
    db.session.delete(template)


def move(template: MessageTemplate, *, by: Actor, up: bool) -> None:
    """One place up or down in the list; at its end nothing happens."""
    standing = in_order()
    here = standing.index(template)
    there = here - 1 if up else here + 1
    if 0 <= there < len(standing):
        standing[here], standing[there] = standing[there], standing[here]
        audit.note("moved the message template", by=by, subject=template.name)
    for position, each in enumerate(standing):
        each.position = position


def in_order() -> list[MessageTemplate]:
    """Every template, in the team's order."""
    wanted = select(MessageTemplate).order_by(MessageTemplate.position, MessageTemplate.name)
    return [*asked.answer("templates", lambda: db.session.scalars(wanted).all())]


def fitting(
    incident: Incident, public_status: str | None = None, *, among: Sequence[MessageTemplate] | None = None
) -> list[MessageTemplate]:
    """The templates that fit an incident's severity, and the status when one is given; ``among`` saves reading them.

    First those made for both, then those for one of the two, then those for all; among equals in the team's order.
    """

    def fits(template: MessageTemplate) -> bool:
        return template.severity in (None, incident.severity) and (
            public_status is None or template.public_status in (None, public_status)
        )

    def is_general(template: MessageTemplate) -> int:
        return (template.severity is None) + (template.public_status is None)

    return sorted(filter(fits, in_order() if among is None else among), key=is_general)
