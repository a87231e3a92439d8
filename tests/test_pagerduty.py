"""Events to a stand-in of PagerDuty: an alert an incident, and its answers in plain words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from incidents import channels
from incidents.channels import Message, Outcome
from incidents.kernel.settings import Settings, load
from incidents.messages.payloads import follow, trigger
from tests.conftest import SECRET
from tests.receivers import Receiver, answer, answer_json, half, receiver, vanish

__all__ = ["receiver"]
KEY = "R" * 32
ACCEPTED = answer_json({"status": "success", "message": "Event processed", "dedup_key": "k"}, 202)


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver) -> Settings:
    receiver.says(ACCEPTED)
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "PAGERDUTY_EVENTS_URL": f"{receiver.url}/v2/enqueue"})


def send(payload: dict[str, Any], settings: Settings) -> Outcome:
    return channels.send(Message("0" * 32, "pagerduty", "team", payload, facts={"routing_key": KEY}), settings)


def test_an_alert_follows_its_incident(settings: Settings, receiver: Receiver) -> None:
    opened = trigger("sevenbells/INC-42", summary="s" * 2000, severity="critical", details={}, links=[])
    for payload in (opened, follow("acknowledge", "sevenbells/INC-42"), follow("resolve", "sevenbells/INC-42")):
        assert send(payload, settings) == channels.SENT

    events = [asked.json for asked in receiver.asked]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"sevenbells/INC-42"}
    assert {event["routing_key"] for event in events} == {KEY}
    assert len(events[0]["payload"]["summary"]) == 1024
    assert events[0]["payload"]["source"] == "Sevenbells"
    assert receiver.asked[0].path == "/v2/enqueue"


def test_what_pagerduty_answers_decides_what_becomes_of_it(settings: Settings, receiver: Receiver) -> None:
    errors = {"status": "invalid event", "message": "Event object is invalid", "errors": ["Invalid\r\nrouting key"]}
    for script, expected in (
        (answer_json(errors, 400), Outcome("refused", "PagerDuty refused this: Invalid routing key")),
        (answer(400, b"<html>"), Outcome("refused", "PagerDuty refused this: it gave no reason")),
        (answer(400, b"[" * 50_000), Outcome("refused", "PagerDuty refused this: it gave no reason")),
        (answer_json([], 400), Outcome("refused", "PagerDuty refused this: ")),
        (
            answer_json({}, 429, {"Retry-After": "12"}),
            Outcome("failed", "PagerDuty answered with status 429", timedelta(seconds=12)),
        ),
        (
            answer(200, b"<html>"),
            Outcome("failed", "It answered with status 200, which PagerDuty never does: look at PAGERDUTY_EVENTS_URL"),
        ),
        (answer(410), Outcome("failed", "PagerDuty answered that it is gone for good (status 410)")),
        (answer(500), Outcome("failed", "PagerDuty answered with status 500")),
        (half, Outcome("unreachable", "The connection broke half-way through the answer")),
        (vanish, Outcome("unreachable", "The connection broke before an answer came")),
    ):
        receiver.says(script)
        assert send(follow("resolve", "k"), settings) == expected
