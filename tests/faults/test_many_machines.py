"""Four web machines and three clocks on one PostgreSQL: each reminder once, and a farewell that fails nobody."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from incidents.kernel.beats import ClockBeat
from incidents.kernel.database import db
from incidents.kernel.leases import Lease
from incidents.kernel.outbox import OutboxMessage
from incidents.records.incidents import Bell
from tests import crowds
from tests.faults.machines import Machine, site, wait_until

# The full size: REMINDERS=1000 pytest tests/faults/test_many_machines.py
REMINDERS = int(os.environ.get("REMINDERS", "200"))
WEBS, CLOCKS = 4, 3


class Readers:
    """People who open the page on every machine without a pause, and note whoever got no answer to what was asked."""

    def __init__(self, webs: list[Machine]) -> None:
        self.over, self.leaving = threading.Event(), threading.Event()
        self.answered = 0
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._read, args=(web,)) for web in webs]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _read(self, web: Machine) -> None:
        while not self.over.is_set():
            asked_before = not self.leaving.is_set()
            try:
                with urllib.request.urlopen(f"{web.address}/login", timeout=30) as answer:
                    answer.read()
                self.answered += 1
            except (urllib.error.URLError, OSError) as broken:
                if asked_before and not self.leaving.is_set():
                    self.failed.append(f"{web.port}: {broken}")
                refused = isinstance(getattr(broken, "reason", None), ConnectionRefusedError)
                if self.leaving.is_set() and not refused:
                    self.failed.append(f"{web.port}, while leaving: {broken}")
                if refused:
                    return
            self.over.wait(0.02)


def test_each_reminder_rings_once_on_many_machines_and_all_leave_in_time(
    tmp_path: Path, postgresql_server: str
) -> None:
    with site(tmp_path, postgresql_server) as (here, sink):
        with here.application():
            crowds.a_crowd(REMINDERS)
        webs = [here.start("web") for _ in range(WEBS)]
        for _ in range(CLOCKS):
            here.start("clock")
        here.wait_for_webs()
        with here.application(), Readers(webs) as readers:
            wait_until(lambda: counted(ClockBeat) == CLOCKS, within=60, what="every clock beats")
            wait_until(lambda: unsent() == 0, within=60, what="the letters of the declaration leave")
            db.session.rollback()
            already = counted(OutboxMessage)
            assert crowds.let_fall_due() == REMINDERS
            wait_until(lambda: counted(Bell, Bell.key.like("update/%")) >= REMINDERS, within=120, what="all are rung")
            wait_until(lambda: unsent() == 0, within=240, what="all letters leave")
            readers.leaving.set()
            seconds = here.stop()

            assert here.what_failed() == []
            assert seconds <= 30
            assert readers.answered > 0
            assert readers.failed == []
            assert counted(Bell, Bell.key.like("update/%")) == REMINDERS
            assert counted(OutboxMessage) - already == REMINDERS
            keys = set(db.session.scalars(select(OutboxMessage.key).where(OutboxMessage.state == "sent")))
            assert counted(OutboxMessage, OutboxMessage.state == "failed") == 0
            assert set(sink.keys) == keys
            assert sum(sink.keys.values()) == len(keys), "a letter came twice though nobody was killed"
            assert counted(ClockBeat) == 0
            assert counted(OutboxMessage, OutboxMessage.leased_by.is_not(None)) == 0
            assert db.session.scalars(select(Lease.holder)).all() == [""]


def counted(what: type[OutboxMessage | Bell | ClockBeat], *where: object) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(what).where(*where)) or 0  # type: ignore[arg-type]


def unsent() -> int:
    return counted(OutboxMessage, OutboxMessage.state == "waiting")
