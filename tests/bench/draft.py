"""Drafting the post-mortem of an incident whose timeline has 2,000 entries."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select

from incidents import actions
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.postmortem_writing import IN, OUT, PostmortemLine
from incidents.records.timeline import TimelineEntry
from incidents.reports import postmortem
from tests.bench import scratch
from tests.bench.figures import Figure, Result
from tests.factories import a_component, a_person, an_incident

ENTRIES, _ROUNDS = 2000, 15
# as a long night leaves them: mostly reminders and notes, and each kind that a draft tells of
_NIGHT = ("reminder", "note", "told", "decision", "event", "note", "reminder", "escalated")


def measure() -> Iterator[Result]:
    """Milliseconds a draft, its queries included; the slowest of the rounds, for a person waits for each.

    Half of the lines are chosen by hand, and a hundred say it in other words: that must not cost more.
    """
    with tempfile.TemporaryDirectory() as folder, scratch.application(Path(folder)):
        incident_id = a_long_night()
        choose_by_hand(incident_id)
        lengths = [_drafted(incident_id) for _ in range(_ROUNDS)]
    yield Figure(
        "Drafting a post-mortem of 2,000 entries, median (SQLite)", statistics.median(lengths), "ms", 300, "at most"
    )
    yield Figure("Drafting a post-mortem of 2,000 entries, slowest (SQLite)", max(lengths), "ms", 300, "at most")


def a_long_night(entries: int = ENTRIES) -> int:
    """A resolved P1 with that many entries besides those of its own course; its number, committed."""
    person = a_person("Alice")
    incident = an_incident(
        by=person, impact="Half of all payments fail.", components={a_component("Payments"): "major_outage"}
    )
    actions.acknowledge(incident, by=person.as_actor())
    actions.post_update(incident, by=person.as_actor(), body="We look into it.", audience="public")
    db.session.flush()
    db.session.execute(insert(TimelineEntry), [_entry(incident, person, number) for number in range(entries)])
    actions.resolve(incident, by=person.as_actor(), summary="Raised the limit.", reason="it was quick")
    db.session.commit()
    return incident.id


def choose_by_hand(incident_id: int) -> None:
    """A post-mortem that was begun, with every second line taken in or left out, and every twentieth reworded."""
    postmortem = actions.begin_postmortem(db.session.get_one(Incident, incident_id), by=COMMAND_LINE)
    ids = db.session.scalars(select(TimelineEntry.id).where(TimelineEntry.incident_id == incident_id)).all()
    rows = [
        {
            "postmortem_id": postmortem.id,
            "entry_id": entry_id,
            "place": IN if number % 4 else OUT,
            "words": f"In other words, line {number}" if number % 20 == 2 else None,
            "by_name": "Alice",
            "at": clock.now(),
        }
        for number, entry_id in enumerate(ids)
        if number % 2 == 0
    ]
    db.session.execute(insert(PostmortemLine), rows)
    db.session.commit()


def _entry(incident: Incident, person: Person, number: int) -> dict[str, object]:
    at = clock.now() + timedelta(seconds=number)
    return {
        "incident_id": incident.id,
        "at": at,
        "recorded_at": at,
        "kind": _NIGHT[number % len(_NIGHT)],
        "by_kind": "person",
        "by_id": person.id,
        "by_name": person.name,
        "body": f"Restarted worker {number} | the queue is shrinking, and the *second* region follows.",
        "detail": {"people": [person.name], "level": "On call", "reason": "customer"},
        "is_public": False,
    }


def _drafted(incident_id: int) -> float:
    db.session.remove()
    incident = db.session.get_one(Incident, incident_id)
    started = time.perf_counter()
    postmortem.draft(incident)
    return (time.perf_counter() - started) * 1000
