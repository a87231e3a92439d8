"""Answering: acknowledge, take that back, escalate by hand, change the severity."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy.escalation import Trigger
from ..policy.lifecycle import Step
from ..policy.severity import Severity
from ..published import publishing
from ..records.actors import Actor
from ..records.incidents import Incident
from ..records.people import Person, Role
from ..records.timeline import TimelineEntry
from . import cadence, journal, matrix, reach, roles, strike, targets, watch


def acknowledge(incident: Incident, *, by: Actor) -> TimelineEntry | None:
    """Take the incident: the escalation stops where it stands, and detection becomes triage.

    The first person to do so becomes commander where there is none. A second acknowledgement adds a person and
    changes no deadline; the same one twice writes nothing (None). Raises NotAllowed once it is over.
    """
    _must_be_open(incident)
    if _has_acknowledged(incident, by):
        return None
    is_first = not incident.is_acknowledged
    _stop_pages(incident, by, is_first=is_first)
    if is_first:
        now = clock.now()
        incident.acknowledgement_at, incident.acknowledgement_by = now, _name_of(by)
        incident.acknowledged_at = incident.acknowledged_at or now
        targets.meet(incident, "respond", at=now)
    entry = journal.write(
        incident,
        "acknowledged",
        by=by,
        detail={
            "also": not is_first,
            "after_seconds": (clock.now() - _counting_from(incident)) // timedelta(seconds=1),
            "within_seconds": matrix.rule_of(incident).respond_within // timedelta(seconds=1),
        },
    )
    if is_first:
        _become_commander(incident, by)
        if Step(incident.step) is Step.DETECTION:
            incident.step = Step.TRIAGE
            journal.write(
                incident, "step", by=by, detail={"before": Step.DETECTION, "after": Step.TRIAGE, "move": "forward"}
            )
        cadence.arm(incident)
    watch.rearm(incident)
    return entry


def take_back_acknowledgement(incident: Incident, *, by: Actor, reason: str | None = None) -> None:
    """Nobody has it after all, as if nobody ever had: a level that is due by now is told at once.

    Without an acknowledgement nothing happens.
    """
    _must_be_open(incident)
    if not incident.is_acknowledged:
        return
    if incident.acknowledgement_at is not None:
        reach.resume_pages(incident, since=incident.acknowledgement_at)
    incident.acknowledgement_at = incident.acknowledgement_by = incident.acknowledged_at = None
    targets.unmeet(incident, "respond")
    journal.write(incident, "acknowledgement_taken_back", by=by, body=(reason or "").strip())
    db.session.flush()
    strike.strike(incident, levels_wait=False)


def escalate(
    incident: Incident, *, by: Actor, reason: str, note: str | None = None, level: str | None = None
) -> list[Person]:
    """Call in the next level by hand, for one of five reasons; after the last, all of them. Answers who was told.

    ``level`` is the key of the one to call in instead, told before or not.
    """
    _must_be_open(incident)
    if level is not None and level not in {each.key for each in matrix.levels_of(incident)}:
        raise Malformed({"level": "Choose one of the levels of this incident."})
    try:
        trigger = Trigger(reason)
    except ValueError:
        raise Malformed({"reason": f"Choose one of {', '.join(Trigger)}."}) from None
    note = journal.optional_words(note, field="note", longest=1000) or ""
    journal.write(incident, "escalated", by=by, body=note, detail={"reason": trigger})
    why = f"{by.name} calls you in: {trigger.label.lower()}." + (f" {note}" if note else "")
    told = strike.tell_next_level(incident, why=why, key=level)
    watch.rearm(incident)
    return told


def change_severity(incident: Incident, *, to: str, by: Actor, reason: str | None = None) -> bool:
    """Judge the severity anew: deadlines move, and a level already due and not told is told at once.

    False when it was judged the same before (nothing is written). Nobody is told the same level twice; a breach
    stays one. A promise already given stays unless the new cadence asks for an earlier update.
    """
    severity = matrix.known_severity(to)
    if severity == incident.severity and incident.severity_is_judged:
        return False
    _must_be_open(incident)
    before, incident.severity, incident.severity_is_judged = incident.severity, severity, True
    targets.freeze(incident, counting_from=_counting_from(incident))
    journal.write(
        incident, "severity", by=by, body=(reason or "").strip(), detail={"before": before, "after": severity}
    )
    _rebase_promise(incident, Severity(before))
    incident.agreed_cadence_minutes = None if severity != before else incident.agreed_cadence_minutes
    db.session.flush()
    strike.strike(incident, levels_wait=False)
    return True


def _must_be_open(incident: Incident) -> None:
    if not incident.is_open:
        raise NotAllowed(f"{incident.ref} is over. Reopen it to go on.")


def _has_acknowledged(incident: Incident, by: Actor) -> bool:
    """Whether this actor took it, first or besides another, since the acknowledgement that holds now."""
    if incident.acknowledgement_at is None:
        return False
    taken = select(TimelineEntry.id).where(
        TimelineEntry.incident_id == incident.id,
        TimelineEntry.kind == "acknowledged",
        TimelineEntry.by_kind == by.kind,
        TimelineEntry.by_id == by.id,
        TimelineEntry.recorded_at >= incident.acknowledgement_at,
    )
    return db.session.scalar(taken.limit(1)) is not None


def _stop_pages(incident: Incident, by: Actor, *, is_first: bool) -> None:
    """Nobody else needs to come; who joins later needs no further call, while others may have been called in by hand."""
    if is_first:
        reach.stop_pages(incident)
    elif by.kind == "person" and by.id is not None:
        reach.stop_pages(incident, of=by.id)


def _name_of(by: Actor) -> str:
    return f"{by.kind}:{by.id}:{by.name}"


def _become_commander(incident: Incident, by: Actor) -> None:
    if by.kind != "person" or roles.holder(incident, roles.COMMANDER) is not None:
        return
    person = db.session.get(Person, by.id)
    if person is not None and person.may(Role.RESPONDER):
        roles.assign_role(incident, role=roles.COMMANDER, person=person, by=by)


def _counting_from(incident: Incident) -> datetime:
    """Targets count from detection, in a later cycle from the reopening."""
    return incident.detected_at if incident.cycle == 1 else incident.watch_started_at


def _rebase_promise(incident: Incident, before: Severity) -> None:
    due_at = incident.next_update_due_at
    cadence.promise(incident, cadence.after_severity(incident, before, Severity(incident.severity)))
    if incident.next_update_due_at != due_at:
        publishing.move_promise(incident.id, incident.next_update_due_at)
