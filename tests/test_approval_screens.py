"""A second pair of eyes in the browser: asked for in the composer, answered on the draft's own page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from incidents import actions
from incidents.kernel.database import db
from incidents.published import page_settings, publishing
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.updates import Update
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, sign_in


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist", zone="Europe/Berlin")


@pytest.fixture
def lena(app: Flask) -> Person:
    return make_person("lena@example.com", name="Lena Adeyemi", zone="Europe/Berlin")


@pytest.fixture
def incident(maya: Person, lena: Person) -> Incident:
    """A P2 that Maya commands."""
    declared = an_incident(by=maya, severity="P2", title="AI provider rate limited")
    actions.acknowledge(declared, by=maya.as_actor())
    db.session.commit()
    return declared


@pytest.fixture
def mayas(app: Flask, maya: Person) -> FlaskClient:
    return sign_in(app.test_client(), maya)


@pytest.fixture
def lenas(app: Flask, lena: Person) -> FlaskClient:
    return sign_in(app.test_client(), lena)


def composed(browser: FlaskClient, incident: Incident, act: str, **more: Any) -> TestResponse:
    fields = {"act": act, "audience": "public", "body": "Answers are slow.", **more}
    return send(browser, f"/console/incidents/{incident.ref}/updates", fields)


def newest() -> Update:
    return db.session.scalars(select(Update).order_by(Update.id.desc()).limit(1)).one()


def page_of(incident: Incident) -> str:
    return f"/console/incidents/{incident.ref}/updates/{newest().public_id}"


def answered(browser: FlaskClient, incident: Incident, act: str, **more: Any) -> TestResponse:
    draft = newest()
    fields = {"act": act, "body": draft.body, "status": "investigating", "version": str(draft.version), **more}
    return send(browser, page_of(incident), fields)


def test_asked_for_in_the_composer_it_is_on_now_and_approved_with_other_words(
    incident: Incident, maya: Person, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    composed(lenas, incident, "ask", ask_of=str(maya.id))
    assert "You asked Maya Lindqvist to approve this." in words(lenas.get(page_of(incident)))
    assert "Approve and publish" not in lenas.get(page_of(incident)).text

    assert "Lena Adeyemi asks for a second pair of eyes" in words(mayas.get("/console/"))
    assert "Lena Adeyemi asks you to approve an update" in words(mayas.get(f"/console/incidents/{incident.ref}"))
    shown = mayas.get(page_of(incident))
    assert "Approve and publish" in shown.text
    assert 'class="seen"' in shown.text

    looked = answered(mayas, incident, "preview", body="Answers are very slow.")
    assert "<ins>very </ins>" in looked.text.replace("<ins> very</ins>", "<ins>very </ins>")
    assert newest().state == "draft"

    answered(mayas, incident, "approve", body="Answers are very slow.")
    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.body == "Answers are very slow."
    room = words(mayas.get(f"/console/incidents/{incident.ref}"))
    assert "You approved an update of Lena Adeyemi, with other words" in room
    assert "second pair of eyes" not in words(mayas.get("/console/"))


def test_the_second_of_two_approvers_is_told_who_was_first(
    app: Flask, incident: Incident, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    composed(lenas, incident, "ask")
    jonas = sign_in(app.test_client(), make_person("jonas@example.com", name="Jonas Weber"))
    answered(jonas, incident, "approve")

    late = answered(mayas, incident, "approve", version="1")
    assert late.status_code == 409
    assert "Jonas Weber approved this before you" in words(late)
    assert answered(jonas, incident, "approve", version="1").status_code == 303


def test_who_approves_a_text_that_the_asker_changed_meanwhile_reads_it_first(
    incident: Incident, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    composed(lenas, incident, "ask")
    answered(lenas, incident, "save", body="Answers fail.")

    asked = answered(mayas, incident, "approve", body="Answers are slow.", version="1")

    assert asked.status_code == 409
    assert "Answers fail." in words(asked)
    assert newest().state == "draft"
    assert "Changed since" not in words(mayas.get(page_of(incident)))


def test_sent_back_it_waits_on_now_of_the_asker_with_the_words(
    incident: Incident, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    composed(lenas, incident, "ask")
    refused = send(mayas, f"{page_of(incident)}/approval/return", {"words": ""}, page=page_of(incident))
    assert "Say what should be different." in words(refused)

    back = {"words": "Name the components."}
    send(mayas, f"{page_of(incident)}/approval/return", back, page=page_of(incident))

    assert "Maya Lindqvist sent your update back: Name the components." in words(lenas.get("/console/"))
    assert "Name the components." in words(lenas.get(page_of(incident)))


def test_where_the_page_asks_for_it_the_composers_button_asks(
    incident: Incident, maya: Person, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    admin = make_person("ada@example.com", name="Ada", role="admin")
    settings = {"name": "AI Perception", "zone": "UTC", "partial_weight": "30", "needs_second_eyes": "y"}
    send(sign_in(lenas.application.test_client(), admin), "/console/settings/page", settings)
    assert page_settings.page_settings().needs_second_eyes

    form = lenas.get(f"/console/incidents/{incident.ref}/updates")
    assert "Ask for approval" in form.text
    assert "Publish update" not in form.text
    composed(lenas, incident, "publish")
    assert newest().state == "draft"
    assert publishing.find(incident.id) is None
    assert "Publish update" in mayas.get(f"/console/incidents/{incident.ref}/updates").text

    composed(lenas, incident, "publish", audience="internal", body="Among us.")
    assert newest().state == "published"


def test_no_change_asks_too_where_the_page_asks(incident: Incident, mayas: FlaskClient, lenas: FlaskClient) -> None:
    composed(mayas, incident, "publish")
    page_settings.change_page_settings(needs_second_eyes=True)
    db.session.commit()

    no_change = f"/console/incidents/{incident.ref}/updates/no-change"
    assert "Ask for approval" in lenas.get(no_change).text
    send(lenas, no_change, {})

    assert (newest().state, newest().body[:13]) == ("draft", "We are still ")


def test_words_of_ones_own_at_an_ending_and_at_a_reopening_are_asked_about(
    incident: Incident, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    composed(mayas, incident, "publish")
    page_settings.change_page_settings(needs_second_eyes=True)
    db.session.commit()
    room = f"/console/incidents/{incident.ref}"

    send(lenas, f"{room}/resolution", {"summary": "Fixed.", "reason": "At once.", "public_body": "It works again."})
    published = publishing.find(incident.id)
    assert published is not None
    assert published.newest.body == "This incident is resolved."
    assert (newest().body, newest().state) == ("It works again.", "draft")
    answered(mayas, incident, "approve", status="resolved")
    assert published.newest.body == "It works again."

    send(lenas, f"{room}/reopening", {"reason": "Slow again.", "public_body": "It is slow again."})
    assert (newest().body, newest().state) == ("It is slow again.", "draft")
    answered(mayas, incident, "approve", status="investigating")
    db.session.refresh(published)
    assert published.newest.body == "It is slow again."


def test_a_time_of_publication_is_said_in_the_persons_zone_and_in_utc_and_can_be_moved(
    incident: Incident, mayas: FlaskClient, clock: WoundClock
) -> None:
    composed(mayas, incident, "schedule", publish_at="2026-11-23T03:34")

    room = words(mayas.get(f"/console/incidents/{incident.ref}"))
    assert "Will be published 03:34 CET (02:34 UTC)." in room

    answered(mayas, incident, "save", publish_at="2026-11-23T03:50")
    assert "Will be published 03:50 CET (02:50 UTC)." in words(mayas.get(page_of(incident)))
    assert "You moved an update from 23 Nov 2026, 03:34 CET (02:34 UTC) to" in words(
        mayas.get(f"/console/incidents/{incident.ref}")
    )

    answered(mayas, incident, "publish", publish_at="2026-11-23T03:50")
    assert newest().state == "published"


def test_whoever_approves_an_update_can_take_it_back_for_ten_seconds_and_its_writer_cannot(
    incident: Incident, mayas: FlaskClient, lenas: FlaskClient
) -> None:
    composed(lenas, incident, "ask")
    answered(mayas, incident, "approve")
    room = f"/console/incidents/{incident.ref}"

    assert "Undo" not in words(lenas.get(room))
    assert "Published Undo 10 s" in words(mayas.get(room))
    send(mayas, f"{page_of(incident)}/undo", page=room)
    assert publishing.find(incident.id) is None


def test_an_edited_update_shows_in_the_room_what_it_said_before(incident: Incident, mayas: FlaskClient) -> None:
    composed(mayas, incident, "publish", body="Answers are slwo.")
    answered(mayas, incident, "", body="Answers are slow.")

    room = words(mayas.get(f"/console/incidents/{incident.ref}"))

    assert "see original" in room
    assert "Answers are slwo." in room
    assert "slwo" not in mayas.get("/").text
