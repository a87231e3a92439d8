"""Calling in the next level by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions.looks import each_once
from ...policy.escalation import TRIGGER_LABELS
from ...records.incidents import Incident
from ...reports import tellings
from .. import ladder
from ..incident_pages import text
from ..ladder import Rung
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
    told = actions.escalate(incident, by=actor(), reason=reason, note=note, level=text("level") or None)
    names = ", ".join(person.name for person in told)
    if not told:
        return "Nobody could be told. Call somebody yourself"
    return (
        f"Called in: {names}" if tellings.can_leave() else f"{names} could not be told: no mail server. Call yourself"
    )


def _facts(incident: Incident) -> dict[str, Any]:
    rungs = ladder.rungs(incident)
    rung = _chosen(rungs)
    return {
        "values": {"reason": "", "note": "", "level": ""},
        "reasons": _REASONS,
        "rung": rung,
        "people": rung.meant if rung else each_once(person for each in rungs for person in each.meant),
        "silent": [each.title for each in rungs if not each.meant],
        "can_leave": tellings.can_leave(),
    }


def _chosen(rungs: Sequence[Rung]) -> Rung | None:
    """The level that the address names, else the next that reaches anybody, as ``actions.escalate`` will choose it."""
    wanted = request.form.get("level") or request.args.get("level")
    named = next((rung for rung in rungs if rung.level.key == wanted), None)
    return named or next((rung for rung in rungs if rung.meant and not rung.was_told), None)
