"""The promise of the next update: snooze its reminder, agree a slower one; and who was told of what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .. import actions
from ..access import Role, actor, may
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..kernel.outbox import OutboxMessage
from ..policy.cadence import SNOOZE_MINUTES, SNOOZES_IN_A_ROW
from ..records.incidents import Incident
from . import standing
from .incident_pages import form_page, load, load_to_act, refused, text, to_room

bp = Blueprint("console_promising", __name__, url_prefix="/console/incidents/<ref>")

_SNOOZES = [(str(minutes), f"{minutes} min") for minutes in SNOOZE_MINUTES]
_SLOWER = [(str(minutes), f"Every {minutes} min") for minutes in (40, 45, 50, 60)]
_MOST = 200


@bp.get("/snoozes")
@may(Role.RESPONDER)
def ask_snooze(ref: str) -> ResponseReturnValue:
    """10 or 15 minutes, and why."""
    incident = load(ref)
    return form_page("console/snooze.html", incident, **_snooze_facts(incident))


@bp.post("/snoozes")
@may(Role.RESPONDER)
def snooze(ref: str) -> ResponseReturnValue:
    """Hold the reminder back; the promise stays."""
    incident = load_to_act(ref)
    try:
        actions.snooze(incident, by=actor(), minutes=_number(text("minutes")), reason=text("reason"))
    except Refusal as refusal:
        return refused("console/snooze.html", ref, refusal, **_snooze_facts(load(ref)))
    db.session.commit()
    flash("The reminder waits. The promise stays where it is")
    return to_room(incident)


@bp.get("/cadence")
@may(Role.RESPONDER)
def ask_cadence(ref: str) -> ResponseReturnValue:
    """A slower one, which the commander may agree after two hours."""
    incident = load(ref)
    return form_page("console/cadence.html", incident, choices=_SLOWER, every=standing.agreed_minutes(incident))


@bp.post("/cadence")
@may(Role.RESPONDER)
def agree(ref: str) -> ResponseReturnValue:
    """Agree it; the promise follows."""
    incident = load_to_act(ref)
    try:
        actions.agree_slower(incident, by=actor(), minutes=_number(text("minutes")), reason=text("reason"))
    except Refusal as refusal:
        facts = {"choices": _SLOWER, "every": standing.agreed_minutes(load(ref))}
        return refused("console/cadence.html", ref, refusal, **facts)
    db.session.commit()
    return to_room(incident)


@bp.get("/deliveries")
@may(Role.VIEWER)
def deliveries(ref: str) -> ResponseReturnValue:
    """Who was told, when, and if not why."""
    incident = load(ref)
    messages = db.session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.incident_id == incident.id)
        .order_by(OutboxMessage.id.desc())
        .limit(_MOST)
    ).all()
    return form_page("console/deliveries.html", incident, messages=messages)


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0


def _snooze_facts(incident: Incident) -> dict[str, Any]:
    return {"choices": _SNOOZES, "left": max(0, SNOOZES_IN_A_ROW - incident.snoozes_in_a_row)}
