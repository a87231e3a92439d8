"""Processes that share the database and not SECRET_KEY are named where somebody looks; a key that is being changed is not."""

from __future__ import annotations

from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient

from incidents.jobs import audit
from incidents.kernel import beats, signing
from incidents.kernel.database import db
from incidents.kernel.settings import Settings
from tests.acting import browser_of
from tests.conftest import WoundClock

OTHER = "another key that only the tests know, long too"
SAID = "web on beta and clock on beta sign with another SECRET_KEY than web on alpha"


def keyed(app: Flask, key: str | None = None, *, old: str | None = None) -> Settings:
    chosen: Settings = app.extensions["sevenbells.settings"]
    return replace(chosen, secret_key=key or chosen.secret_key, secret_key_old=old)


def at_work(clock: WoundClock, *signers: tuple[str, str, Settings], seconds: int = 90) -> None:
    """These processes write down their keys every 30 s for so long, and a clock beats."""
    for _ in range(seconds // 30 + 1):
        for program, machine, settings in signers:
            signing.note(program, machine, settings)
        clock.forward(seconds=30)
    beats.beat(worker="alpha-1-aa", pid=1, started_at=clock())


def found() -> list[str]:
    return [fault.sentence for fault in audit.audit()]


def test_machines_that_sign_with_different_keys_are_named_in_ready_and_above_the_console(
    app: Flask, clock: WoundClock
) -> None:
    ours, theirs = keyed(app), keyed(app, OTHER)
    browser, _person = browser_of(app)

    at_work(clock, ("web", "alpha", ours), ("clock", "alpha", ours), ("web", "beta", theirs), ("clock", "beta", theirs))

    assert found() == [SAID]
    ready = browser.get("/health/ready")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "warn")
    assert SAID in ready.get_json()["checks"]["audit:findings"][0]["output"]
    assert "sign with another SECRET_KEY than web on alpha." in browser.get("/console/").text
    kept = "".join(str(vars(row)) for row in db.session.query(signing.SigningMark))
    assert OTHER not in kept
    assert ours.secret_key not in kept


def test_a_key_that_is_being_changed_machine_by_machine_raises_no_alarm(app: Flask, clock: WoundClock) -> None:
    before, after = keyed(app), keyed(app, OTHER, old=keyed(app).secret_key)

    at_work(clock, ("web", "alpha", before), ("web", "beta", after), ("web", "gamma", keyed(app, OTHER)))
    assert [each for each in found() if "alpha" not in each] == []
    at_work(clock, ("web", "alpha", after), ("web", "beta", after), ("web", "gamma", keyed(app, OTHER)), seconds=120)

    assert found() == []


def test_a_machine_that_was_started_again_with_another_key_is_not_two(app: Flask, clock: WoundClock) -> None:
    at_work(clock, ("web", "alpha", keyed(app)))
    at_work(clock, ("web", "alpha", keyed(app, OTHER)), seconds=30)
    assert found() == []

    at_work(clock, ("web", "alpha", keyed(app, OTHER)), ("web", "alpha", keyed(app)))
    assert found() == ["two of web on alpha sign with different SECRET_KEYs"]


def test_a_machine_whose_time_is_ahead_is_named_since_what_it_writes_rings_late(app: Flask, clock: WoundClock) -> None:
    clock.forward(hours=1)
    signing.note("web", "beta", keyed(app))
    clock.back(hours=1)
    beats.beat(worker="alpha-1-aa", pid=1, started_at=clock())

    assert found() == [f"the time on beta is 60 min ahead of that on {signing.this_machine()}"]
    assert app.test_client().get("/health/ready").status_code == 503


def test_a_time_that_was_set_back_is_said_once(app: Flask, clock: WoundClock) -> None:
    at_work(clock, ("web", signing.this_machine(), keyed(app)))
    assert found() == []

    clock.back(hours=1)

    assert found() == ["the time was set back by 60 min"]
    assert found() == []


def test_one_that_has_the_right_key_now_or_is_gone_is_forgotten(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    at_work(clock, ("web", "alpha", keyed(app)), ("web", "beta", keyed(app, OTHER)))
    assert len(found()) == 1

    at_work(clock, ("web", "alpha", keyed(app)), ("web", "beta", keyed(app)), seconds=90)

    assert found() == []
    assert "SECRET_KEY" not in client.get("/health/ready").text
