"""What is written to SQLite's log rings for whoever waits, in whatever process it was; and so does a hand."""

from __future__ import annotations

import os
from contextlib import closing

import pytest
from flask import Flask

from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.doorbell import Doorbell


def _enqueue(channel: str) -> None:
    outbox.enqueue(event="e", channel=channel, destination="d", payload={})
    db.session.commit()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_doorbell_rings_when_anybody_writes_to_the_database_and_when_it_is_rung(app: Flask) -> None:
    _enqueue("slack")
    with closing(Doorbell(db.engine)) as doorbell:
        assert doorbell.tells()
        assert not doorbell.wait(0)

        _enqueue("email")
        assert doorbell.wait(20)

        doorbell.ring()
        assert doorbell.wait(20)
        assert not doorbell.wait(0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_doorbell_whose_log_went_away_says_that_it_does_not_tell_until_there_is_another(app: Flask) -> None:
    _enqueue("slack")
    with closing(Doorbell(db.engine)) as doorbell:
        assert doorbell.tells()
        db.session.remove()
        db.engine.dispose()  # whoever leaves last takes the log along

        assert doorbell.wait(20)
        assert not doorbell.tells()

        _enqueue("email")
        assert doorbell.tells()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_where_nothing_tells_of_a_commit_the_doorbell_says_so(app: Flask) -> None:
    with closing(Doorbell(db.engine)) as doorbell:
        assert not doorbell.tells()
        assert not doorbell.wait(0)


def test_a_doorbell_that_is_rung_after_it_was_closed_writes_into_nothing_that_has_its_place(app: Flask) -> None:
    doorbell = Doorbell(db.engine)
    doorbell.close()
    others = os.pipe(), os.pipe()
    for ear, _button in others:
        os.set_blocking(ear, False)

    doorbell.ring()

    for ear, button in others:
        with pytest.raises(BlockingIOError):
            os.read(ear, 1)
        os.close(ear)
        os.close(button)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_the_system_has_no_watches_left_the_doorbell_says_that_it_does_not_tell(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_anything: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("inotify_simple.INotify.__init__", none_left)
    _enqueue("slack")
    with closing(Doorbell(db.engine)) as doorbell:
        assert not doorbell.tells()
        doorbell.ring()
        assert doorbell.wait(20)
