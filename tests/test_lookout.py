"""One lane asks for all of them when something is due, and none works with an answer that is not so any more."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from flask import Flask

from incidents.jobs.lookout import Lookout
from incidents.kernel import clock, outbox
from incidents.kernel.database import db


def _enqueue(channel: str, after: timedelta = timedelta(0)) -> None:
    at = clock.now() + after
    outbox.enqueue(event=f"{channel}/{after}", channel=channel, destination="d", payload={}, not_before=at)
    db.session.commit()


def test_all_channels_are_asked_for_in_one_question(app: Flask, asked: list[str]) -> None:
    _enqueue("slack", timedelta(hours=1))
    _enqueue("email")
    with closing(Lookout(["email", "slack", "webhook"])) as lookout:
        found = {channel: lookout.due_at(channel) for channel in ("email", "slack", "webhook")}

    assert len(asked) == 1
    assert found["email"] is not None
    assert found["slack"] is not None
    assert found["email"] < found["slack"]
    assert found["webhook"] is None


def test_what_was_enqueued_meanwhile_is_seen_at_once_by_whoever_was_woken(app: Flask) -> None:
    with closing(Lookout(["email"])) as lookout:
        assert lookout.due_at("email") is None
        _enqueue("email")

        lookout.forget()

        assert lookout.due_at("email") is not None
