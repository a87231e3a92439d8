"""A form's filling acts once, however often a browser sends it."""

from __future__ import annotations

import re
import uuid

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents.jobs.timetable import forget_what_has_expired
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.once import SentForm
from incidents.records.timeline import TimelineEntry
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, sign_in


def token_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def notes(incident: Incident) -> int:
    written = select(func.count()).where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "note")
    return db.session.scalar(written) or 0


def test_the_same_filling_sent_twice_is_one_note_and_leads_to_the_same_place(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    incident = an_incident(by=maya)
    sign_in(client, maya)
    path = f"/console/incidents/{incident.ref}/notes"
    token, key = token_of(client, path), str(uuid.uuid4())
    form = {"csrf_token": token, "body": "Queue at 1,840", "kind": "note"}

    first = client.post(path, data=form, headers={"X-Once": key})
    again = client.post(path, data={**form, "body": "Queue at 1,840, sent again"}, headers={"X-Once": key})
    by_form = client.post(path, data={**form, "once": key, "body": "and by the form itself"})

    assert (first.status_code, again.status_code, by_form.status_code) == (204, 204, 303)
    assert first.headers["X-Goes-To"] == again.headers["X-Goes-To"] == by_form.headers["Location"]
    assert notes(incident) == 1


def test_a_refused_form_keeps_its_key_for_the_next_try(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    incident = an_incident(by=maya)
    sign_in(client, maya)
    path = f"/console/incidents/{incident.ref}/notes"
    token, key = token_of(client, path), str(uuid.uuid4())

    refused = client.post(path, data={"csrf_token": token, "body": "", "kind": "note"}, headers={"X-Once": key})
    mended = client.post(path, data={"csrf_token": token, "body": "Now", "kind": "note"}, headers={"X-Once": key})

    assert refused.status_code == 422
    assert mended.status_code == 204
    assert notes(incident) == 1


def test_another_person_with_the_same_key_is_another_filling(app: Flask) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com")
    incident = an_incident(by=maya)
    key = str(uuid.uuid4())
    for person in (maya, jonas):
        client = app.test_client()
        sign_in(client, person)
        path = f"/console/incidents/{incident.ref}/notes"
        token = token_of(client, path)
        form = {"csrf_token": token, "body": person.name, "kind": "note"}
        assert client.post(path, data=form, headers={"X-Once": key}).status_code == 204

    assert notes(incident) == 2


def test_keys_are_forgotten_after_a_day(app: Flask, client: FlaskClient, clock: WoundClock) -> None:
    maya = make_person(role="responder")
    incident = an_incident(by=maya)
    sign_in(client, maya)
    path = f"/console/incidents/{incident.ref}/notes"
    form = {"csrf_token": token_of(client, path), "body": "Kept a day", "kind": "note"}
    client.post(path, data=form, headers={"X-Once": str(uuid.uuid4())})
    assert db.session.scalar(select(func.count(SentForm.id))) == 1

    clock.forward(hours=25)
    forget_what_has_expired()

    assert db.session.scalar(select(func.count(SentForm.id))) == 0
