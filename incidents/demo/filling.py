"""Fills an empty database with the company and its week."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from ..access import passwords
from ..access.passwords import PasswordHash
from ..actions import audit
from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from . import components, exceptions, nuisances, on_call, outages, people, quarter, subscribers, today, works
from .components import Parts
from .course import Course, Scene, wound
from .days import Days
from .people import Cast

_FOUNDED = 120  # days ago: so that every bar of 90 days is coloured
_UNSENT = "The demo has no mail server, so nobody was told"

# days ago, at what time, what happened
_WEEK: tuple[tuple[int, str, Callable[[Cast, Parts], Scene]], ...] = (
    (7, "09:21", outages.provider_limits_us),
    (6, "14:05", nuisances.wrong_currency_sign),
    (6, "23:40", outages.database_refuses),
    (5, "10:33", nuisances.cold_cache),
    (5, "15:00", exceptions.drill),
    (4, "08:15", outages.upgrades_not_granted),
    (4, "08:41", exceptions.missing_confirmations),
    (3, "03:12", exceptions.load_test),
    (3, "11:02", exceptions.strange_sign_ins),
    (2, "09:47", nuisances.deployment_stuck),
    (2, "16:20", outages.bad_deployment),
    (1, "02:04", nuisances.prices_not_collected),
    (1, "13:31", outages.late_password_mail),
)


def fill() -> None:
    """Make people, page, past, week and today in the session's database, which holds nobody yet; commits."""
    password = passwords.rehash(people.PASSWORD)
    now = clock.now()
    days = Days(now)
    course = Course()
    with wound(course):
        course.moment = days.ago(_FOUNDED, "10:00")
        cast = people.hire(password)
        rotation = on_call.plan(cast, now=now)
        parts = components.open_page(cast.maya.as_actor())
        components.write_templates(cast.priya.as_actor())
        subscribers.add_subscribers(parts, founded=course.moment, now=now)
        audit.note("first steps put away", by=cast.helena.as_actor())  # as the console says it
        quarter.add_past(course, days, cast, parts)
        works.add_works(course, days, cast, parts)
        course.add(days.ago(30, "17:00"), _parting(cast, password))
        course.add(days.ago(5, "16:45"), on_call.plan_anew(cast, rotation))
        course.add(days.ago(1, "17:20"), on_call.cover(cast, rotation))
        course.add(days.ago(1, "17:45"), on_call.ask_around(cast, rotation))
        for days_ago, at, scene in _WEEK:
            course.add(days.ago(days_ago, at), scene(cast, parts))
        course.add(days.minutes_ago(today.LATE_LASTS), today.analyses_fail(cast, parts))
        course.add(days.minutes_ago(today.YOUNG_LASTS), today.payments_unanswered(cast, parts))
        course.play(until=now)
        subscribers.tell_the_past(course, now=now)
        course.moment = now
        on_call.announce(cast, rotation)
        _send_nothing()
    db.session.commit()


def _parting(cast: Cast, password: PasswordHash) -> Scene:
    people.part_with(cast, password)
    yield from ()


def _send_nothing() -> None:
    """No letter of the past was sent, and each says so; what comes later says it for itself."""
    waiting = db.session.scalars(
        select(OutboxMessage.event).where(OutboxMessage.state == outbox.WAITING).distinct()
    ).all()
    for start in range(0, len(waiting), 200):
        outbox.skip(*waiting[start : start + 200], reason=_UNSENT)
