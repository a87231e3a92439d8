"""Taking an incident, and giving it back: one button each."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...actions import roles
from ...records.incidents import Incident
from .. import ladder
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight, sent_before


@bp.route("/acknowledgement", methods=FORM)
@may(Role.RESPONDER)
def acknowledgement(ref: str) -> ResponseReturnValue:
    """Take the incident; with ``take_back`` nobody has it after all."""
    return answer(ref, "acknowledgement", facts=_facts, act=_act)


def _act(incident: Incident) -> str | None:
    if text("take_back"):
        return _take_back(incident)
    if sent_before(incident, "acknowledged"):
        return None
    actions.acknowledge(incident, by=actor())
    return None


def _take_back(incident: Incident) -> str | None:
    if not incident.is_acknowledged:
        return None
    insist_on_sight(incident, _seen(incident), "Somebody else has acknowledged it meanwhile. Take that back too?")
    actions.take_back_acknowledgement(incident, by=actor(), reason=text("reason"))
    return "Taken back. The escalation goes on"


def _facts(incident: Incident) -> dict[str, Any]:
    rungs = ladder.rungs(incident)
    taken_by = incident.acknowledgement_by or ""
    return {
        "values": {"reason": ""},
        "seen": _seen(incident),
        "taken_by": taken_by.split(":", 2)[-1],
        "is_mine": taken_by.startswith(f"person:{me().id}:"),
        "has_commander": roles.holder(incident, roles.COMMANDER) is not None,
        "next_rung": next((rung for rung in rungs if not rung.was_told), None),
    }


def _seen(incident: Incident) -> str:
    return fingerprint(incident.acknowledgement_by, incident.acknowledgement_at)
