"""The seventh step as a plain text, or a reason why none is needed."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...records.incidents import Incident
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
    if body and body == incident.postmortem_text:
        return None
    insist_on_sight(
        incident,
        _seen(incident),
        "Somebody wrote it meanwhile. Both texts are below.",
        body=incident.postmortem_text or "",
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
        body=incident.postmortem_text or "",
    )
    actions.waive_postmortem(incident, by=actor(), reason=reason)
    return f"{incident.ref} is closed without a post-mortem"


def _facts(incident: Incident) -> dict[str, Any]:
    return {"values": {"body": incident.postmortem_text or "", "reason": ""}, "seen": _seen(incident)}


def _seen(incident: Incident) -> str:
    return fingerprint(incident.postmortem_text, incident.postmortem_waived_reason)
