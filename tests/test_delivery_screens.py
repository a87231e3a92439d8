"""Who was told, when, and if not why: the log of deliveries on screen, by the API and on the command line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from incidents import actions, channels
from incidents.actions import updates
from incidents.channels import Outcome
from incidents.jobs.deliveries import Lane, send_due_messages
from incidents.kernel import clock, outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import Destination, OutboxMessage
from incidents.records.addresses import ContactAddress
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import opened
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.factories_people import make_person, sign_in
from tests.outgoing import Outgoing
from tests.programs import Program

REFUSED = "The mail server said: 550 no such user"


@pytest.fixture
def ada(app: Flask, client: FlaskClient) -> Person:
    person = make_person("ada@example.com", role="admin", name="Ada")
    sign_in(client, person)
    return person


def act(client: FlaskClient, page: str, path: str, **typed: str) -> int:
    """Send the form on the page that goes to this path; answers the status."""
    token = opened(client, page)["csrf_token"]
    status: int = client.post(path, data={"csrf_token": token, **typed}).status_code
    return status


def message(event: str, to: str, *, about: Incident | None = None, person: Person | None = None) -> OutboxMessage:
    made = outbox.enqueue(
        event=event,
        channel="email",
        destination=to,
        payload={"to": to, "subject": f"About {event}", "text": ""},
        incident_id=None if about is None else about.id,
        person_id=None if person is None else person.id,
    )
    db.session.commit()
    assert made is not None
    return made


def test_each_state_stands_in_a_list_of_its_own_with_its_reason(
    client: FlaskClient, ada: Person, outgoing: Outgoing
) -> None:
    message("reached", "grace@example.com")
    message("refused", "nobody@example.com")
    outgoing.for_destination["nobody@example.com"] = Outcome("refused", REFUSED)
    send_due_messages()

    assert "About reached" in client.get("/console/deliveries?state=sent").text
    failed = client.get("/console/deliveries?state=failed").text
    assert "About refused" in failed
    assert "About reached" not in failed
    assert REFUSED in failed
    assert "Nothing waits" in client.get("/console/deliveries").text


def test_the_list_is_narrowed_by_channel_destination_person_incident_and_event(
    client: FlaskClient, ada: Person
) -> None:
    incident = an_incident(by=ada)
    db.session.execute(delete(OutboxMessage))
    message("one", "somewhere@example.com", about=incident, person=ada)
    message("two", "grace@example.com")

    for words, found in {
        "person=ada@example.com": ["one"],
        "destination=grace": ["two"],
        f"incident={incident.ref}": ["one"],
        "incident=nonsense": [],
        "event=tw": ["two"],
        "channel=email": ["one", "two"],
        "channel=slack": [],
    }.items():
        page = client.get(f"/console/deliveries?{words}").text
        assert [event for event in ("one", "two") if f"About {event}" in page] == found, words


def test_a_responder_sees_what_is_about_incidents_that_they_may_see(client: FlaskClient, app: Flask) -> None:
    ada, bob = a_person("Ada", role="admin"), make_person("bob@example.com", role="responder")
    open_one, hidden = an_incident(by=ada), an_incident(by=ada)
    actions.change_visibility(hidden, to="restricted", by=ada.as_actor(), viewer_person=ada)
    message("open", "x@example.com", about=open_one)
    message("hidden", "x@example.com", about=hidden)
    message("account", "x@example.com")
    sign_in(client, bob)

    page = client.get("/console/deliveries").text

    assert "About open" in page
    assert "About hidden" not in page
    assert "About account" not in page


def test_all_that_match_begin_again_and_the_button_says_how_many(
    client: FlaskClient, ada: Person, outgoing: Outgoing
) -> None:
    for number in range(3):
        message(f"refused {number}", f"{number}@example.com")
    message("other", "other@example.org")
    outgoing.outcome = Outcome("refused", REFUSED)
    send_due_messages()

    assert "Try all 3 again" in client.get("/console/deliveries?state=failed&destination=example.com").text
    failed = "/console/deliveries?state=failed"
    status = act(client, failed, "/console/deliveries/retry", state="failed", destination="example.com")

    assert status == 303
    assert outbox.counts()["waiting"] == 3
    assert outbox.counts()["failed"] == 1


def test_one_begins_again_under_its_old_key(client: FlaskClient, ada: Person, outgoing: Outgoing) -> None:
    number = message("refused", "nobody@example.com").id
    outgoing.outcome = Outcome("refused", REFUSED)
    send_due_messages()
    [first] = outgoing.tried
    outgoing.outcome = channels.SENT

    failed = "/console/deliveries?state=failed"
    assert act(client, failed, "/console/deliveries/999999/retry") == 404
    assert act(client, failed, f"/console/deliveries/{number}/retry") == 303
    send_due_messages()

    assert [each.key for each in outgoing.sent] == [first.key]


def test_what_a_restore_held_is_released_by_an_admin(client: FlaskClient, ada: Person, clock: WoundClock) -> None:
    message("old", "grace@example.com")
    clock.forward(minutes=6)
    outbox.hold_older_than(timedelta(minutes=5), reason="Restored from a backup")
    db.session.commit()

    held = client.get("/console/deliveries?state=held").text
    assert "Restored from a backup" in held
    assert "About old" in held
    assert act(client, "/console/deliveries?state=held", "/console/deliveries/release") == 303

    assert outbox.paused() is None
    assert outbox.counts()["waiting"] == 1


def test_a_destination_that_fails_says_until_when_it_is_left_alone_and_can_be_tried_at_once(
    app: Flask, client: FlaskClient, ada: Person, outgoing: Outgoing
) -> None:
    lane = Lane(app, "email", worker="clock-1")
    outgoing.outcome = Outcome("failed", "The mail server said: 450 busy")
    for number in range(6):
        message(f"busy {number}", "full@example.com")
    while lane.turn():
        pass

    page = client.get("/console/deliveries").text
    assert "Left alone until" in page
    assert "after 5 failures: The mail server said: 450 busy" in page

    address = "/console/deliveries/destinations/lift"
    where = {"channel": "email", "destination": "full@example.com"}
    assert act(client, "/console/deliveries", address, **where) == 303
    assert db.session.scalars(select(Destination)).all() == []
    assert "Every destination took its last message" in client.get("/console/deliveries").text


def test_a_webhook_in_trouble_is_named_by_its_owner_and_host(client: FlaskClient, ada: Person) -> None:
    address = ContactAddress(
        person_id=ada.id, kind="webhook", label="Webhook", value="https://hooks.example.com/secret", secret="whsec_x"
    )
    db.session.add(address)
    db.session.flush()
    db.session.add(
        Destination(
            channel="webhook", destination=address.destination, failures=2, reason="404", updated_at=clock.now()
        )
    )
    db.session.commit()

    trouble = client.get("/console/deliveries").text.partition('id="destinations"')[2]

    assert "Ada, hooks.example.com" in trouble
    assert "secret" not in trouble


def test_ten_thousand_rows_are_turned_page_by_page(client: FlaskClient, ada: Person) -> None:
    outbox.enqueue_many(
        event="flood", channel="email", messages={f"{n:05}@example.com": {"subject": "Flood"} for n in range(10_000)}
    )
    db.session.commit()

    page = client.get("/console/deliveries").text
    assert "09999@example.com" in page
    assert "09899@example.com" not in page
    assert "before=9901" in page
    assert "09899@example.com" in client.get("/console/deliveries?before=9901").text


def test_an_incident_shows_who_was_told_of_one_update_by_whatever_channel(client: FlaskClient, ada: Person) -> None:
    incident = an_incident(by=ada)
    update = updates.post_update(incident, by=ada.as_actor(), body="The pool is full", audience="internal")
    db.session.execute(delete(OutboxMessage))
    message(updates.event_of(update), "ada@example.com", about=incident, person=ada)
    message(f"{updates.event_of(update)}/{ada.id}", "second@example.com", about=incident, person=ada)
    message("something else", "grace@example.com", about=incident)

    page = client.get(f"/console/incidents/{incident.ref}/deliveries?update={update.id}").text

    assert page.count("<h2 dir") == 1
    assert "second@example.com" in page
    assert "grace@example.com" not in page


def test_each_message_is_called_by_what_it_says_whatever_its_channel(
    app: Flask, client: FlaskClient, ada: Person
) -> None:
    incident = an_incident(by=ada)
    db.session.execute(delete(OutboxMessage))
    payloads: dict[str, dict[str, Any]] = {
        "webhook": {"type": "incident.paged", "data": {"subject": "INC-1: P1 Critical: by webhook"}},
        "slack": {"text": "INC-1: R&amp;D is down\nNobody has acknowledged it.", "blocks": []},
    }
    for channel, payload in payloads.items():
        outbox.enqueue(
            event=channel,
            channel=channel,
            destination="team",
            payload=payload,
            incident_id=incident.id,
            person_id=ada.id,
        )
    db.session.commit()

    page = client.get(f"/console/incidents/{incident.ref}/deliveries").text

    assert "INC-1: P1 Critical: by webhook" in page
    assert "INC-1: R&amp;D is down" in page
    assert "incident.paged" not in page
    told = Program(app).items("/deliveries")
    assert {"INC-1: P1 Critical: by webhook", "INC-1: R&D is down"} <= {each["subject"] for each in told}


def test_on_the_command_line_all_that_failed_begin_again_by_reason(app: Flask, outgoing: Outgoing) -> None:
    from click.testing import CliRunner

    from incidents.cli import outbox as commands

    for to in ("a@example.com", "b@example.com"):
        message(f"to {to}", to)
    outgoing.outcome = Outcome("refused", REFUSED)
    outgoing.for_destination["b@example.com"] = Outcome("refused", "Too long")
    send_due_messages()
    db.session.rollback()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("incidents.cli.starting.application", lambda: app)
        said = CliRunner().invoke(commands.outbox, ["retry", "--all-failed", "--reason", "no such user"])
        unclear = CliRunner().invoke(commands.outbox, ["retry"])

    assert said.output == "1 message goes out at the next turn of the clock.\n"
    assert unclear.exit_code == 2
    assert (outbox.counts()["waiting"], outbox.counts()["failed"]) == (1, 1)
