"""Door 3: updates by programs are made known at once, edited without telling anybody again, and withdrawn."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.records.incidents import Incident
from incidents.records.updates import Update
from tests.factories import a_component
from tests.factories_people import make_person
from tests.programs import Program

PATH = "/incidents/INC-1/updates"


@pytest.fixture
def program(app: Flask) -> Program:
    program = Program(app)
    program.declare()
    return program


def test_a_public_update_is_on_the_page_at_once_and_cannot_be_undone(program: Program) -> None:
    api = a_component()

    answer = program.post(
        PATH, {"body": "We look into it.", "audience": "public", "components": {api: "partial_outage"}}
    )

    told: Any = answer.json
    assert (answer.status_code, told["state"], told["status"]) == (201, "published", "investigating")
    assert (told["audience"], told["components"], told["version"]) == ("public", {api: "partial_outage"}, 1)
    assert db.session.scalars(select(Update)).one().undo_until is None
    incident = program.get("/incidents/INC-1").get_json()
    page = publishing.find(1)
    assert page is not None
    assert (incident["public_id"], page.newest.body) == (page.public_id, "We look into it.")
    assert incident["public_url"] == f"http://127.0.0.1:8000/incidents/{page.public_id}"
    assert incident["components"] == {api: "partial_outage"}
    assert program.get(answer.headers["Location"]).json == told


def test_an_internal_update_is_accepted_at_every_step_and_stays_inside(program: Program) -> None:
    answer = program.post(PATH, {"body": "Looking", "audience": "internal"})

    assert (answer.status_code, answer.get_json()["status"]) == (201, None)
    assert publishing.find(1) is None
    program.put("/incidents/INC-1/resolution", {"summary": "x", "reason": "y"})
    assert program.post(PATH, {"body": "Afterwards", "audience": "internal"}).status_code == 201


def test_a_promise_may_be_earlier_than_the_cadence_and_not_later(program: Program) -> None:
    early = program.post(PATH, {"body": "x", "audience": "public", "next_update_at": "2026-11-23T02:24:30Z"})
    late = program.post(PATH, {"body": "x", "audience": "public", "next_update_at": "2026-11-23T05:00:00Z"})

    assert early.get_json()["next_update_at"] == "2026-11-23T02:24:00Z"
    assert late.status_code == 422
    assert late.get_json()["errors"][0]["pointer"] == "#/next_update_at"


def test_a_draft_is_nowhere_until_its_publication(program: Program) -> None:
    draft = program.post(PATH, {"body": "Soon", "audience": "public", "draft": True}).get_json()
    assert (draft["state"], publishing.find(1)) == ("draft", None)

    published = program.put(f"{PATH}/{draft['id']}/publication")

    assert (published.status_code, published.get_json()["state"]) == (200, "published")
    assert program.put(f"{PATH}/{draft['id']}/publication").json == published.json
    assert publishing.find(1) is not None


def test_a_program_asks_for_approval_and_its_publication_is_an_answer_too(program: Program) -> None:
    maya = make_person("maya@example.com", name="Maya Lindqvist")
    draft = program.post(PATH, {"body": "Soon", "audience": "public", "draft": True}).get_json()
    assert draft["approval"] is None

    asked = program.put(f"{PATH}/{draft['id']}/approval", {"of": "maya@example.com"}).get_json()
    again = program.put(f"{PATH}/{draft['id']}/approval", {"of": "maya@example.com"}).get_json()
    assert asked == again
    assert (asked["state"], asked["approval"]["state"]) == ("draft", "wanted")
    assert asked["approval"]["asked_of"] == "Maya Lindqvist"

    incident = db.session.get_one(Incident, 1)
    update = db.session.scalars(select(Update)).one()
    actions.approve(incident, update, by=maya.as_actor())
    db.session.commit()
    told = program.get(PATH).get_json()["items"][0]
    assert (told["state"], told["approval"]["state"]) == ("published", "approved")
    assert told["approval"]["answered_by"] == "Maya Lindqvist"


def test_an_update_may_wait_for_its_time(program: Program) -> None:
    waits = program.post(PATH, {"body": "Soon", "audience": "public", "publish_at": "2026-11-23T02:20:00Z"})

    assert (waits.status_code, waits.get_json()["state"]) == (201, "scheduled")
    assert waits.get_json()["publish_at"] == "2026-11-23T02:20:00Z"
    past = {"body": "Late", "audience": "public", "publish_at": "2026-11-23T02:00:00Z"}
    assert program.post(PATH, past).status_code == 422


def test_an_edit_shows_on_the_page_and_keeps_what_was_said(program: Program) -> None:
    update = program.post(PATH, {"body": "Tpyo", "audience": "public"}).get_json()

    answer = program.patch(f"{PATH}/{update['id']}", {"body": "Typo", "status": "identified"})

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["body"], told["status"], told["version"]) == ("Typo", "identified", 2)
    assert told["edited_at"] == "2026-11-23T02:14:00Z"
    page = publishing.find(1)
    assert page is not None
    assert [was.body for was in page.newest.revisions] == ["Tpyo"]


def test_a_withdrawn_update_is_gone_from_the_page_and_stays_on_record(program: Program) -> None:
    update = program.post(PATH, {"body": "Wrong", "audience": "public"}).get_json()

    assert program.delete(f"{PATH}/{update['id']}").status_code == 204

    assert publishing.find(1) is None
    assert [each["state"] for each in program.items(PATH)] == ["withdrawn"]
    assert program.patch(f"{PATH}/{update['id']}", {"body": "Right"}).status_code == 409


def test_an_update_of_another_incident_is_missing_here(program: Program) -> None:
    program.declare(title="Another")
    update = program.post(PATH, {"body": "x", "audience": "internal"}).get_json()

    assert program.get(f"/incidents/INC-2/updates/{update['id']}").status_code == 404
    assert program.delete(f"/incidents/INC-2/updates/{update['id']}").status_code == 404


def test_nothing_of_an_internal_incident_goes_to_the_public(program: Program) -> None:
    program.patch("/incidents/INC-1", {"visibility": "internal"})

    assert program.post(PATH, {"body": "x", "audience": "public"}).status_code == 409


def test_making_an_incident_internal_withdraws_it(program: Program) -> None:
    program.post(PATH, {"body": "x", "audience": "public"})

    assert program.patch("/incidents/INC-1", {"visibility": "internal"}).get_json()["public_id"] is None
    assert publishing.find(1) is None
