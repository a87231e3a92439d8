"""The console's heavy screens and the draft: server time and compressed size, with much too much in them."""

from __future__ import annotations

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.reports import postmortem
from tests.bench import scratch
from tests.bench.figures import Figure, Result
from tests.factories import an_incident
from tests.factories_people import PASSWORD, make_person

_ROUNDS = 9


def measure() -> Iterator[Result]:
    """Medians over rounds, in the process itself: no network, no front door."""
    with tempfile.TemporaryDirectory() as folder, scratch.application(Path(folder)) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        maya = make_person(role="admin")
        client = app.test_client()
        email = maya.email
        db.session.remove()  # a request cannot write while this side holds a transaction open
        Context().run(client.post, "/login", data={"email": email, "password": PASSWORD})
        maya = db.session.scalars(select(Person)).one()
        room = an_incident(by=maya, title="A long night")
        room_id, ref = room.id, room.ref
        for number in range(199):
            an_incident(by=maya, title=f"Trouble {number}", severity=f"P{number % 4 + 1}")
        yield from _screen(client, "now with 200 open incidents", "/console/")
        _fill_timeline(room_id, 1000)
        yield from _screen(client, "room with a timeline of 1,000 entries", f"/console/incidents/{ref}")
        _fill_timeline(room_id, 1000)
        draft = [_seconds(lambda: postmortem.draft(db.session.get_one(Incident, room_id))) for _ in range(_ROUNDS)]
        yield Figure(
            "draft of an incident with 2,000 timeline entries", statistics.median(draft) * 1000, "ms", 300, "at most"
        )
        _fill_incidents(room_id, 9800)
        yield from _screen(client, "list with 10,000 incidents", "/console/incidents?days=all&state=over")
        yield from _screen(client, "search over 10,000 incidents", "/console/search?q=trouble")


def _screen(client: FlaskClient, name: str, address: str) -> Iterator[Result]:
    db.session.remove()
    body = _apart(client, address)
    assert b"console.js" in body, "not signed in"
    taken = [_seconds(lambda: _apart(client, address)) for _ in range(_ROUNDS)]
    yield Figure(f"{name}: server time", statistics.median(taken) * 1000, "ms", 100, "at most")
    yield Figure(f"{name}: compressed", len(gzip.compress(body, 6)) / 1000, "kB", 60, "at most")


def _apart(client: FlaskClient, address: str) -> bytes:
    """A request that sees nothing of the application context around us."""
    return bytes(Context().run(client.get, address).data)


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _fill_timeline(incident_id: int, count: int) -> None:
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "incident_id": incident_id,
            "at": now + timedelta(seconds=number),
            "recorded_at": now,
            "kind": "note" if number % 3 else "decision",
            "by_kind": "person",
            "by_id": 1,
            "by_name": "Maya",
            "body": f"Worker {number} of the queue answers after {number * 7919 % 997} ms, and {number * 31 % 89} wait.",
            "detail": {},
            "is_public": False,
        }
        for number in range(count)
    ]
    db.session.execute(insert(TimelineEntry), rows)
    db.session.commit()


def _fill_incidents(like_id: int, count: int) -> None:
    """Copies of one that are over, a minute apart, into the past."""
    columns = [column for column in Incident.__table__.columns if column.name != "id"]
    row = db.session.execute(select(*columns).where(Incident.id == like_id)).mappings().one()
    now = clock.now()
    over = {"outcome": "resolved", "step": "resolution", "next_update_due_at": None, "attention_at": None}
    copies = [
        {
            **row,
            **over,
            "title": f"Trouble of day {number}",
            "detected_at": now - timedelta(minutes=60 * number),
            "resolved_at": now - timedelta(minutes=60 * number - 30),
            "closed_at": now,
        }
        for number in range(1, count + 1)
    ]
    db.session.execute(insert(Incident), copies)
    db.session.execute(update(Incident).where(Incident.id == like_id).values(title="A long night"))
    db.session.commit()
