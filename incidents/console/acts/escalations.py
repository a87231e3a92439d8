"""Calling in the next level by hand."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions import matrix, telling, watch
from ...policy.escalation import TRIGGER_LABELS
from ...records.incidents import Incident
from ...records.people import Person
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import sent_before

_REASONS = [{"value": trigger.value, "text": label} for trigger, label in TRIGGER_LABELS.items()]


@bp.route("/escalations", methods=FORM)
@may(Role.RESPONDER)
def escalations(ref: str) -> ResponseReturnValue:
    """Five reasons, a note, and the names of who will be told."""
    return answer(ref, "escalations", facts=_facts, act=_escalate)


def _escalate(incident: Incident) -> str | None:
    reason, note = text("reason"), text("note")
    if sent_before(incident, "escalated", body=note, detail={"reason": reason}):
        return None
    told = actions.escalate(incident, by=actor(), reason=reason, note=note)
    if not told:
        return "Nobody could be told. Call somebody yourself"
    return f"Called in: {', '.join(person.name for person in told)}"


def _facts(incident: Incident) -> dict[str, Any]:
    label, people = _next(incident)
    return {"values": {"reason": "", "note": ""}, "reasons": _REASONS, "level": label, "people": people}


def _next(incident: Incident) -> tuple[str, list[Person]]:
    """The next level that reaches anybody, as ``actions.escalate`` will choose it; after the last, all of them."""
    levels = matrix.levels_of(incident)
    told = watch.struck_for(incident).levels
    for place, level in enumerate(levels, start=1):
        people = telling.people_meant(incident, level.tell)
        if level.key not in told and people:
            return level.label or f"Level {place}", people
    return "", telling.people_meant(incident, [word for level in levels for word in level.tell])
