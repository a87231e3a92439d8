"""Action items by the API: added, narrowed, changed by who saw the newest, and hidden with their incident."""

from __future__ import annotations

import pytest
from flask import Flask

from incidents import actions
from incidents.actions import action_items
from tests.factories import an_incident
from tests.factories_people import make_person
from tests.programs import Program


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


def test_an_item_is_added_once_and_read_in_a_list_that_is_narrowed(program: Program) -> None:
    make_person()
    program.declare()
    body = {
        "incident": "INC-1",
        "title": "Alert on the queue",
        "kind": "detect",
        "owner": "maya@example.com",
        "due_on": "2026-12-01",
        "link": "https://github.com/acme/shop/issues/12",
    }
    key = {"headers": {"Idempotency-Key": "once"}}
    answers = [program.post("/action-items", body, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].headers["Location"] == "/api/v1/action-items/1"
    item = answers[1].get_json()
    assert (item["id"], item["status"], item["owner"]["name"]) == (1, "open", "Maya")
    assert (item["reference"], item["due_on"]) == ("acme/shop#12", "2026-12-01")

    program.post("/action-items", {"incident": "INC-1", "title": "Write it down", "kind": "process"})
    assert [each["id"] for each in program.items("/action-items")] == [2, 1]
    for query, found in {
        "owner=maya@example.com": [1],
        "owner=nobody": [2],
        "kind=process,prevent": [2],
        "status=undone&due_before=2026-12-02": [1],
        "status=done": [],
        "incident=INC-1&priority=normal": [2, 1],
        "incident=INC-9": [],
    }.items():
        assert [each["id"] for each in program.items(f"/action-items?{query}")] == found, query
    first = program.get("/action-items?limit=1")
    assert 'rel="next"' in first.headers["Link"]


def test_who_saw_an_older_item_is_refused_and_told_what_stands(program: Program) -> None:
    program.declare()
    program.post("/action-items", {"incident": "INC-1", "title": "Retry", "kind": "mitigate"})
    changed = program.patch("/action-items/1", {"status": "in_progress", "version": 1})
    assert (changed.get_json()["status"], changed.headers["ETag"]) == ("in_progress", '"2"')

    late = program.patch("/action-items/1", {"status": "done", "version": 1})
    assert (late.status_code, late.get_json()["theirs"]) == (409, {"status": "in_progress"})
    assert program.delete("/action-items/1", headers={"If-Match": '"1"'}).status_code == 412
    unsaid = program.patch("/action-items/1", {"status": "dropped"})
    assert (unsaid.status_code, unsaid.get_json()["errors"][0]["pointer"]) == (422, "#/reason")
    assert (
        program.patch("/action-items/1", {"status": "dropped", "reason": "Bought"}).get_json()["dropped_reason"]
        == "Bought"
    )
    assert program.delete("/action-items/1").status_code == 204
    assert program.get("/action-items/1").status_code == 404


def test_items_of_a_restricted_incident_are_missing_everywhere(app: Flask, program: Program) -> None:
    maya = make_person()
    incident = an_incident(by=maya)
    item = action_items.add(incident, title="Turn the key", kind="prevent", by=maya.as_actor())
    actions.change_visibility(incident, to="restricted", by=maya.as_actor(), viewer_person=maya)

    assert program.items("/action-items") == []
    assert program.get(f"/action-items/{item.id}").status_code == 404
    assert program.patch(f"/action-items/{item.id}", {"status": "done"}).status_code == 404
    assert program.delete(f"/action-items/{item.id}").status_code == 404
    refused = program.post("/action-items", {"incident": "INC-1", "title": "T", "kind": "prevent"})
    assert (refused.status_code, refused.get_json()["errors"][0]["detail"]) == (422, "There is no incident INC-1.")
