"""Requests as Slack sends them, signed with the secret of the tests."""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from slack_sdk.models.blocks import Block
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import text

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.records.addresses import ContactAddress
from incidents.records.incident_channels import IncidentChannel, present_channel
from incidents.records.incidents import Incident
from incidents.records.people import Person

KEY = "8f742231b10e8888abcd99yyyzzz85a5"
_FORM = "application/x-www-form-urlencoded"


def linked(person: Person, user: str = "U42") -> Person:
    """The person, with that Slack user among their addresses."""
    db.session.add(ContactAddress(person_id=person.id, kind="slack", label="Slack", value=user))
    db.session.commit()
    return person


def with_channel(incident: Incident, channel: str) -> Incident:
    """The incident, with that channel as its own."""
    row = present_channel(incident.id) or IncidentChannel(incident_id=incident.id)
    row.channel_id, row.due_at = channel, None  # it was made already
    db.session.add(row)
    db.session.commit()
    return incident


def headers(content: str, *, timestamp: str | None = None, **more: str) -> dict[str, str]:
    """What Slack sets for this body."""
    timestamp = timestamp or str(int(clock.now().timestamp()))
    signature = SignatureVerifier(KEY).generate_signature(timestamp=timestamp, body=content) or ""
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature, **more}


def command_body(text: str, *, user: str = "U42", trigger: str | None = None, **more: str) -> str:
    """A slash command as it comes."""
    return urlencode(
        {
            "team_id": "T42",
            "channel_id": "C42",
            "user_id": user,
            "user_name": "ada",
            "command": "/incident",
            "text": text,
            "response_url": "https://hooks.slack.com/commands/1",
            "trigger_id": trigger or f"{next(_numbers)}.7.x",
            **more,
        }
    )


def _count() -> Any:
    number = 13345224609
    while True:
        number += 1
        yield number


_numbers = _count()


def say(client: FlaskClient, text: str, **more: str) -> str:
    """``/incident text`` and what its writer reads; the answer's blocks keep Slack's own rules."""
    content = command_body(text, **more)
    answer: Any = client.post("/slack/commands", data=content, headers=headers(content), content_type=_FORM)
    assert answer.status_code == 200, answer.text
    assert answer.json["response_type"] == "ephemeral"
    for block in Block.parse_all(answer.json["blocks"]):
        block.validate_json()
    return str(answer.json["text"])


def post(client: FlaskClient, path: str, content: str, **sent: str) -> Any:
    """Any request, with these headers or those that Slack would set."""
    return client.post(path, data=content, headers=sent or headers(content), content_type=_FORM)


def event(client: FlaskClient, told: dict[str, Any], **more: str) -> Any:
    """An event as it comes."""
    content = json.dumps(told)
    return client.post(
        "/slack/events", data=content, headers={**headers(content), **more}, content_type="application/json"
    )


def interact(client: FlaskClient, kind: Any, *, user: str = "U42", trigger: str | None = None, **more: Any) -> Any:
    """A button, a form or a shortcut, as Slack tells it."""
    told = {
        "type": kind,
        "team": {"id": "T42"},
        "user": {"id": user, "username": "ada", "team_id": "T42"},
        "trigger_id": trigger or f"{next(_numbers)}.7.x",
        **more,
    }
    answer = post(client, "/slack/interactions", urlencode({"payload": json.dumps(told)}))
    assert answer.status_code == 200, answer.text
    return answer


class locked:  # noqa: N801 - it is used like a function
    """Somebody else holds what is needed."""

    def __init__(self) -> None:
        self.engine = db.engine

    def __enter__(self) -> None:
        if self.engine.dialect.name == "sqlite":
            self.other: Any = sqlite3.connect(str(self.engine.url.database), isolation_level=None)
            self.other.execute("BEGIN IMMEDIATE")
        else:
            self.other = self.engine.connect()
            self.other.execute(text("SELECT id FROM incidents FOR UPDATE"))

    def __exit__(self, *_error: object) -> None:
        if self.engine.dialect.name == "sqlite":
            self.other.execute("ROLLBACK")
        else:
            self.other.rollback()
        self.other.close()
