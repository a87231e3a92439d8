"""What one change of the page costs: reading, drawing, every format, gzip and the files, in CPU time of one process."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from sqlalchemy import insert, select

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.published.maintenances import Maintenance, MaintenanceSeries
from incidents.published.public_ids import fresh_public_id
from incidents.published.revision import bump
from statuspage.renewer import Renewer
from statuspage.views import EXTENSION
from tests.bench import page, scratch
from tests.bench.figures import Figure, Result
from tests.factories_maintenance import make_series
from tests.factories_published import PARTIAL, make_component, make_update

_ROUNDS = 15


def measure() -> Iterator[Result]:
    """An update on the open incident, with 20 and with 500 components; and what the prepared bytes weigh."""
    with _page() as renewer:
        yield Figure("A change, 20 components: CPU of the rebuild", _a_change(renewer), "ms", 15, "at most")
        components = [row.public_id for row in renewer.picture.records.components] if renewer.picture else []
        for number in range(10):
            begins = f"{clock.now():%Y-%m-%d}T{number:02d}:00"
            make_series(
                "FREQ=DAILY", zone="UTC", begins=begins, lasts=30, title=f"Daily {number}", components=components[:3]
            )
        yield Figure("… and ten series of daily maintenance", _a_change(renewer), "ms", 15, "at most")
        _let_them_run_for_a_quarter(components[:3])
        yield Figure("… that have run for three months", _a_change(renewer), "ms", 15, "at most")
        yield Figure("The same page, when only the minute moves", _a_minute(renewer), "ms", 10, "at most")
    with _page() as renewer:
        for number in range(480):
            make_component(f"Further component {number}")
        yield Figure("A change, 500 components: CPU of the rebuild", _a_change(renewer), "ms", 120, "at most")
    with tempfile.TemporaryDirectory() as name, scratch.application(Path(name)) as app:
        page._make_full_page()
        db.session.commit()
        page._add_history(Path(name), database="sevenbells.db")
        renewer = app.extensions[EXTENSION]
        yield Figure("A change, 10,000 past incidents: CPU of the rebuild", _a_change(renewer), "ms", 15, "at most")
        yield Figure("The prepared bytes, 10,000 past incidents", _weight(renewer), "MB", 20, "at most")


@contextmanager
def _page() -> Iterator[Renewer]:
    with tempfile.TemporaryDirectory() as name, scratch.application(Path(name)) as app:
        page._make_full_page()
        db.session.commit()
        yield app.extensions[EXTENSION]


def _a_change(renewer: Renewer) -> float:
    """Milliseconds of CPU, the median."""
    touched = [row.public_id for row in renewer.picture.records.components[:3]] if renewer.picture else []
    found = []
    for number in range(_ROUNDS + 1):
        make_update(
            1,
            status="identified",
            body=f"Attempt {number}. We are looking into it, and write again when we know more.",
            components=dict.fromkeys(touched, PARTIAL),
            next_update_at=clock.now() + timedelta(minutes=25),
        )
        db.session.commit()
        started = time.process_time()
        renewer.renew_now()
        found.append((time.process_time() - started) * 1000)
    return statistics.median(found[1:])


def _a_minute(renewer: Renewer) -> float:
    """Milliseconds of CPU when no record changed, the median."""
    found = []
    with mock.patch.object(clock, "now") as now:
        began = datetime.now(UTC)
        for number in range(1, _ROUNDS + 2):
            now.return_value = began + timedelta(minutes=number)
            started = time.process_time()
            renewer.renew_now()
            found.append((time.process_time() - started) * 1000)
    return statistics.median(found[1:])


def _let_them_run_for_a_quarter(components: list[str]) -> None:
    """The occurrences of the last 91 days, written straight into the table."""
    now, rows = clock.now(), []
    for series in db.session.scalars(select(MaintenanceSeries)):
        for day in range(1, 92):
            at = now.replace(hour=series.id % 24, minute=0, second=0, microsecond=0) - timedelta(days=day)
            ends_at, announced_at = at + timedelta(minutes=30), at - timedelta(days=10)
            rows.append(
                {
                    "public_id": fresh_public_id(),
                    "series_id": series.id,
                    "slot": f"{at:%Y-%m-%dT%H:%M}",
                    "title": series.title,
                    "body": "",
                    "body_html": "",
                    "components": components,
                    "starts_at": at,
                    "ends_at": ends_at,
                    "over_at": ends_at,
                    "ends_by_itself": True,
                    "verify_minutes": 0,
                    "notify": True,
                    "timed_at": announced_at,
                    "created_at": announced_at,
                    "updated_at": announced_at,
                }
            )
    db.session.execute(insert(Maintenance), rows)
    bump()
    db.session.commit()


def _weight(renewer: Renewer) -> float:
    """Megabytes of all bodies, plain and compressed."""
    variants = (variant for made in renewer.pages.values() for variant in (made.plain, made.gzipped))
    return sum(len(body) for variant in variants for body in variant.bodies) / 1e6
