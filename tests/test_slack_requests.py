"""Requests from Slack: believed when it signed them, acted on once, and answered in time whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from incidents.jobs import timetable
from incidents.kernel.database import db, waiting_at_most
from incidents.records.incidents import Incident
from incidents.records.slack_requests import SlackRequest
from incidents.records.slack_users import keep_workspace
from incidents.slack import door, events
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.slack_door import KEY, command_body, event, headers, linked, locked, post, say

# https://docs.slack.dev/authentication/verifying-requests-from-slack
PUBLISHED = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SLACK_SIGNING_SECRET": KEY}


def how_many() -> int:
    return db.session.scalar(select(func.count(Incident.id))) or 0


def test_the_signature_that_slack_published_is_good(client: FlaskClient, clock: WoundClock) -> None:
    clock.set(datetime.fromtimestamp(1531420618, UTC))

    sent = {"X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": SIGNATURE}
    assert post(client, "/slack/commands", PUBLISHED, **sent).status_code == 200
    assert post(client, "/slack/commands", PUBLISHED.replace("U2CERLKJA", "U2CERLKJB"), **sent).status_code == 401


@pytest.mark.parametrize("path", ["/slack/commands", "/slack/interactions", "/slack/events"])
def test_strange_headers_are_refused_and_break_nothing(client: FlaskClient, clock: WoundClock, path: str) -> None:
    content = command_body("declare P1 Checkout fails")
    good = headers(content)
    late = str(int(clock().timestamp()) - 301)
    strange: list[dict[str, str]] = [
        {"X-Slack-Signature": good["X-Slack-Signature"]},
        {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
        {**good, "X-Slack-Signature": "v0=é"},
        {**good, "X-Slack-Signature": ""},
        {**good, "X-Slack-Request-Timestamp": "soon"},
        {**good, "X-Slack-Request-Timestamp": "9" * 40},
        {**good, "X-Slack-Request-Timestamp": "-1"},
        headers(content, timestamp=late),
    ]

    assert [post(client, path, content, **sent).status_code for sent in strange] == [401] * len(strange)
    assert client.post(path, data=b"text=\xff\xfe", headers=good).status_code == 401
    assert client.post(path, data=content).status_code == 401
    assert how_many() == 0


def test_a_request_that_is_sent_again_is_refused(client: FlaskClient) -> None:
    content = command_body("declare P1 Checkout fails")

    assert post(client, "/slack/commands", content).status_code == 200
    assert post(client, "/slack/commands", content).status_code == 401
    assert how_many() == 1


def test_what_slack_itself_repeats_is_answered_and_done_once(client: FlaskClient, clock: WoundClock) -> None:
    content = command_body("declare P1 Checkout fails")
    assert post(client, "/slack/commands", content).status_code == 200

    again = {**headers(content), "X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    assert post(client, "/slack/commands", content, **again).status_code == 200
    clock.forward(seconds=20)
    signed_anew = {**headers(content), "X-Slack-Retry-Num": "2"}
    assert post(client, "/slack/commands", content, **signed_anew).status_code == 200
    assert how_many() == 1


def test_a_refused_request_is_remembered_too(client: FlaskClient) -> None:
    content = command_body("ack INC-1")

    assert post(client, "/slack/commands", content).status_code == 200
    assert post(client, "/slack/commands", content).status_code == 401


def test_an_event_is_heard_once_however_often_it_is_told(
    client: FlaskClient, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setitem(events.HEARD, "pin_added", lambda event, team: heard.append((event, team)))
    told = {"type": "event_callback", "team_id": "T42", "event_id": "Ev42", "event": {"type": "pin_added"}}

    assert event(client, told).status_code == 200
    clock.forward(minutes=1)
    assert event(client, told, **{"X-Slack-Retry-Num": "1"}).status_code == 200
    assert event(client, {**told, "event_id": "Ev43", "event": {"type": "other"}}).status_code == 200
    assert heard == [({"type": "pin_added"}, "T42")]


def test_the_address_of_events_is_confirmed(client: FlaskClient) -> None:
    told = {
        "type": "url_verification",
        "token": "x",
        "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
    }

    assert event(client, told).json == {"challenge": told["challenge"]}
    assert client.post("/slack/events", json=told).status_code == 401


@pytest.mark.parametrize("content", ["", "[]", "nonsense", "[" * 5000, '"x"'])
def test_what_is_no_event_is_a_bad_request(client: FlaskClient, content: str) -> None:
    assert post(client, "/slack/events", content).status_code == 400


def test_a_look_at_the_certificate_is_answered_unsigned(client: FlaskClient) -> None:
    assert client.get("/slack/commands?ssl_check=1").status_code == 200
    assert client.post("/slack/commands", data={"ssl_check": "1", "token": "x"}).status_code == 200
    assert client.post("/slack/interactions", data={"ssl_check": "1"}).status_code == 200
    assert client.get("/slack/commands").status_code == 404


def test_other_workspaces_are_refused(client: FlaskClient) -> None:
    keep_workspace("T42", "Ours", token_hash="x")

    foreign = command_body("declare P1 Checkout fails", team_id="T66")
    assert post(client, "/slack/commands", foreign).status_code == 403
    assert event(client, {"type": "event_callback", "team_id": "T66", "event_id": "Ev1"}).status_code == 403
    assert how_many() == 0
    assert "INC-1 is declared" in say(client, "declare P1 Checkout fails")


def test_while_the_database_is_locked_nothing_is_recorded_and_that_is_said_in_time(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = an_incident(by=linked(a_person("Ada")))
    assert timedelta(seconds=2) == door.PATIENCE
    ref = incident.ref
    content = command_body(f"ack {ref}")
    db.session.commit()

    with monkeypatch.context() as hurried, locked():
        hurried.setattr(door, "PATIENCE", timedelta(milliseconds=50))
        answer = post(client, "/slack/commands", content)
        assert answer.status_code == 200
        assert answer.json["text"].endswith("Nothing was recorded, try again.")
        told = {"type": "event_callback", "team_id": "T42", "event_id": "Ev1", "event": {"type": "x"}}
        if db.engine.dialect.name == "sqlite":
            assert event(client, told).status_code == 503
    assert post(client, "/slack/commands", content).json["text"].startswith(f"You acknowledged {ref}.")


@pytest.mark.parametrize("path", ["/slack/commands", "/slack/interactions", "/slack/events"])
def test_each_address_waits_two_seconds_for_a_lock(client: FlaskClient, count_queries: list[str], path: str) -> None:
    content = {"/slack/commands": command_body("help"), "/slack/events": "{}"}.get(path, "payload=%7B%7D")

    assert post(client, path, content).status_code == 200
    assert [said for said in count_queries if said.endswith(("busy_timeout=2000", "lock_timeout=2000"))]


def test_other_transactions_keep_their_own_patience(app: Flask) -> None:
    def patience() -> str:
        asked = "PRAGMA busy_timeout" if db.engine.dialect.name == "sqlite" else "SHOW lock_timeout"
        found = str(db.session.execute(text(asked)).scalar())
        db.session.rollback()
        return found

    usual = patience()
    with waiting_at_most(timedelta(seconds=2)):
        assert patience() in ("2000", "2s")
    assert patience() == usual


def test_requests_are_forgotten_after_two_hours(client: FlaskClient, clock: WoundClock) -> None:
    say(client, "help")
    clock.forward(minutes=119)
    timetable.forget_what_has_expired()
    assert db.session.scalar(select(func.count(SlackRequest.name))) == 2
    clock.forward(minutes=2)
    timetable.forget_what_has_expired()
    assert db.session.scalar(select(func.count(SlackRequest.name))) == 0
