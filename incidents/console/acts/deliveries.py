"""Who was told of an incident, when, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ...access import Role, may, me
from ...kernel import outbox
from ...kernel.database import db
from ...kernel.outbox import OutboxMessage
from ...records.incidents import Incident
from ...records.people import Person
from ...reports import tellings
from ..incident_pages import load, load_to_act
from .asking import page
from .blueprint import bp

_MOST = 500
_LARGEST = 2**31 - 1  # of a whole number in PostgreSQL
_AGAIN = (outbox.FAILED, outbox.SKIPPED, outbox.HELD)


@dataclass
class Letter:
    """One thing that was told, with everybody it was meant for."""

    subject: str
    messages: list[tuple[OutboxMessage, str]]  # with the name of whom it is for


@bp.get("/deliveries")
@may(Role.VIEWER)
def deliveries(ref: str) -> ResponseReturnValue:
    """Message by message, the newest first."""
    return page("deliveries", load(ref), _facts)


@bp.post("/deliveries/<int:message_id>/retry")
@may(Role.ADMIN)
def delivery_retry(ref: str, message_id: int) -> ResponseReturnValue:
    """Begin again with one that failed, was skipped or is held; one that waits or was sent stays as it is."""
    incident = load_to_act(ref)
    message = db.session.get(OutboxMessage, message_id) if message_id <= _LARGEST else None
    if message is None or message.incident_id != incident.id:
        raise NotFound
    begun = outbox.retry(message_id)
    way_back = redirect(f"/console/incidents/{incident.ref}/deliveries", 303)
    db.session.commit()
    flash("It goes out at the next turn of the clock" if begun else "It waits or was sent already")
    return way_back


@bp.post("/deliveries/retry")
@may(Role.ADMIN)
def deliveries_retry(ref: str) -> ResponseReturnValue:
    """Begin again with every one that failed or was skipped; what is held waits for its own word."""
    incident = load_to_act(ref)
    again = select(OutboxMessage.id).where(
        OutboxMessage.incident_id == incident.id, OutboxMessage.state.in_((outbox.FAILED, outbox.SKIPPED))
    )
    begun = sum(outbox.retry(message_id) for message_id in db.session.scalars(again.limit(_MOST)).all())
    way_back = redirect(f"/console/incidents/{incident.ref}/deliveries", 303)
    db.session.commit()
    flash(f"{begun} {'message goes' if begun == 1 else 'messages go'} out at the next turn of the clock")
    return way_back


def _facts(incident: Incident) -> dict[str, Any]:
    messages = list(
        db.session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.incident_id == incident.id)
            .order_by(OutboxMessage.id.desc())
            .limit(_MOST)
        )
    )
    return {
        "letters": _letters(messages),
        "paused": outbox.paused(),
        "may_retry": me().may(Role.ADMIN),
        "again": _AGAIN,
        "undone": sum(message.state in (outbox.FAILED, outbox.SKIPPED) for message in messages),
        "can_leave": tellings.can_leave(),
        "most": _MOST if len(messages) == _MOST else None,
    }


def _letters(messages: list[OutboxMessage]) -> list[Letter]:
    """The messages by what caused them; within one cause by whom they are for."""
    addresses = {message.destination for message in messages}
    names = dict(db.session.execute(select(Person.email, Person.name).where(Person.email.in_(addresses))).all())
    found: dict[str, Letter] = {}
    for message in messages:
        letter = found.setdefault(message.event, Letter(str(message.payload.get("subject", message.event)), []))
        letter.messages.append((message, names.get(message.destination, "")))
    return list(found.values())
