"""Acknowledging from a letter: one link, one page, one button, for one person and one incident."""

from __future__ import annotations

import base64
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.access import acknowledging
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import entries
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist", zone="Europe/Berlin")


def link_in_letter(to: Person) -> str:
    """The path of the newest letter's button."""
    db.session.commit()
    wanted = select(OutboxMessage).where(OutboxMessage.destination == to.email).order_by(OutboxMessage.id.desc())
    text = db.session.scalars(wanted).first().payload["text"]  # type: ignore[union-attr]
    found = re.search(r"Acknowledge: https?://[^/]+(/ack/\S+)", text)
    assert found, text
    return found[1]


def link(incident: Incident, person: Person) -> str:
    return "/ack/" + acknowledging.address(incident, person).rpartition("/")[2]


def test_one_tap_and_one_confirmation_acknowledge_signed_out(
    client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = an_incident(by=maya, title="Database connection failure")
    address = link_in_letter(maya)
    clock.forward(minutes=12)

    shown = client.get(address)
    assert shown.status_code == 200
    assert "P1 Critical" in words(shown)
    assert "Database connection failure" in words(shown)
    assert "Open for 12 min, since 03:14 CET (02:14 UTC)" in words(shown)
    assert shown.text.count("<button") == 1
    assert entries(incident, "acknowledged") == []  # looking never acts

    answer = client.post(address)
    assert answer.status_code == 303
    assert answer.headers["Location"] == address
    assert "You acknowledged INC-1 at 03:26 CET" in words(client.get(address))
    db.session.refresh(incident)
    assert incident.is_acknowledged
    assert [(entry.by_name, entry.by_id) for entry in entries(incident, "acknowledged")] == [(maya.name, maya.id)]


def test_a_second_press_acts_once(client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya)
    address = link_in_letter(maya)

    assert [client.post(address).status_code for _ in range(2)] == [303, 200]
    assert len(entries(incident, "acknowledged")) == 1


def test_a_used_link_serves_no_second_time(client: FlaskClient, clock: WoundClock, maya: Person) -> None:
    incident = an_incident(by=maya)
    address = link_in_letter(maya)
    client.post(address)
    clock.forward(minutes=5)
    actions.take_back_acknowledgement(incident, by=maya.as_actor())

    answer = client.post(address)
    assert answer.status_code == 409
    assert "A link works once." in words(answer)
    db.session.refresh(incident)
    assert not incident.is_acknowledged


def test_each_refusal_is_one_sentence(client: FlaskClient, clock: WoundClock, maya: Person) -> None:
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    vera = make_person("vera@example.com", role="viewer")
    taken, over, fresh = an_incident(by=maya), an_incident(by=maya), an_incident(by=maya, title="Nobody knows")
    addresses = {name: link(taken, jonas) for name in ("taken",)}
    addresses |= {"over": link(over, jonas), "expired": link(fresh, jonas), "viewer": link(fresh, vera)}
    actions.acknowledge(taken, by=maya.as_actor())
    actions.resolve(over, by=maya.as_actor(), summary="Restarted", reason="Quick")

    said = {name: client.post(address) for name, address in addresses.items() if name != "expired"}
    clock.forward(days=2)
    said["expired"] = client.post(addresses["expired"])

    assert {name: answer.status_code for name, answer in said.items()} == {
        "taken": 409,
        "over": 409,
        "viewer": 403,
        "expired": 410,
    }
    assert "Maya Lindqvist acknowledged INC-1 at 02:14 UTC." in words(said["taken"])
    assert "There is nothing to acknowledge." in words(said["over"])
    assert "Only a responder can acknowledge INC-3." in words(said["viewer"])
    assert "It is older than two days. Sign in to acknowledge." in words(said["expired"])
    assert "Nobody knows" not in said["expired"].text
    db.session.refresh(fresh)
    assert not fresh.is_acknowledged


def test_a_disabled_persons_link_acknowledges_nothing(client: FlaskClient, clock: WoundClock, maya: Person) -> None:
    incident = an_incident(by=maya)
    address = link_in_letter(maya)
    maya.disabled_at = clock.moment

    answer = client.post(address)
    assert answer.status_code == 403
    assert "This account is disabled" in words(answer)
    assert incident.title not in answer.text
    db.session.refresh(incident)
    assert not incident.is_acknowledged


def test_no_wrong_or_changed_link_says_anything_of_any_incident(client: FlaskClient, maya: Person) -> None:
    """Nor does a genuine one to somebody who may not see the incident any more."""
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    incident = an_incident(by=maya, title="Stolen keys", is_security=True)
    genuine = link(incident, maya).rpartition("/")[2]
    raw = bytearray(base64.urlsafe_b64decode(genuine + "=="))
    raw[7] += 1  # another person
    forged = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()

    unknown = client.get("/ack/nothing")
    hidden = client.get(link(incident, jonas))
    for answer in (
        unknown,
        hidden,
        client.get(f"/ack/{forged}"),
        client.post(f"/ack/{genuine[:-3]}"),
        client.get("/ack/%F0%9F%94%94"),
    ):
        assert answer.status_code == 404
        assert words(answer) == words(unknown)
    db.session.refresh(incident)
    assert not incident.is_acknowledged


def test_a_link_is_for_its_own_incident_alone(client: FlaskClient, maya: Person) -> None:
    first, second = an_incident(by=maya), an_incident(by=maya)

    client.post(link(first, maya))
    db.session.refresh(first)
    db.session.refresh(second)
    assert (first.is_acknowledged, second.is_acknowledged) == (True, False)
    assert client.post(link(second, maya)).status_code == 303


def test_who_may_only_look_gets_no_link(maya: Person) -> None:
    vera = make_person("vera@example.com", role="viewer")
    tell = [{"label": "Vera", "after_minutes": 0, "tell": ["person:vera@example.com"]}]
    actions.matrix.change_levels("P1", by=maya.as_actor(), levels=tell)
    an_incident(by=maya)

    letter = db.session.scalars(select(OutboxMessage).where(OutboxMessage.destination == vera.email)).one()
    assert "/ack/" not in letter.payload["text"]
