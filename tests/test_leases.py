"""Leases: one holder at a time by everybody's own monotonic clock, and a late holder changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Interval, literal, update

from incidents.kernel import leases
from incidents.kernel.database import db
from incidents.kernel.leases import Held, Lease, LeaseLost
from tests.conftest import WoundClock

NOON = 1_000.0


def lasts() -> float:
    """Seconds; less where others may take over."""
    return leases.span().total_seconds()


class Monotonic:
    """The clock that no operator can move, moved by a test."""

    def __init__(self) -> None:
        self.seconds = NOON

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Monotonic]:
    fake = Monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(leases, "time", SimpleNamespace(monotonic=fake))
        yield fake


def take(holder: str) -> Held:
    held = leases.take("chores", holder=holder)
    assert held is not None
    return held


def let_pass(clock: WoundClock, seconds: Monotonic, span: float) -> None:
    """Time passes for everybody: by our clock on SQLite, and by the server's, which a test cannot wind."""
    clock.forward(seconds=span)
    seconds.seconds += span
    if db.engine.dialect.name == "postgresql":
        earlier = Lease.expires_at - literal(timedelta(seconds=span), Interval())
        db.session.execute(update(Lease).values(expires_at=earlier))
        db.session.commit()


def test_of_two_who_ask_one_gets_it(app: Flask) -> None:
    first = leases.take("chores", holder="a")
    second = leases.take("chores", holder="b")

    assert first is not None
    assert second is None


def test_who_asks_twice_does_not_get_a_second_one(app: Flask) -> None:
    take("a")

    assert leases.take("chores", holder="a") is None


def test_two_never_hold_it_at_once_by_their_own_clocks(app: Flask, clock: WoundClock, seconds: Monotonic) -> None:
    first = take("a")
    while (second := leases.take("chores", holder="b")) is None:
        let_pass(clock, seconds, lasts() / 8)  # far more than the server's clock, which goes on, may be ahead of ours

    assert not first.is_ours
    assert second.is_ours
    assert second.term == first.term + 1


def test_the_deadline_counts_from_before_the_database_was_asked(
    app: Flask, seconds: Monotonic, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = db.engine.begin

    def slow(*args: object) -> object:
        seconds.seconds += 9  # the server took nine seconds to answer
        return real()

    monkeypatch.setattr(type(db.engine), "begin", slow)

    assert take("a").ends == NOON + lasts()


def test_a_holder_that_renews_keeps_it_under_the_same_term(app: Flask, clock: WoundClock, seconds: Monotonic) -> None:
    held: Held | None = take("a")
    for _ in range(6):
        let_pass(clock, seconds, lasts() / 3)
        assert held is not None
        held = leases.renew(held)

    assert held is not None
    assert held.is_ours
    assert held.term == 1
    assert leases.take("chores", holder="b") is None


def test_a_holder_that_vanished_is_replaced_and_cannot_come_back_into_its_term(
    app: Flask, clock: WoundClock, seconds: Monotonic
) -> None:
    gone = take("a")
    let_pass(clock, seconds, lasts())

    assert leases.renew(gone) is None
    assert take("b").term == 2
    assert leases.renew(gone) is None
    leases.give_back(gone)
    assert leases.take("chores", holder="c") is None


def test_what_is_given_back_is_free_at_once_under_the_next_term(app: Flask) -> None:
    leases.give_back(take("a"))

    assert take("b").term == 2


def test_a_late_holder_writes_nothing_with_its_old_term(app: Flask, clock: WoundClock, seconds: Monotonic) -> None:
    late = take("a")
    leases.confirm(late)
    db.session.rollback()
    let_pass(clock, seconds, lasts())
    take("b")
    seconds.seconds = NOON  # a machine that slept believes that no time has passed

    with pytest.raises(LeaseLost):
        leases.confirm(late)


def test_a_holder_whose_deadline_has_passed_does_not_act_even_if_nobody_came(app: Flask, seconds: Monotonic) -> None:
    held = take("a")
    seconds.seconds += lasts()

    with pytest.raises(LeaseLost):
        leases.confirm(held)


def test_a_machine_whose_wall_clock_is_wrong_takes_nobodys_lease(app: Flask, clock: WoundClock) -> None:
    take("a")
    clock.forward(hours=2)

    # a file is used by one machine, whose clock then moved for both
    assert (leases.take("chores", holder="b") is None) == (db.engine.dialect.name == "postgresql")


def test_a_lease_that_nobody_took_up_is_named(app: Flask, clock: WoundClock, seconds: Monotonic) -> None:
    take("a")
    let_pass(clock, seconds, lasts() + 55)
    assert leases.forsaken(timedelta(minutes=1)) == []
    let_pass(clock, seconds, 6)
    assert leases.forsaken(timedelta(minutes=1)) == ["chores"]
    db.session.rollback()

    leases.give_back(take("b"))
    let_pass(clock, seconds, 120)
    assert leases.forsaken(timedelta(minutes=1)) == []
