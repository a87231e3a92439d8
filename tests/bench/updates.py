"""Posting an update through our action, beside the same rows written by SQLAlchemy Core alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import insert, update

from incidents import actions
from incidents.access.visibility import incident_or_404
from incidents.kernel import clock, text
from incidents.kernel.database import db
from incidents.published.incidents import PublishedIncident, PublishedUpdate
from incidents.published.revision import PageRevision
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update, new_public_id
from tests.bench import scratch
from tests.bench.figures import Figure, Result, interleaved
from tests.factories import a_component, a_person, an_incident

_BODY = "We are sending new analyses to another provider. **The queue is shrinking.**"
_A_ROUND = 20


def measure() -> Iterator[Result]:
    """Milliseconds an update; Markdown is rendered once before, and HTTP is not on the way."""
    with tempfile.TemporaryDirectory() as folder, scratch.application(Path(folder)):
        person = a_person("Alice")
        api = a_component("API")
        person_id = person.id
        db.session.commit()
        rendered = str(text.render_markdown(_BODY))
        ours, core = interleaved(
            lambda: _timed(_through_the_action, _fresh_incident(person_id, api), person_id),
            lambda: _timed(_through_core, _fresh_incident(person_id, api), rendered),
            rounds=9,
        )
        started = time.perf_counter()
        for _ in range(50):
            text.render_markdown(_BODY)
        markdown = (time.perf_counter() - started) / 50 * 1000
    yield Figure(
        "Posting an update, less its Markdown, beside Core alone (SQLite)", ours - markdown, "ms", 4, "at most", core
    )


def _fresh_incident(person_id: int, api: str) -> int:
    """A published P1 that was acknowledged, as it is when its second update is written."""
    person = db.session.get_one(Person, person_id)
    incident = an_incident(by=person)
    actions.acknowledge(incident, by=person.as_actor())
    actions.post_update(
        incident, by=person.as_actor(), body=_BODY, audience="public", components={api: "partial_outage"}
    )
    incident_id = incident.id
    db.session.commit()
    db.session.remove()
    return incident_id


def _timed(act: Callable[..., None], *given: object) -> float:
    started = time.perf_counter()
    for _ in range(_A_ROUND):
        act(*given)
    return (time.perf_counter() - started) / _A_ROUND * 1000


def _through_the_action(incident_id: int, person_id: int) -> None:
    person = db.session.get_one(Person, person_id)
    incident = incident_or_404(f"INC-{incident_id}", person, for_writing=True)
    actions.post_update(incident, by=person.as_actor(), body=_BODY, audience="public")
    db.session.commit()
    db.session.remove()


def _through_core(incident_id: int, rendered: str) -> None:
    now = clock.now()
    public_id = new_public_id()
    by = {"by_kind": "person", "by_id": 1, "by_name": "Alice"}
    with db.engine.begin() as connection:
        row = connection.execute(
            insert(Update).values(
                public_id=public_id,
                incident_id=incident_id,
                audience="public",
                state="published",
                body=_BODY,
                body_html=rendered,
                public_status="investigating",
                components={},
                notify=True,
                published_at=now,
                display_at=now,
                next_update_at=now,
                before={},
                created_at=now,
                version=1,
                **by,
            )
        )
        connection.execute(
            insert(TimelineEntry).values(
                incident_id=incident_id,
                at=now,
                recorded_at=now,
                kind="update",
                body=_BODY,
                detail={"audience": "public"},
                is_public=True,
                update_id=row.inserted_primary_key[0],  # type: ignore[index]
                **by,
            )
        )
        connection.execute(
            insert(PublishedUpdate).values(
                public_id=public_id,
                published_incident_id=incident_id,
                body=_BODY,
                body_html=rendered,
                public_status="investigating",
                components={},
                display_at=now,
                next_update_at=now,
                notify=True,
                created_at=now,
            )
        )
        connection.execute(
            update(PublishedIncident).where(PublishedIncident.incident_id == incident_id).values(updated_at=now)
        )
        connection.execute(update(Incident).where(Incident.id == incident_id).values(last_update_at=now))
        connection.execute(update(PageRevision).values(revision=PageRevision.revision + 1))
