"""Judging the severity anew."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from ... import actions
from ...access import Role, actor, may
from ...actions import matrix
from ...policy.durations import duration
from ...policy.severity import Severity, SeverityRule
from ...records.incidents import Incident
from ..icons import sev
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight


@bp.route("/severity", methods=FORM)
@may(Role.RESPONDER)
def severity(ref: str) -> ResponseReturnValue:
    """The four severities with what each demands of this incident."""
    return answer(ref, "severity", facts=_facts, act=_judge)


def _judge(incident: Incident) -> str | None:
    wanted = text("severity")
    if wanted != incident.severity:
        insist_on_sight(
            incident,
            _seen(incident),
            f"Somebody changed the severity to {incident.severity} meanwhile. Choose again.",
            severity=incident.severity,
        )
    actions.change_severity(incident, to=wanted, by=actor(), reason=text("reason"))
    return None


def _facts(incident: Incident) -> dict[str, Any]:
    return {
        "values": {"severity": incident.severity, "reason": ""},
        "seen": _seen(incident),
        "severities": [_row(each, matrix.rule_of(incident, each)) for each in Severity],
    }


def _row(severity: Severity, rule: SeverityRule) -> dict[str, object]:
    owed = f". An update every {duration(rule.cadence)}" if rule.cadence else ""
    return {
        "value": severity.value,
        "mark": sev(severity),
        "text": f"{rule.examples.rstrip('.')}{owed}",
        "right": duration(rule.respond_within),
    }


def _seen(incident: Incident) -> str:
    return fingerprint(incident.severity)
