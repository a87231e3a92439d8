"""The audit of one incident with everything on record, and the audit of accounts, tokens and settings."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.actions import audit
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import main_of
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, sign_in
from tests.outgoing import Outgoing, run_due_jobs


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist", role="admin", zone="Europe/Berlin")


def lived(by: Person, clock: WoundClock) -> Incident:
    """An incident with a correction, a reworded update, a hand-over and a formula for a note."""
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    incident = an_incident(by=by, title="Database connection failure")
    clock.forward(minutes=2)
    actions.acknowledge(incident, by=by.as_actor())
    note = actions.add_note(incident, by=by.as_actor(), body="=HYPERLINK(evil)")
    actions.add_note(incident, by=by.as_actor(), body="@SUM(1)")
    actions.assign_role(incident, role="commander", person=jonas, by=by.as_actor())
    update = actions.post_update(incident, by=by.as_actor(), body="We look into it.", audience="internal")
    clock.forward(minutes=1)
    actions.correct_entry(note, incident, by=jonas.as_actor(), body="+1 more", at=clock.moment - timedelta(minutes=2))
    actions.revise_update(incident, update, by=by.as_actor(), body="We look into the database.")
    db.session.commit()
    return incident


def test_everything_on_record_is_in_the_audit_of_an_incident(
    client: FlaskClient, clock: WoundClock, maya: Person, outgoing: Outgoing
) -> None:
    incident = lived(maya, clock)
    run_due_jobs()
    sign_in(client, maya)

    page = words(client.get(f"/console/incidents/{incident.ref}/audit"))

    for said in (
        "Maya Lindqvist acknowledged after 2 min",
        "Maya Lindqvist made Jonas Weber commander",
        "Jonas Weber corrected an entry of Maya Lindqvist",
        "=HYPERLINK(evil)",
        "+1 more",
        "Maya Lindqvist reworded an update",
        "We look into the database.",
        "Message to Maya Lindqvist (maya@example.com)",
        "Message to Jonas Weber (jonas@example.com): INC-1: you are now commander",
        "1 attempt",
    ):
        assert said in page, said


def test_the_audit_counts_what_subscribers_were_sent_and_names_none_of_them(client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya)
    readers = ("reader@example.org", "other@example.org")
    for each in readers:
        outbox.enqueue(
            event="update/1",
            channel="email",
            destination=each,
            payload={"subject": "Public"},
            incident_id=incident.id,
            purpose=outbox.UPDATE,
        )
    db.session.commit()
    sign_in(client, maya)

    page = client.get(f"/console/incidents/{incident.ref}/audit").text

    assert "Messages to subscribers" in page
    assert "2 waiting" in page
    assert not [each for each in readers if each in page]


def test_the_audit_can_be_narrowed_and_saved_and_no_cell_is_a_formula(
    client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = lived(maya, clock)
    sign_in(client, maya)

    file = client.get(f"/console/incidents/{incident.ref}/audit.csv")
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    people = main_of(client.get(f"/console/incidents/{incident.ref}/audit?show=people"))

    assert file.mimetype == "text/csv"
    assert rows[0] == ["UTC", "Europe/Berlin", "Who", "What", "From", "To", "Note"]
    assert rows[1][:3] == ["2026-11-23 02:14:00", "2026-11-23 03:14:00", "Maya Lindqvist"]
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    assert "'@SUM(1)" in [row[-1] for row in rows]
    assert "commander" in people
    assert "HYPERLINK" not in people


def test_the_audit_of_a_restricted_incident_is_for_the_named_alone(
    app: Flask, client: FlaskClient, maya: Person
) -> None:
    secret = an_incident(by=maya, title="Stolen keys", is_security=True)
    other = an_incident(by=maya)
    actions.relate(other, to=secret, kind="caused_by", by=maya.as_actor())
    db.session.commit()
    sign_in(client, make_person("jonas@example.com"))

    for path in ("audit", "audit.csv"):
        assert client.get(f"/console/incidents/{secret.ref}/{path}").status_code == 404
        told = client.get(f"/console/incidents/{other.ref}/{path}").text
        assert "Stolen keys" not in told
        assert secret.ref not in told
    mine = sign_in(app.test_client(), maya).get(f"/console/incidents/{secret.ref}/audit")
    assert "declared it" in mine.text  # who was named, and why


def test_the_audit_of_settings_says_who_did_what_from_what_to_what(
    client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    audit.note("role changed", by=maya.as_actor(), subject="vera@example.com", before="viewer", after="responder")
    clock.forward(days=2)
    for number in range(101):
        audit.note("component added", by=jonas.as_actor(), subject=f"Component {number}.", shown=True)
    db.session.commit()
    sign_in(client, maya)

    first = words(client.get("/console/audit"))
    mine = words(client.get(f"/console/audit?person={maya.id}"))
    that_day = words(client.get("/console/audit?since=2026-11-25&until=2026-11-25"))
    nothing = words(client.get("/console/audit?since=2026-11-24&until=2026-11-24"))

    assert "Component added: Component 100." in first
    assert "Older" in first
    assert "Role changed: vera@example.com viewer → responder" in mine
    assert "Component 1." not in mine
    assert "Component 100." in that_day
    assert "vera@example.com" not in that_day
    assert "Nothing here" in nothing


def test_a_date_that_is_none_is_said_beside_its_field(client: FlaskClient, maya: Person) -> None:
    sign_in(client, maya)

    answer = client.get("/console/audit?since=yesterday")
    assert answer.status_code == 422
    assert "Give a date, such as 2026-11-23." in words(answer)


def test_an_audit_asks_a_fixed_number_of_questions(
    client: FlaskClient, clock: WoundClock, maya: Person, count_queries: list[str]
) -> None:
    incident = lived(maya, clock)
    sign_in(client, maya)
    address = f"/console/incidents/{incident.ref}/audit"
    client.get(address)
    count_queries.clear()
    client.get(address)
    few = len(count_queries)
    for number in range(30):
        actions.add_note(incident, by=maya.as_actor(), body=f"note {number}")
    db.session.commit()
    count_queries.clear()
    client.get(address)
    assert len(count_queries) == few
