"""Slack's own framework for apps, Bolt, is given the same requests as we are: it believes and refuses the same."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from slack_bolt import App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_sdk import WebClient

from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.receivers import Receiver, receiver
from tests.slack_api import SlackApi
from tests.slack_door import KEY, command_body, headers, linked

__all__ = ["receiver"]
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
Sent = tuple[str, str, str]  # path, content type, body


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SLACK_SIGNING_SECRET": KEY}


@pytest.fixture
def bolt(receiver: Receiver) -> FlaskClient:
    """An app of Bolt's that listens to everything and answers nothing."""
    slack = SlackApi(receiver)
    listening = App(
        client=WebClient(token="xoxb-trial", base_url=slack.url),
        signing_secret=KEY,
        token_verification_enabled=False,
        process_before_response=True,
    )
    anything = re.compile(".*")
    for listen in (
        listening.command,
        listening.action,
        listening.shortcut,
        listening.view,
        listening.view_closed,
        listening.options,
    ):
        listen(anything)(lambda ack: ack())
    listening.event(anything)(lambda: None)
    flask = Flask("bolt")
    handler = SlackRequestHandler(listening)
    flask.add_url_rule("/slack/<path:_>", view_func=lambda _: handler.handle(request), methods=["POST"])
    return flask.test_client()


def everything() -> Iterator[Sent]:
    """A request of each kind, as Slack sends it."""
    yield "/slack/commands", _FORM, command_body("help")
    for told in _interactions():
        yield "/slack/interactions", _FORM, urlencode({"payload": json.dumps(told)})
    for event in _events():
        yield "/slack/events", _JSON, json.dumps(event)


def _interactions() -> list[dict[str, Any]]:
    """Of the shapes that stand in Bolt's own tests (tests/scenario_tests in slackapi/bolt-python)."""
    by = {
        "team": {"id": "T42", "domain": "acme"},
        "user": {"id": "U42", "username": "ada", "team_id": "T42"},
        "api_app_id": "A42",
        "token": "x",
    }
    view = {"id": "V1", "type": "modal", "callback_id": "unknown", "state": {"values": {}}, "blocks": []}
    message = {"type": "message", "user": "U7", "ts": "1795000000.000100", "text": "Look"}
    place = {"channel": {"id": "C42", "name": "ops"}, "response_url": "https://hooks.slack.com/app/1"}
    container = {"type": "message", "message_ts": "1795000000.000100", "channel_id": "C42", "is_ephemeral": True}
    button = {"action_id": "acknowledge:INC-1", "block_id": "b", "type": "button", "value": "1", "action_ts": "1.2"}
    return [
        {"type": "block_actions", **by, **place, "container": container, "trigger_id": "1.1.a", "actions": [button]},
        {"type": "view_submission", **by, "trigger_id": "1.1.b", "view": view, "response_urls": []},
        {"type": "view_closed", **by, "view": view, "is_cleared": False},
        {"type": "shortcut", **by, "callback_id": "unknown", "trigger_id": "1.1.c", "action_ts": "1.2"},
        {
            "type": "message_action",
            **by,
            **place,
            "callback_id": "unknown",
            "trigger_id": "1.1.d",
            "message_ts": message["ts"],
            "message": message,
        },
        {"type": "block_suggestion", **by, "action_id": "unknown", "block_id": "b", "value": "che", "view": view},
    ]


def _events() -> list[dict[str, Any]]:
    item = {"type": "message", "channel": "C42", "ts": "1795000000.000100"}
    told = {"type": "reaction_added", "user": "U42", "reaction": "pushpin", "item": item, "event_ts": "1795000000.1"}
    around = {"token": "x", "team_id": "T42", "api_app_id": "A42", "event_id": "Ev1", "event_time": 1795000000}
    return [
        {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV"},
        {"type": "event_callback", **around, "event": told},
    ]


def test_bolt_believes_and_refuses_what_we_do(client: FlaskClient, bolt: FlaskClient, clock: WoundClock) -> None:
    clock.set(datetime.fromtimestamp(int(time.time()), UTC))  # Bolt looks at the machine's own clock
    an_incident(by=linked(a_person("Ada")))
    now = int(clock().timestamp())
    answers = []
    for path, kind, content in everything():
        good = headers(content)
        wrong = {
            "other words": {**headers(content + " ")},
            "no signature": {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
            "no time": {"X-Slack-Signature": good["X-Slack-Signature"]},
            "another version": {**good, "X-Slack-Signature": good["X-Slack-Signature"].replace("v0=", "v1=")},
            "too old": headers(content, timestamp=str(now - 301)),
            "too early": headers(content, timestamp=str(now + 310)),
            "nothing": {},
        }
        for case, sent in {**wrong, "good": good}.items():
            ours, theirs = (
                each.post(path, data=content, headers=sent, content_type=kind).status_code for each in (client, bolt)
            )
            answers.append((path, content[:60], case, ours, theirs))

    assert [each for each in answers if each[3] != each[4]] == []
    assert {(case == "good", ours) for _path, _content, case, ours, _theirs in answers} == {(True, 200), (False, 401)}


def test_bolt_answers_a_look_at_the_certificate_and_a_challenge_as_we_do(
    client: FlaskClient, bolt: FlaskClient, clock: WoundClock
) -> None:
    clock.set(datetime.fromtimestamp(int(time.time()), UTC))
    told = json.dumps(_events()[0])
    for each in (client, bolt):
        assert each.post("/slack/commands", data={"ssl_check": "1", "token": "x"}).status_code == 200
        answer: Any = each.post("/slack/events", data=told, headers=headers(told), content_type=_JSON)
        assert answer.json == {"challenge": "3eZbrw1aBm2rZgRNFdxV"}


def test_where_bolt_breaks_on_a_header_we_refuse_it(client: FlaskClient, bolt: FlaskClient) -> None:
    """It takes the time for a number without looking, and so does slack-sdk: int() raises, which is an error 500."""
    content = command_body("help")
    strange = {**headers(content), "X-Slack-Request-Timestamp": "soon"}

    ours, theirs = (
        each.post("/slack/commands", data=content, headers=strange, content_type=_FORM) for each in (client, bolt)
    )

    assert (ours.status_code, theirs.status_code) == (401, 500)
