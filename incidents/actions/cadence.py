"""The update promise: arming it, snoozing its reminder, agreeing a slower one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy import cadence as rules
from ..policy.severity import Severity
from ..published import publishing
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.updates import Update
from . import journal, matrix, reach, roles, watch


def arm(incident: Incident) -> None:
    """Start the promise where an update is owed and none is promised yet: entering triage, or a raised severity."""
    cadence = cadence_of(incident)
    if cadence is not None and incident.next_update_due_at is None and incident.is_open:
        promise(incident, rules.next_due(clock.now(), cadence))


def promise(incident: Incident, due_at: datetime | None) -> None:
    """Owe the next update at ``due_at`` (a whole minute), or none; the reminder starts anew for that minute."""
    if due_at == incident.next_update_due_at:
        return
    reach.stop_reminders(incident)
    incident.next_update_due_at = due_at
    incident.due_armed_at = clock.now() if due_at is not None else None
    incident.rang_at = None
    incident.snoozed_until = None


def cadence_of(incident: Incident) -> timedelta | None:
    """How often an update is owed now: the severity's, or the slower one that was agreed; None where none is."""
    return rules.effective_cadence(matrix.rule_of(incident).cadence, agreed_of(incident))


def after_severity(incident: Incident, before: Severity, after: Severity) -> datetime | None:
    """The due time once the severity has changed; one that only the cadence armed ends where none is owed."""
    due_at, cadence = incident.next_update_due_at, matrix.rule_of(incident, after).cadence
    if due_at is None and not after.is_worse_than(before):
        return None
    if cadence is None and not _is_given(incident, before):
        return None
    return rules.rebase(due_at, cadence=cadence, now=clock.now())


def _is_given(incident: Incident, severity: Severity) -> bool:
    """Whether the latest update promised this due time by itself, and the cadence did not set it."""
    due_at, told_at = incident.next_update_due_at, incident.last_update_at
    if due_at is None or told_at is None:
        return False
    length = rules.effective_cadence(matrix.rule_of(incident, severity).cadence, agreed_of(incident))
    if length is not None and due_at == rules.next_due(told_at, length):
        return False
    given = select(Update.id).where(Update.incident_id == incident.id, Update.next_update_at == due_at)
    return db.session.scalar(given.limit(1)) is not None


def agreed_of(incident: Incident) -> timedelta | None:
    """The slower cadence that the commander agreed, if any."""
    return None if incident.agreed_cadence_minutes is None else timedelta(minutes=incident.agreed_cadence_minutes)


def snooze(incident: Incident, *, by: Actor, minutes: int, reason: str) -> None:
    """Hold the reminder back for 10 or 15 minutes; the promise stays where it is.

    Raises NotAllowed the third time in a row and beyond an hour late (``policy.cadence.snooze_refusal``).
    """
    now = clock.now()
    if minutes not in rules.SNOOZE_MINUTES:
        raise Malformed({"minutes": "A snooze is 10 or 15 min."})
    if not (reason or "").strip():
        raise Malformed({"reason": "Give a reason in one line."})
    refusal = rules.snooze_refusal(
        minutes,
        reason=reason,
        due_at=incident.next_update_due_at,
        now=now,
        snoozes_in_a_row=incident.snoozes_in_a_row,
    )
    if refusal:
        raise NotAllowed(refusal)
    reach.stop_reminders(incident)
    incident.snoozed_until = rules.snoozed_until(minutes, now)
    incident.snoozes_in_a_row += 1
    journal.write(
        incident,
        "snooze",
        by=by,
        body=journal.words(reason, field="reason", sentence="Give a reason in one line.", longest=500),
        detail={"minutes": minutes, "until": incident.snoozed_until.isoformat()},
    )
    watch.rearm(incident)


def agree_slower(incident: Incident, *, by: Actor, minutes: int, reason: str) -> None:
    """After two hours the commander may agree one update every ``minutes`` (at most 60); the promise follows."""
    commander = roles.holder(incident, roles.COMMANDER)
    refusal = rules.agreement_refusal(
        timedelta(minutes=minutes),
        cadence=matrix.rule_of(incident).cadence,
        started_at=incident.declared_at,
        now=clock.now(),
        by_commander=commander is not None and by.kind == "person" and by.id == commander.id,
        reason=reason or "",
    )
    if refusal or not incident.is_open:
        raise NotAllowed(refusal or f"{incident.ref} is over.")
    incident.agreed_cadence_minutes = minutes
    since = incident.last_update_at or clock.now()
    promise(incident, rules.next_due(since, timedelta(minutes=minutes)))
    publishing.move_promise(incident.id, incident.next_update_due_at)
    journal.write(incident, "cadence", by=by, body=reason.strip(), detail={"minutes": minutes})
    watch.rearm(incident)
