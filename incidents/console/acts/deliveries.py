"""Who was told of an incident, when, and if not, why."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from werkzeug.exceptions import NotFound

from ...access import Role, may, me
from ...actions import updates as actions
from ...kernel import outbox
from ...kernel.database import db
from ...kernel.outbox import OutboxMessage
from ...records.incidents import Incident
from ...records.updates import Update
from ...reports import deliveries as log
from ...reports import public_tellings, tellings
from ...reports.deliveries import Told
from ..incident_pages import load, load_to_act
from .asking import page
from .blueprint import bp

_MOST, _MOST_UPDATES = 500, 100
_LARGEST = 2**31 - 1  # of a whole number in PostgreSQL
_AGAIN = (outbox.FAILED, outbox.SKIPPED, outbox.HELD)


@dataclass
class Telling:
    """One thing that was told, by whatever channels, with everybody it was meant for."""

    subject: str
    messages: list[Told]


@bp.get("/deliveries")
@may(Role.VIEWER)
def deliveries(ref: str) -> ResponseReturnValue:
    """Message by message, the newest first; ``?update`` shows those of one update."""
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
    begun = outbox.retry_all(
        OutboxMessage.incident_id == incident.id,
        outbox.is_for_the_team(),
        OutboxMessage.state.in_((outbox.FAILED, outbox.SKIPPED)),
    )
    way_back = redirect(f"/console/incidents/{incident.ref}/deliveries", 303)
    db.session.commit()
    flash(f"{begun} {'message goes' if begun == 1 else 'messages go'} out at the next turn of the clock")
    return way_back


def _facts(incident: Incident) -> dict[str, Any]:
    choices = _updates(incident)
    chosen = request.args.get("update", "")
    chosen = chosen if chosen in choices else ""
    wanted = select(OutboxMessage).where(OutboxMessage.incident_id == incident.id, outbox.is_for_the_team())
    if chosen:
        event = choices[chosen][0]
        wanted = wanted.where(or_(OutboxMessage.event == event, OutboxMessage.event.startswith(f"{event}/")))
    messages = list(db.session.scalars(wanted.order_by(OutboxMessage.id.desc()).limit(_MOST)))
    return {
        "tellings": _tellings(messages),
        "public": public_tellings.of_incident(incident.id) if not chosen else [],
        "may_look": me().may(Role.RESPONDER),
        "updates": [("", "Everything"), *((number, words) for number, (_event, words) in choices.items())],
        "update": chosen,
        "channel_words": log.CHANNELS,
        "paused": outbox.paused(),
        "may_retry": me().may(Role.ADMIN),
        "again": _AGAIN,
        "undone": sum(message.state in (outbox.FAILED, outbox.SKIPPED) for message in messages),
        "can_leave": tellings.can_leave(),
        "most": _MOST if len(messages) == _MOST else None,
    }


def _updates(incident: Incident) -> dict[str, tuple[str, str]]:
    """Number → what the outbox knows the update by, and what a list calls it; the newest first."""
    wanted = select(Update).where(Update.incident_id == incident.id).order_by(Update.id.desc()).limit(_MOST_UPDATES)
    return {
        str(update.id): (actions.event_of(update), f"Update: {textwrap.shorten(update.body, 60, placeholder='…')}")
        for update in db.session.scalars(wanted)
    }


def _tellings(messages: list[OutboxMessage]) -> list[Telling]:
    """The messages by what caused them; within one cause by whom they are for."""
    found: dict[str, Telling] = {}
    for told in log.told(messages):
        message = told.message
        # what goes to one of a person's further addresses has the person's number behind its event
        cause = message.event.removesuffix(f"/{message.person_id}")
        found.setdefault(cause, Telling(told.what, [])).messages.append(told)
    for telling in found.values():
        telling.messages.sort(key=lambda told: (told.who.casefold(), told.message.id))
    return list(found.values())
