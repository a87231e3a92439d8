"""How late a lone reminder's attempt begins: the real clock process, a real SMTP server, one due time after another."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import delete, select, update

from incidents import actions
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.incidents import Bell, Incident
from tests.bench import processes, scratch
from tests.bench.figures import Figure, Result, percentile
from tests.factories import a_person, an_incident
from tests.ports import free_port

_HOW_MANY = 60
_AHEAD = 1.2  # seconds: longer than the clock ever sleeps, as every real due time is known long before


class _Arrivals:
    """When each connection that carried a letter began to."""

    def __init__(self) -> None:
        self.at: list[datetime] = []

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.at.append(datetime.now(UTC))
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"


def measure() -> Iterator[Result]:
    """Milliseconds from the due instant to the first word of the letter at the mail server."""
    arrivals = _Arrivals()
    smtp = Controller(arrivals, hostname="127.0.0.1", port=free_port())
    smtp.start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "SECRET_KEY": "only for this benchmark, and nobody else",
            "SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
            "MAIL_FROM": "status@example.com",
            "LOG_LEVEL": "WARNING",
        }
        with (
            scratch.application(folder, **environ),
            processes.running([sys.executable, "-m", "tests.bench.tick"], environ=environ, log=folder / "clock.log"),
        ):
            late, struck = _ring(arrivals)
    smtp.stop()
    yield Figure("A lone reminder's lateness at p99", percentile(late, 0.99), "ms", 100, "at most")
    yield Figure("… at the median", percentile(late, 0.5), "ms", 20, "at most")
    yield Figure("… until the clock began to strike it, at the median", percentile(struck, 0.5), "ms", 5, "at most")


def _ring(arrivals: _Arrivals) -> tuple[list[float], list[float]]:
    """Milliseconds from each due instant to its letter, and to the moment by which it was struck."""
    person = a_person("Alice")
    incident = an_incident(by=person)
    incident_id = incident.id
    db.session.commit()
    # the letter of the declaration: the clock is awake, and an acknowledgement cannot call it off any more
    _wait_until(lambda: len(arrivals.at) >= 1)
    actions.acknowledge(incident, by=person.as_actor())
    db.session.commit()
    late, struck = [], []
    for number in range(_HOW_MANY):
        expected = len(arrivals.at) + 1
        due = clock.now() + timedelta(seconds=_AHEAD + number * 0.037 % 1)
        # the same minute may ring again only because nothing remembers that it did
        db.session.execute(delete(OutboxMessage))
        db.session.execute(delete(Bell).where(Bell.key.like("update/%")))
        db.session.execute(
            update(Incident)
            .where(Incident.id == incident_id)
            .values(
                next_update_due_at=due + timedelta(minutes=5),
                due_armed_at=due - timedelta(hours=1),
                rang_at=None,
                last_human_entry_at=due,
                attention_at=due,
            )
        )
        db.session.commit()
        _wait_until(lambda expected=expected: len(arrivals.at) >= expected)
        late.append((arrivals.at[expected - 1] - due).total_seconds() * 1000)
        struck_at = db.session.scalars(select(Bell.at).where(Bell.key.like("update/%"))).one()
        struck.append((struck_at - due).total_seconds() * 1000)
    return late, struck


def _wait_until(has_happened: Any) -> None:
    deadline = time.monotonic() + 20
    while not has_happened():
        if time.monotonic() > deadline:
            raise RuntimeError("the clock sent nothing for 20 seconds")
        time.sleep(0.001)
