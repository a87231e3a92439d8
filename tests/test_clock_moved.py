"""Clocks whose wall clock is moved or wrong: with real incidents, at the level of the clock process's own tick."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.jobs import ticker
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.incidents import Bell
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident


@pytest.fixture
def alice(app: Flask) -> Person:
    return a_person("Alice")


@pytest.fixture
def overdue(alice: Person) -> None:
    """A P2 that Alice has, and whose update falls due in half an hour."""
    incident = an_incident(by=alice, severity="P2")
    actions.acknowledge(incident, by=alice.as_actor())
    db.session.commit()


@pytest.fixture
def ticking(app: Flask) -> ticker.Clock:
    return ticker.Clock(app, "clock-1", [])


def letters() -> list[str]:
    """The events of all letters so far, in order."""
    events = list(db.session.scalars(select(OutboxMessage.event).order_by(OutboxMessage.id)))
    db.session.rollback()  # the tick has transactions of its own
    return events


def minutes_with_a_letter(ticking: ticker.Clock, clock: WoundClock, minutes: int) -> list[int]:
    """Let so many minutes pass with a tick in each; in which of them something was told."""
    told = []
    for minute in range(1, minutes + 1):
        clock.forward(minutes=1)
        before = len(letters())
        ticking.tick()
        if len(letters()) > before:
            told.append(minute)
    return told


def test_an_hour_back_repeats_nothing_and_leaves_no_gap_while_an_update_is_overdue(
    overdue: None, ticking: ticker.Clock, clock: WoundClock
) -> None:
    before = minutes_with_a_letter(ticking, clock, 45)
    assert before[-1] > 30, "it is overdue"

    clock.back(hours=1)
    ticking.tick()
    after = [45 + minute for minute in minutes_with_a_letter(ticking, clock, 50)]

    told = [minute for minute in (*before, *after) if minute >= 30]
    gaps = [later - earlier for earlier, later in pairwise(told)]
    assert after
    assert max(gaps) <= 11
    assert 95 - told[-1] <= 11
    assert max(Counter(letters()).values()) == 1


def test_two_hours_forward_are_one_letter_to_a_person(overdue: None, ticking: ticker.Clock, clock: WoundClock) -> None:
    minutes_with_a_letter(ticking, clock, 5)
    before = len(letters())

    clock.forward(hours=2)
    ticking.tick()
    ticking.tick()

    destinations = Counter(
        db.session.scalars(select(OutboxMessage.destination).order_by(OutboxMessage.id).offset(before))
    )
    assert destinations["alice@example.com"] == 1
    assert max(destinations.values()) == 1


def test_two_clocks_that_differ_by_half_a_minute_take_each_step_once(
    app: Flask, overdue: None, ticking: ticker.Clock, clock: WoundClock
) -> None:
    other = ticker.Clock(app, "clock-2", [])
    for _ in range(70):
        clock.forward(minutes=1)
        ticking.tick()
        clock.back(seconds=30)
        other.tick()
        clock.forward(seconds=30)

    rung = list(db.session.scalars(select(Bell.key).order_by(Bell.id)))
    alone = [key for key in rung if key.startswith("update/")]
    assert len(alone) >= 5
    assert len(set(rung)) == len(rung)
    assert max(Counter(letters()).values()) == 1
    at = list(db.session.scalars(select(Bell.at).where(Bell.key.like("update/%")).order_by(Bell.at)))
    assert min(later - earlier for earlier, later in pairwise(at)) >= timedelta(minutes=4)
