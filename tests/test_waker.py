"""While nothing is committed the clock's threads sleep; what is committed anywhere wakes those whom it concerns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from incidents.jobs import waker
from incidents.jobs.lookout import Lookout
from incidents.jobs.waker import BELLS, NOTICES, Waker
from incidents.kernel import clock as time
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.glance import Glance
from tests.conftest import WoundClock

CHANNELS = ("email", "slack")


class Sleepers:
    """The waker, and whom it woke."""

    def __init__(self, app: Flask) -> None:
        self.woken: list[str] = []
        names = (BELLS, NOTICES, *CHANNELS)
        wakes = {name: partial(self.woken.append, name) for name in names}
        self.waker = Waker(app, threading.Event(), Lookout(CHANNELS, rest=600), wakes)

    def look(self) -> list[str]:
        """Who is woken by this look."""
        self.woken.clear()
        self.waker.look()
        return self.woken


@pytest.fixture
def sleepers(app: Flask, clock: WoundClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleepers]:
    monkeypatch.setattr(waker, "_wall_beside_time", lambda: time.now().timestamp())
    sleepers = Sleepers(app)
    yield sleepers
    sleepers.waker.lookout.close()


def _enqueue(channel: str) -> None:
    outbox.enqueue(event="e", channel=channel, destination="d", payload={})
    db.session.commit()


def test_while_nothing_is_committed_nothing_is_asked_and_nobody_is_woken(sleepers: Sleepers, asked: list[str]) -> None:
    _enqueue("email")
    assert sleepers.look() == ["email"]
    asked.clear()

    assert sleepers.look() == []
    assert asked == []


def test_what_is_committed_elsewhere_wakes_those_whom_it_concerns(sleepers: Sleepers) -> None:
    sleepers.look()
    _enqueue("slack")

    assert sleepers.look() == ["slack"]


def test_whoever_sleeps_until_a_moment_is_woken_when_the_wall_clock_is_moved(
    sleepers: Sleepers, clock: WoundClock
) -> None:
    sleepers.look()
    clock.forward(seconds=2)

    assert sleepers.look() == [BELLS, NOTICES, *CHANNELS]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_after_a_ring_it_looks_again_soon_until_what_was_written_is_seen(
    sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waker, "seconds_until_the_next", lambda every: every)
    look_and_rest = partial(sleepers.waker.look_and_rest, is_told=True)
    assert look_and_rest(is_rung=False) == 600
    assert look_and_rest(is_rung=True) == 1
    assert [look_and_rest(is_rung=False) for _look in range(3)] == [2, 4, 8]  # a slow disk has not taken it yet

    _enqueue("email")

    assert look_and_rest(is_rung=False) == 600
    assert sleepers.woken[-1] == "email"


def test_after_a_failure_it_looks_anew_whatever_was_seen_before(sleepers: Sleepers) -> None:
    sleepers.look()
    _enqueue("email")
    with pytest.raises(OperationalError):
        sleepers.waker.lookout._kept().scalar("SELECT nothing FROM nowhere")

    assert sleepers.look() == ["email"]


def test_a_commit_moves_the_mark_and_a_rollback_shows_nothing(app: Flask) -> None:
    glance = Glance(db.engine)
    before = glance.mark()
    assert glance.mark() == before

    _enqueue("email")

    assert glance.mark() != before
    glance.close()


def test_a_connection_that_ended_is_replaced_and_what_was_seen_on_it_counts_for_nothing(app: Flask) -> None:
    glance = Glance(db.engine)
    before = glance.mark()
    glance._connection.close()

    assert glance.mark() != before
    glance.close()
