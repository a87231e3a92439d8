"""Time and the post-mortem: its owner is told the day before, on the day, and each day late, until it is out or waived."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...messages import about_postmortems
from ...policy import zones
from ...policy.lifecycle import Outcome
from ...policy.postmortems import REMIND_AT, reminders_due
from ...published.page_settings import page_settings
from ...records.actors import CLOCK
from ...records.addresses import LOW
from ...records.incidents import Bell, Incident
from ...records.people import Person, Role, active_people
from ...reports.ways import Ways
from .. import journal, telling
from . import course

_AT_ONCE = 200
_PREFIX = "postmortem/"


def remind_owners() -> int:
    """Write what is due now; how many incidents were told of. Days missed while nobody looked are one letter.

    Each day leaves a bell whose key the table refuses twice, and the incident is locked meanwhile, so any number of
    clocks tell it once.
    """
    owing = db.session.scalars(
        select(Incident)
        .where(
            Incident.postmortem_due_at.is_not(None),
            Incident.closed_at.is_(None),
            Incident.outcome == Outcome.RESOLVED,
        )
        .order_by(Incident.postmortem_due_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_remind(incident) for incident in owing)


def _remind(incident: Incident) -> bool:
    assert incident.postmortem_due_at is not None
    owner = course.owner_of(incident)
    zone = owner.time_zone if owner is not None else ZoneInfo(page_settings().zone)
    now = clock.now()
    due = reminders_due(
        incident.postmortem_due_at, now=now, zone=zone, told=_days_told(incident), begun_at=incident.resolved_at
    )
    # what was missed overnight, or while nobody looked, waits for the morning too
    if not due or now.astimezone(zone).time() < REMIND_AT:
        return False
    for day in due:
        db.session.add(Bell(incident_id=incident.id, key=_key(incident.postmortem_due_at, day), at=now))
    people = telling.who_may_hear(incident, [owner] if owner is not None else active_people(Role.RESPONDER))
    _send(incident, people, due[-1], has_owner=owner is not None)
    journal.write(
        incident,
        "reminder" if people else "nobody_to_tell",
        by=CLOCK,
        detail={
            "postmortem": True,
            "day": zones.local_day(now, zone).isoformat(),
            "due_at": incident.postmortem_due_at.isoformat(),
            "people": [person.name for person in people],
            "person_ids": [person.id for person in people],
            "event": _event(incident, due[-1]),
        },
    )
    db.session.flush()
    return True


def _send(incident: Incident, people: list[Person], day: date, *, has_owner: bool) -> None:
    known = Ways(people)
    telling.send_all(
        [
            message
            for person in people
            for message in telling.addressed(
                about_postmortems.reminder(
                    incident,
                    day=zones.local_day(clock.now(), person.time_zone),
                    zone=person.time_zone,
                    base_url=telling.base_url(),
                    has_owner=has_owner,
                ),
                to=person,
                event=_event(incident, day),
                incident=incident,
                urgency=LOW,
                known=known,
            )
        ]
    )


def _days_told(incident: Incident) -> set[date]:
    """Of this due time: another one, after a reopening, begins anew."""
    assert incident.postmortem_due_at is not None
    prefix = _key(incident.postmortem_due_at, None)
    keys = db.session.scalars(select(Bell.key).where(Bell.incident_id == incident.id, Bell.key.startswith(prefix)))
    return {date.fromisoformat(key.removeprefix(prefix)) for key in keys}


def _key(due_at: datetime, day: date | None) -> str:
    return f"{_PREFIX}{due_at:%Y%m%dT%H%M}/{day.isoformat() if day else ''}"


def _event(incident: Incident, day: date) -> str:
    assert incident.postmortem_due_at is not None
    return f"bell/{incident.id}/{_key(incident.postmortem_due_at, day)}"
