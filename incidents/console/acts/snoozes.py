"""Holding the reminder back for 10 or 15 minutes, with a reason; the promise stays where it is."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...kernel import clock
from ...policy.cadence import SNOOZE_MINUTES, SNOOZES_IN_A_ROW, snooze_refusal, snoozed_until
from ...records.incidents import Incident
from ..formats import clock_words
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import number, sent_before


@bp.route("/snoozes", methods=FORM)
@may(Role.RESPONDER)
def snoozes(ref: str) -> ResponseReturnValue:
    """10 or 15 minutes and why; says when it is refused, and why."""
    return answer(ref, "snoozes", facts=_facts, act=_snooze)


def _snooze(incident: Incident) -> str | None:
    minutes = number("minutes") or 0
    if sent_before(incident, "snooze", body=text("reason"), detail={"minutes": minutes}):
        return None
    actions.snooze(incident, by=actor(), minutes=minutes, reason=text("reason"))
    return f"The reminder comes at {clock_words(snoozed_until(minutes, clock.now()))}. The promise stays where it is"


def _facts(incident: Incident) -> dict[str, Any]:
    now = clock.now()
    return {
        "values": {"minutes": str(SNOOZE_MINUTES[0]), "reason": ""},
        "choices": [
            (str(each), f"{each} min, until {clock_words(snoozed_until(each, now))}") for each in SNOOZE_MINUTES
        ],
        "left": SNOOZES_IN_A_ROW - incident.snoozes_in_a_row,
        "refusal": snooze_refusal(
            SNOOZE_MINUTES[0],
            reason="asked before one is given",
            due_at=incident.next_update_due_at,
            now=now,
            snoozes_in_a_row=incident.snoozes_in_a_row,
        ),
    }
