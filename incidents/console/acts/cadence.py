"""Agreeing a slower cadence: the commander may, after two hours, with a reason; the promise follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may, me
from ...actions import cadence as cadence_actions
from ...actions import matrix, roles
from ...kernel import clock
from ...policy.cadence import SLOWEST_AGREED, agreement_refusal
from ...policy.durations import duration
from ...records.incidents import Incident
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight, number, sent_before

_OFFERED = (40, 45, 50, 60)  # minutes


@bp.route("/cadence", methods=FORM)
@may(Role.RESPONDER)
def cadence(ref: str) -> ResponseReturnValue:
    """How often an update is owed from now on; says when it is refused, and why."""
    return answer(ref, "cadence", facts=_facts, act=_agree)


def _agree(incident: Incident) -> str | None:
    minutes = number("minutes") or 0
    if sent_before(incident, "cadence", body=text("reason"), detail={"minutes": minutes}):
        return None
    if minutes != incident.agreed_cadence_minutes:
        insist_on_sight(incident, _seen(incident), "Somebody agreed another cadence meanwhile. Decide anew.")
    actions.agree_slower(incident, by=actor(), minutes=minutes, reason=text("reason"))
    return f"One update every {minutes} min is agreed"


def _facts(incident: Incident) -> dict[str, Any]:
    length = matrix.rule_of(incident).cadence
    now_owed = cadence_actions.cadence_of(incident)
    shortest = length or timedelta(0)
    choices = [(str(each), f"{each} min") for each in _OFFERED if shortest < timedelta(minutes=each)]
    return {
        "values": {
            "minutes": str(incident.agreed_cadence_minutes or (choices[-1][0] if choices else "")),
            "reason": "",
        },
        "seen": _seen(incident),
        "every": duration(now_owed) if now_owed else "",
        "choices": choices,
        "refusal": _refusal(incident, length),
    }


def _refusal(incident: Incident, length: timedelta | None) -> str | None:
    commander = roles.holder(incident, roles.COMMANDER)
    return agreement_refusal(
        SLOWEST_AGREED,
        cadence=length,
        started_at=incident.declared_at,
        now=clock.now(),
        by_commander=commander is not None and commander.id == me().id,
        reason="asked before one is given",
    )


def _seen(incident: Incident) -> str:
    return fingerprint(incident.agreed_cadence_minutes)
