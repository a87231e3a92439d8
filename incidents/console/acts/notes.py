"""Notes and decisions: internal lines that are no updates and reset no clock."""

from __future__ import annotations

from typing import Any, Literal

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...records.incidents import Incident
from ..incident_pages import text, time_of
from .asking import answer
from .blueprint import FORM, bp
from .repeats import sent_before


@bp.route("/notes", methods=FORM)
@may(Role.RESPONDER)
def notes(ref: str) -> ResponseReturnValue:
    """A line with, if wanted, the time it is about and a link; the room's quick form posts here too."""
    return answer(ref, "notes", facts=_facts, act=_write)


def _write(incident: Incident) -> str | None:
    kind: Literal["note", "decision"] = "decision" if text("kind") == "decision" else "note"
    if sent_before(incident, kind, body=text("body")):
        return None
    actions.add_note(incident, by=actor(), body=text("body"), kind=kind, at=time_of("at"), link=text("link"))
    return None


def _facts(incident: Incident) -> dict[str, Any]:
    return {"values": {"kind": "note", "body": "", "at": "", "link": ""}}
