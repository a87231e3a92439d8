"""Judging the severity anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ... import actions
from ...access import Role, actor, may
from ...actions import cadence, matrix, telling, watch
from ...kernel import clock
from ...policy import escalation
from ...policy.durations import duration
from ...policy.severity import Severity, SeverityRule
from ...records.incidents import Incident
from ..formats import short_words
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
    changed = actions.change_severity(incident, to=wanted, by=actor(), reason=text("reason"))
    return f"{incident.ref} is {incident.severity} now" if changed else None


def _facts(incident: Incident) -> dict[str, Any]:
    struck = watch.struck_for(incident)
    return {
        "values": {"severity": incident.severity, "reason": ""},
        "seen": _seen(incident),
        "severities": [_row(incident, each, struck) for each in Severity],
    }


def _row(incident: Incident, severity: Severity, struck: watch.Struck) -> dict[str, object]:
    rule = matrix.rule_of(incident, severity)
    owed = f". An update every {duration(rule.cadence)}" if rule.cadence else ""
    moves = _moves(incident, severity, rule, struck) if incident.is_open else ""
    return {
        "value": severity.value,
        "mark": sev(severity),
        "text": Markup('{}<br><span class="quiet sm">{}</span>').format(f"{rule.examples.rstrip('.')}{owed}", moves),
        "right": duration(rule.respond_within),
    }


def _moves(incident: Incident, severity: Severity, rule: SeverityRule, struck: watch.Struck) -> str:
    """What the choice moves, with clock times: deadlines, the next update, and who is told at once."""
    if severity == incident.severity:
        return "As it is now: nothing moves."
    since = incident.detected_at if incident.cycle == 1 else incident.watch_started_at
    said = []
    if not incident.is_acknowledged:
        said.append(f"Acknowledge by {short_words(rule.respond_by(since))}")
    resolve_by = rule.resolve_by(since)
    said.append(f"Resolve by {short_words(resolve_by)}" if resolve_by else "No target to resolve")
    due_at = _due_at(incident, severity)
    said.append(f"Next update by {short_words(due_at)}" if due_at else "No update is owed")
    names = _told_at_once(incident, severity, struck)
    return ". ".join([*said, f"Told at once: {', '.join(names)}" if names else "Nobody is told at once"]) + "."


def _due_at(incident: Incident, severity: Severity) -> datetime | None:
    """The promise afterwards, as ``actions.change_severity`` will set it."""
    return cadence.after_severity(incident, Severity(incident.severity), severity)


def _told_at_once(incident: Incident, severity: Severity, struck: watch.Struck) -> list[str]:
    levels = escalation.from_snapshot({severity: incident.rules["levels"][severity]})[severity]
    due = escalation.due_levels(
        levels,
        started_at=incident.watch_started_at,
        now=clock.now(),
        told=struck.levels,
        acknowledged=incident.is_acknowledged or incident.pages_nobody,
        resumed_at=incident.escalation_resumed_at,
        reaches_nobody=watch.unreachable(incident, levels, struck),
    )
    words = [word for level in due for word in level.tell]
    return [person.name for person in telling.people_meant(incident, words)]


def _seen(incident: Incident) -> str:
    return fingerprint(incident.severity)
