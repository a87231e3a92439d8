"""Announced work of the company: a database that moved, the weekly upgrades, and a certificate that is replaced now."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..actions import maintenance
from ..kernel import clock
from . import components as parts_of
from .components import Parts
from .course import Course, Scene
from .days import Days
from .people import ZONE, Cast

RUNS_FOR = 25  # minutes since the running one began
_HOUR = timedelta(hours=1)


def add_works(course: Course, days: Days, cast: Cast, parts: Parts) -> None:
    """Put all of it into the course."""
    course.add(days.ago(34, "11:00"), _weekly_upgrades(cast, parts, days.ago(33, "22:00")))
    course.add(days.ago(8, "10:10"), _database_moves(cast, parts, days.ago(3, "21:00")))
    course.add(days.ago(1, "15:20"), _certificate(cast, parts, days.minutes_ago(RUNS_FOR)))


def _weekly_upgrades(cast: Cast, parts: Parts, first: datetime) -> Scene:
    """Every week at 22:00, the next one in two days."""
    words = maintenance.words(
        title="Weekly upgrades",
        body="Billing System is read-only for up to 5 minutes. Invoices and payments made in that time are processed afterwards.",
        components=[parts[parts_of.BILLING]],
        checklist_url="https://handbook.example.com/weekly-upgrades",
        verify_minutes=15,
    )
    rule = (
        f"FREQ=WEEKLY;BYDAY={['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'][maintenance.local_time(first, ZONE).weekday()]}"
    )
    maintenance.plan_series(
        words,
        by=cast.jonas.as_actor(),
        rule=rule,
        zone=ZONE,
        local_start=maintenance.local_time(first, ZONE),
        lasts=1.5 * _HOUR,
    )
    yield from ()


def _database_moves(cast: Cast, parts: Parts, begins: datetime) -> Scene:
    """Was to be a day earlier, and took half an hour longer than planned."""
    jonas = cast.jonas.as_actor()
    words = maintenance.words(
        title="The database moves to larger machines",
        body="Nobody can sign in for the first 20 minutes. Monitored addresses are called all the time.",
        components=[parts[parts_of.WEB], parts[parts_of.API]],
    )
    early = begins - 24 * _HOUR
    work = maintenance.plan(words, by=jonas, starts_at=early, ends_at=early + _HOUR)
    yield 2 * 24 * 60
    maintenance.change(work, words, by=jonas, starts_at=begins, ends_at=begins + _HOUR)
    yield (begins - clock.now()) / timedelta(minutes=1) + 32
    maintenance.write(work, by=jonas, body="Signing in works again. The copying of old reports goes on.")
    yield 20
    maintenance.extend(work, by=jonas, minutes=30)
    yield 21
    maintenance.verify(work, by=jonas, body="Everything has moved. We are comparing both sides.")
    yield 12
    maintenance.finish(work, by=jonas, body="The database runs on the larger machines. Reports open twice as fast.")


def _certificate(cast: Cast, parts: Parts, begins: datetime) -> Scene:
    """Planned yesterday, in progress now."""
    words = maintenance.words(
        title="New certificate for e-mail delivery",
        body="E-mails wait for up to an hour and are sent afterwards. Nothing is lost.",
        components=[parts[parts_of.EMAIL]],
        checklist_url="https://handbook.example.com/certificates",
    )
    maintenance.plan(words, by=cast.daniel.as_actor(), starts_at=begins, ends_at=begins + 2 * _HOUR)
    yield from ()
