"""Socket mode: what Slack sends through the connection that we opened is heard, done and answered as over HTTP."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents import slack as slack_room
from incidents.jobs import audit
from incidents.kernel import findings
from incidents.kernel.database import db
from incidents.records.heard_messages import HeardMark
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.slack import envelopes, signed, socket
from tests import slack_door
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.receivers import Receiver, answer_json, receiver
from tests.slack_api import SlackApi, slack_error
from tests.slack_door import command_body, linked
from tests.slack_socket import SlackSocket, wait_until

__all__ = ["receiver"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing of it is the database's


@pytest.fixture
def far_end() -> Iterator[SlackSocket]:
    server = SlackSocket()
    yield server
    server.close()


@pytest.fixture
def slack(receiver: Receiver, far_end: SlackSocket) -> SlackApi:
    api = SlackApi(receiver)
    api.socket_url = far_end.url
    return api


@pytest.fixture
def environ(environ: dict[str, str], slack: SlackApi) -> dict[str, str]:
    """No signing secret: nothing of it comes over HTTP."""
    return {**environ, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_BASE_URL": slack.url}


@pytest.fixture
def ada(app: Flask) -> Person:
    return linked(a_person("Ada"))


@pytest.fixture
def connected(app: Flask, far_end: SlackSocket) -> Iterator[socket.Socket]:
    stop = threading.Event()
    ours = socket.Socket(app, stop, ping_every=0.2, first_wait=0.05)
    ours.start()
    try:
        wait_until(lambda: bool(far_end.connections))
        yield ours
    finally:
        stop.set()
        ours.join(20)
        assert not ours.is_alive()


def command(name: str, words: str, **more: Any) -> dict[str, Any]:
    told = dict(parse_qsl(command_body(words), keep_blank_values=True))
    return {
        "type": "slash_commands",
        "envelope_id": name,
        "payload": told,
        "accepts_response_payload": True,
        **more,
    }


def how_many() -> int:
    found = db.session.scalar(select(func.count(Incident.id))) or 0
    db.session.rollback()  # or SQLite waits for this test
    return found


def test_a_command_is_done_once_and_answered_through_the_socket(
    connected: socket.Socket, far_end: SlackSocket, ada: Person
) -> None:
    asked = command("e-1", "declare P1 Checkout fails")
    far_end.send(asked)
    said = far_end.answer_to("e-1")

    assert said["payload"]["response_type"] == "ephemeral"
    assert "INC-1" in said["payload"]["text"]
    far_end.answers.clear()
    far_end.send({**asked, "retry_attempt": 1, "retry_reason": "timeout"})
    assert far_end.answer_to("e-1") == {"envelope_id": "e-1"}
    far_end.send({**asked, "envelope_id": "e-2"})
    assert far_end.answer_to("e-2") == {"envelope_id": "e-2"}
    assert how_many() == 1


def test_a_button_and_an_event_are_heard_and_answered_without_a_word(
    connected: socket.Socket, far_end: SlackSocket, ada: Person
) -> None:
    incident = an_incident(by=ada)
    pressed = {
        "type": "block_actions",
        "team": {"id": "T42"},
        "user": {"id": "U42"},
        "channel": {"id": "C42"},
        "trigger_id": "1.2.x",
        "actions": [{"action_id": f"acknowledge:{incident.ref}"}],
    }
    item = {"type": "message", "channel": "C42", "ts": "1795000000.000100"}
    happened = {"type": "reaction_added", "reaction": "pushpin", "user": "U42", "item": item}
    told = {"type": "event_callback", "team_id": "T42", "event_id": "Ev1", "event": happened}

    db.session.rollback()  # or SQLite waits for this test

    far_end.send({"type": "interactive", "envelope_id": "e-1", "payload": pressed, "accepts_response_payload": True})
    far_end.send({"type": "events_api", "envelope_id": "e-2", "payload": told, "accepts_response_payload": False})
    far_end.send({"type": "of another time", "envelope_id": "e-3", "payload": {}})

    assert [far_end.answer_to(f"e-{number}") for number in (1, 2, 3)] == [{"envelope_id": f"e-{n}"} for n in (1, 2, 3)]
    db.session.rollback()
    assert incident.is_acknowledged
    assert db.session.scalars(select(HeardMark.mark)).all() == ["pushpin:U42"]


def test_over_http_nobody_comes_in_by_what_the_socket_is_believed_for(client: FlaskClient, ada: Person) -> None:
    content = command_body("declare P1 Checkout fails")
    forged = {signed.ENVELOPE: "e-1", signed.ENVELOPE.replace(".", "-"): "e-1", "X-Slack-Retry-Num": "1"}

    assert slack_door.post(client, "/slack/commands", content, **forged).status_code == 404
    for name in (signed.ENVELOPE, "HTTP_" + signed.ENVELOPE.upper()):  # not even where a server let a name through
        answer = client.post("/slack/commands", data=content, environ_base={name: "e-1"})
        assert answer.status_code == 404
    assert how_many() == 0


def test_what_was_not_recorded_is_not_answered_so_that_slack_sends_it_again(
    app: Flask, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_words: object) -> bool:
        raise RuntimeError("no")

    from incidents.slack import door

    monkeypatch.setattr(door, "is_first_time", broken)
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    told = {"type": "event_callback", "team_id": "T42", "event_id": "Ev1", "event": {}}

    assert envelopes.answer(app, kind="events_api", name="e-1", told=told) is None


def test_a_connection_that_ends_is_opened_again_and_a_refresh_leaves_no_gap(
    connected: socket.Socket, far_end: SlackSocket, ada: Person
) -> None:
    first = far_end.connections[0]
    first.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
    wait_until(lambda: len(far_end.connections) == 2)
    far_end.send(command("e-1", "help"))
    assert far_end.answer_to("e-1")["payload"]["text"]
    wait_until(lambda: not first.is_open)

    far_end.connections[-1].drop()
    wait_until(lambda: len(far_end.connections) == 3)
    far_end.send(command("e-2", "help"))
    assert far_end.answer_to("e-2")["payload"]["text"]


def test_a_connection_that_is_dead_is_noticed(connected: socket.Socket, far_end: SlackSocket) -> None:
    far_end.is_deaf = True
    wait_until(lambda: len(far_end.connections) == 2)

    assert connected.is_alive()


def test_that_nothing_comes_from_slack_is_said_until_it_does_again(
    app: Flask, slack: SlackApi, far_end: SlackSocket, clock: WoundClock
) -> None:
    slack.faults["apps.connections.open"] = [slack_error("invalid_auth")] * 3
    stop = threading.Event()
    ours = socket.Socket(app, stop, first_wait=0.05)
    ours.start()
    wait_until(lambda: findings_now() is not None)
    clock.forward(minutes=3)
    [fault] = [each for each in audit.audit() if each.key == "slack_socket"]
    assert fault.sentence.startswith("nothing has come from Slack for 3 min")
    assert "SLACK_APP_TOKEN" in fault.sentence
    assert not fault.is_serious

    wait_until(lambda: bool(far_end.connections))
    wait_until(lambda: findings_now() is None)
    stop.set()
    ours.join(20)
    assert "slack_socket" not in [each.key for each in audit.audit()]


def findings_now() -> Any:
    found = findings.trouble(findings.SLACK_SOCKET)
    db.session.rollback()  # or SQLite waits for this test
    return found


def test_what_is_being_answered_when_it_stops_is_answered(
    app: Flask, far_end: SlackSocket, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    answer = envelopes.answer

    def slowly(*words: Any, **more: Any) -> Any:
        begun.set()
        go_on.wait(10)
        return answer(*words, **more)

    monkeypatch.setattr(envelopes, "answer", slowly)
    stop = threading.Event()
    ours = socket.Socket(app, stop)
    ours.start()
    wait_until(lambda: bool(far_end.connections))
    far_end.send(command("e-1", "help"))
    assert begun.wait(10)
    stop.set()
    go_on.set()

    assert far_end.answer_to("e-1")["payload"]["text"]
    ours.join(20)
    assert not ours.is_alive()
    wait_until(lambda: not far_end.connections[-1].is_open)


def test_the_clock_keeps_a_connection_where_a_token_is_set(
    app: Flask, far_end: SlackSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slack_room.listening(app, threading.Event()):
        wait_until(lambda: bool(far_end.connections))
    wait_until(lambda: not far_end.connections[0].is_open)
    bare = dataclasses.replace(app.extensions["sevenbells.settings"], slack_app_token=None)
    monkeypatch.setitem(app.extensions, "sevenbells.settings", bare)
    with slack_room.listening(app, threading.Event()):
        assert "slack-socket" not in [thread.name for thread in threading.enumerate()]


def test_an_address_that_is_none_for_a_socket_is_not_asked(app: Flask, slack: SlackApi, receiver: Receiver) -> None:
    from incidents.channels import slack_questions

    settings = app.extensions["sevenbells.settings"]
    slack.faults["apps.connections.open"] = [answer_json({"ok": True, "url": each}) for each in ("http://a.example", 7)]
    assert [getattr(slack_questions.socket_address(settings), "kind", "") for _ in range(2)] == ["failed", "failed"]
    elsewhere = dataclasses.replace(settings, slack_app_token=None)
    assert slack_questions.socket_address(elsewhere) == slack.socket_url
