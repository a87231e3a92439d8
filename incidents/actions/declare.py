"""Declaring an incident: it exists, people are told at once, and nothing is public yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.lifecycle import Visibility
from ..policy.severity import Severity
from ..records.actors import Actor
from ..records.incidents import TITLE_LENGTH, Incident
from . import allowed, approval, journal, matrix, resolve, strike, targets, visibility
from . import components as incident_components


def declare(
    *,
    title: str,
    severity: str,
    by: Actor,
    visibility_wanted: str | None = None,
    impact: str | None = None,
    components: Mapping[str, str] | None = None,
    detected_at: datetime | None = None,
    detected_by: str | None = None,
    impact_started_at: datetime | None = None,
    resolved_at: datetime | None = None,
    is_drill: bool = False,
    is_security: bool = False,
    severity_is_judged: bool = True,
) -> Incident:
    """A new incident at its first step; the first level of the escalation policy is told in the same transaction.

    ``components`` maps component public ids to statuses; an empty mapping means "none affected", None "not said".
    ``is_security`` makes it restricted. With ``resolved_at`` it is declared as already over, and pages nobody.
    Raises Malformed naming every field that cannot be understood.
    """
    now = clock.now()
    problems: dict[str, str] = {}
    name = _title(title, problems)
    judged = _severity(severity, problems)
    seen = _visibility(visibility_wanted, is_security, problems)
    _check_times(problems, now, detected_at=detected_at, impact_started_at=impact_started_at, resolved_at=resolved_at)
    if resolved_at is not None and resolved_at < (detected_at or resolved_at):
        problems["resolved_at"] = "It cannot have been over before it was detected."
    if problems:
        raise Malformed(problems)
    known = None if components is None else allowed.known_components(components)
    incident = Incident(
        title=name,
        severity=judged,
        severity_is_judged=severity_is_judged,
        visibility=seen,
        is_drill=is_drill,
        is_security=is_security,
        impact=journal.optional_words(impact, field="impact", longest=2000),
        declared_at=now,
        declared_by_kind=by.kind,
        declared_by_id=by.id,
        declared_by_name=by.name,
        pages_nobody=resolved_at is not None,
        detected_at=detected_at or resolved_at or now,
        detected_by=journal.optional_words(detected_by, field="detected_by", longest=200) or by.name,
        impact_started_at=impact_started_at,
        rules=matrix.rules_now(),
        watch_started_at=now,
        last_human_entry_at=now,
        created_at=now,
    )
    db.session.add(incident)
    db.session.flush()
    journal.write(incident, "declared", by=by, detail={"severity": judged, "detected_by": incident.detected_by})
    if seen == Visibility.RESTRICTED:
        visibility.name_declarer(incident)
    if known is not None:
        incident_components.set_components(incident, known, by=by)
    targets.freeze(incident, counting_from=incident.detected_at)
    if resolved_at is not None:
        resolve.record_as_over(incident, by=by, at=resolved_at)
    strike.strike(incident)
    return incident


def rename(incident: Incident, *, title: str, by: Actor) -> None:
    """Another title, on the page too. Raises NotAllowed where a second pair of eyes reads what goes public."""
    from ..published import publishing
    from . import rewording

    problems: dict[str, str] = {}
    name = _title(title, problems)
    if problems:
        raise Malformed(problems)
    if name == incident.title:
        return
    approval.check_title(incident, by)
    before, incident.title = incident.title, name
    publishing.rename(incident.id, name)
    rewording.reword_what_waits(incident.id)
    journal.write(incident, "title", by=by, detail={"before": before, "after": name})


def describe_impact(incident: Incident, *, impact: str, by: Actor) -> None:
    """Say in words who is affected; internal."""
    text = journal.words(impact, field="impact", sentence="Say in words who is affected.", longest=2000)
    if text == incident.impact:
        return
    before, incident.impact = incident.impact, text
    journal.write(incident, "impact", by=by, body=text, detail={"before": before})


def correct_times(
    incident: Incident, *, by: Actor, detected_at: datetime | None = None, impact_started_at: datetime | None = None
) -> None:
    """Mend when it was detected or when the impact began. Frozen deadlines stay."""
    problems: dict[str, str] = {}
    _check_times(problems, clock.now(), detected_at=detected_at, impact_started_at=impact_started_at)
    if problems:
        raise Malformed(problems)
    changes = {"detected_at": detected_at, "impact_started_at": impact_started_at}
    for field, moment in changes.items():
        if moment is not None and getattr(incident, field) != moment:
            before: datetime | None = getattr(incident, field)
            setattr(incident, field, moment)
            journal.write(
                incident,
                "event",
                by=by,
                body=f"Corrected when it {'was detected' if field == 'detected_at' else 'began'}.",
                detail={"field": field, "before": before and before.isoformat(), "after": moment.isoformat()},
            )


def _title(title: str, problems: dict[str, str]) -> str:
    name = " ".join((title or "").replace("\x00", "").split())
    if not name:
        problems["title"] = "Say in a few words what is wrong."
    elif len(name) > TITLE_LENGTH:
        problems["title"] = f"Use at most {TITLE_LENGTH} characters. There are {len(name)} now."
    return name


def _severity(severity: str, problems: dict[str, str]) -> Severity:
    try:
        return matrix.known_severity(severity)
    except Malformed as wrong:
        problems.update(wrong.fields)
        return Severity.P4


def _visibility(wanted: str | None, is_security: bool, problems: dict[str, str]) -> str:
    if is_security:
        return Visibility.RESTRICTED
    if wanted is not None and wanted not in [*Visibility]:
        problems["visibility"] = "Choose public, internal or restricted."
    return wanted or Visibility.PUBLIC


def _check_times(problems: dict[str, str], now: datetime, **moments: datetime | None) -> None:
    for field, moment in moments.items():
        if moment is not None and moment > now:
            problems[field] = "This time is in the future."
        elif moment is not None and moment < now - journal.OLDEST:
            problems[field] = "This time is more than ten years ago."
