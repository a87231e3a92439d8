"""The seventh step as a plain text, or a reason why none is needed."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...records.incidents import Incident
from ...records.postmortems import find_postmortem, sections_of
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight


@bp.route("/postmortem", methods=FORM)
@may(Role.RESPONDER)
def postmortem(ref: str) -> ResponseReturnValue:
    """Write what was learnt; with ``act=waive`` say why nothing is. Either closes the incident."""
    return answer(ref, "postmortem", facts=_facts, act=_act)


def _act(incident: Incident) -> str | None:
    if text("act") == "waive":
        return _waive(incident, text("reason"))
    body = text("body")
    if body and body == _written(incident):
        return None
    insist_on_sight(
        incident,
        _seen(incident),
        "Somebody wrote it meanwhile. Both texts are below.",
        body=_written(incident) or "",
    )
    actions.write_postmortem(incident, by=actor(), body=body)
    return f"Kept. {incident.ref} is closed"


def _waive(incident: Incident, reason: str) -> str | None:
    if reason and reason == incident.postmortem_waived_reason:
        return None
    insist_on_sight(
        incident,
        _seen(incident),
        "Somebody wrote it meanwhile. Look at it first.",
        body=_written(incident) or "",
    )
    actions.waive_postmortem(incident, by=actor(), reason=reason)
    return f"{incident.ref} is closed without a post-mortem"


def _facts(incident: Incident) -> dict[str, Any]:
    return {"values": {"body": _written(incident) or "", "reason": ""}, "seen": _seen(incident)}


def _seen(incident: Incident) -> str:
    return fingerprint(_written(incident), incident.postmortem_waived_reason)


def _written(incident: Incident) -> str | None:
    begun = find_postmortem(incident.id)
    return sections_of(begun)["summary"].written if begun else None
