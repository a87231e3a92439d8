"""What is pressed in Slack: believed only when Slack signed it, once, and as the person whose address it is."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import select

from incidents.kernel import clock as clock_module
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.addresses import ContactAddress
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident

KEY = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SLACK_SIGNING_SECRET": KEY}


@pytest.fixture
def ada(app: Flask) -> Person:
    person = a_person("Ada")
    linked(person, "U42")
    return person


@pytest.fixture
def incident(ada: Person) -> Incident:
    return an_incident(by=ada)


def linked(person: Person, user: str) -> None:
    db.session.add(ContactAddress(person_id=person.id, kind="slack", label="Slack", value=user))
    db.session.commit()


def body(ref: str = "INC-1", *, user: str = "U42", **more: Any) -> str:
    pressed = {
        "type": "block_actions",
        "user": {"id": user},
        "channel": {"id": "C42"},
        "actions": [{"action_id": f"acknowledge:{ref}", "value": ref}],
        **more,
    }
    return urlencode({"payload": json.dumps(pressed)})


def press(
    client: FlaskClient, content: str | bytes, *, timestamp: str | None = None, signature: str | None = None
) -> Any:
    timestamp = timestamp or str(int(clock_module.now().timestamp()))
    signature = signature or SignatureVerifier(KEY).generate_signature(timestamp=timestamp, body=content) or ""
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    return client.post(
        "/slack/interactions", data=content, headers=headers, content_type="application/x-www-form-urlencoded"
    )


def said() -> list[str]:
    db.session.rollback()
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "slack").order_by(OutboxMessage.id))
    return [row.payload["text"] for row in rows if row.payload.get("only_for") == "U42"]


def test_a_button_acknowledges_as_the_person_who_pressed_it(client: FlaskClient, incident: Incident) -> None:
    answer = press(client, body())

    assert (answer.status_code, answer.data) == (200, b"")
    assert incident.acknowledgement_by is not None
    assert incident.acknowledgement_by.endswith(":Ada")
    assert said() == ["You acknowledged INC-1."]


def test_what_slack_did_not_sign_is_not_believed(client: FlaskClient, incident: Incident, clock: WoundClock) -> None:
    old = str(int(clock().timestamp()) - 301)
    early = str(int(clock().timestamp()) + 301)
    content = body()
    assert press(client, content, signature="v0=" + "0" * 64).status_code == 401
    assert press(client, content, timestamp=old).status_code == 401
    assert press(client, content, timestamp=early).status_code == 401
    for timestamp in ("soon", "-1", "1e9", "١٢٣", "9" * 40, "1.5"):
        assert (
            press(client, content, timestamp=timestamp.encode().decode("latin-1"), signature="v0=x").status_code == 401
        )
    assert client.post("/slack/interactions", data=content).status_code == 401
    assert not incident.is_acknowledged


def test_a_strange_signature_or_body_is_not_believed_and_breaks_nothing(
    client: FlaskClient, incident: Incident
) -> None:
    content = body()

    assert press(client, content, signature="v0=é").status_code == 401
    assert press(client, content, timestamp="١٢").status_code == 401
    assert press(client, b"payload=\xff\xfe", signature="v0=00").status_code == 401
    assert not db.session.get_one(Incident, incident.id).is_acknowledged


@pytest.mark.parametrize("ref", ["\ud800", "\x00", "<!channel>", "A" * 3000, "INC-" + "9" * 30])
def test_a_button_of_no_incident_is_not_answered(client: FlaskClient, incident: Incident, ref: str) -> None:
    assert press(client, body(ref)).status_code == 200
    assert said() == []


def test_a_request_that_comes_again_is_refused(client: FlaskClient, incident: Incident) -> None:
    from incidents.actions import respond

    assert press(client, body()).status_code == 200
    ada = db.session.scalars(select(Person)).one()
    respond.take_back_acknowledgement(incident, by=ada.as_actor())

    assert press(client, body()).status_code == 401
    assert not incident.is_acknowledged


def test_somebody_unknown_gets_a_sentence_and_the_link(client: FlaskClient, incident: Incident) -> None:
    assert press(client, body(user="U99")).status_code == 200

    assert not incident.is_acknowledged
    [row] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.destination == "C42"))
    assert row.payload["text"].startswith("Sevenbells does not know who you are")
    assert (row.destination, row.payload["only_for"]) == ("C42", "U99")
    link, room = row.payload["blocks"][-1]["elements"]
    assert (link["text"]["text"], room["url"][-24:]) == ("Link my account", "/console/incidents/INC-1")


def test_roles_and_restricted_incidents_hold(client: FlaskClient, app: Flask, incident: Incident) -> None:
    other = a_person("Bob")
    secret = an_incident(by=other, visibility_wanted="restricted")
    viewer = a_person("Vic", role="viewer")
    linked(viewer, "U7")

    press(client, body(secret.ref))
    press(client, body("INC-999"))
    press(client, body(user="U7"))

    assert said() == ["There is no INC-2 that you can see.", "There is no INC-999 that you can see."]
    assert not incident.is_acknowledged
    assert not secret.is_acknowledged


def test_an_address_that_two_people_claim_is_nobodys(client: FlaskClient, incident: Incident) -> None:
    linked(a_person("Mallory"), "U42")

    press(client, body())

    assert not incident.is_acknowledged


@pytest.mark.parametrize(
    "content", ["", "payload=", "payload=[]", "payload=" + "[" * 5000, urlencode({"payload": '"x"'})]
)
def test_what_is_no_interaction_is_a_bad_request(client: FlaskClient, incident: Incident, content: str) -> None:
    assert press(client, content).status_code == 400


def test_other_buttons_need_no_answer(client: FlaskClient, incident: Incident) -> None:
    for actions in ([], [{"action_id": "link:0"}], "x", [1], None):
        assert press(client, body(actions=actions)).status_code == 200
    assert press(client, body("<!channel>")).status_code == 200
    assert not incident.is_acknowledged


def test_without_a_secret_there_is_no_such_door(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    import dataclasses

    bare = dataclasses.replace(app.extensions["sevenbells.settings"], slack_signing_secret=None)
    monkeypatch.setitem(app.extensions, "sevenbells.settings", bare)

    assert press(client, body()).status_code == 404
