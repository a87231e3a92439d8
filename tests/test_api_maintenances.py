"""Door 3: maintenance and the components it touches, for programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from incidents.kernel.database import db
from incidents.published import notices
from incidents.published.baselines import baseline_history
from incidents.published.components import find_component
from tests.factories_maintenance import make_work
from tests.factories_published import make_component
from tests.programs import Program

ONE = {"title": "Storage moves", "starts_at": "2026-11-24T21:00:00Z", "ends_at": "2026-11-24T22:30:00Z"}


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


def planned(program: Program, **more: Any) -> Any:
    answer = program.post("/maintenances", {**ONE, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def test_it_is_announced_read_changed_and_cancelled(app: Flask, program: Program) -> None:
    api = make_component("API")
    made = program.post("/maintenances", {**ONE, "body": "Read-only.", "components": [api.public_id]})
    work: Any = made.json
    assert (made.status_code, work["state"], work["components"]) == (201, "scheduled", [api.public_id])
    assert work["public_url"].endswith(f"/maintenances/{work['id']}")
    assert program.get(made.headers["Location"]).json == work

    changes = {"starts_at": "2026-11-24T20:00:00Z", "title": "Moves"}
    moved: Any = program.patch(f"/maintenances/{work['id']}", changes).json
    assert (moved["title"], moved["body"], moved["starts_at"]) == ("Moves", "Read-only.", "2026-11-24T20:00:00Z")
    assert [(each["kind"], each["was_starts_at"]) for each in moved["updates"]] == [("moved", ONE["starts_at"])]

    assert program.delete(f"/maintenances/{work['id']}").status_code == 204
    assert program.delete(f"/maintenances/{work['id']}").status_code == 204
    assert program.get(f"/maintenances/{work['id']}").get_json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ends_at": "2026-11-24T20:00:00Z"}, "ends_at"),
        ({"title": ""}, "title"),
        ({"components": ["nowhere00000"]}, "components"),
        ({"recurrence": "FREQ=SECONDLY"}, "recurrence"),
        ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
        ({"recurrence": "FREQ=DAILY", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"recurrence": {"rrule": "FREQ=DAILY"}}, "recurrence"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(program: Program, given: dict[str, Any], field: str) -> None:
    answer = program.post("/maintenances", {**ONE, **given})
    assert answer.status_code == 422
    assert field in answer.text
    assert program.items("/maintenances") == []


def test_a_rule_with_its_zone_makes_a_series(program: Program) -> None:
    work = planned(program, recurrence={"rule": "FREQ=WEEKLY;BYDAY=TU", "time_zone": "Europe/Berlin"})
    assert (work["recurrence"], work["time_zone"]) == ("FREQ=WEEKLY;BYDAY=TU", "Europe/Berlin")
    assert work["next_starts_at"][:2] == ["2026-11-24T21:00:00Z", "2026-12-01T21:00:00Z"]
    summer = planned(program, recurrence="RRULE:FREQ=MONTHLY;BYDAY=-1TU", time_zone="Europe/Berlin")
    assert summer["next_starts_at"][4] == "2027-03-30T20:00:00Z"
    alone = planned(program, recurrence="FREQ=DAILY;COUNT=3")
    assert (alone["time_zone"], len(alone["next_starts_at"])) == ("UTC", 3)


def test_a_change_is_for_this_one_or_for_all(program: Program) -> None:
    work = planned(program, recurrence="FREQ=DAILY;COUNT=4")
    address = f"/maintenances/{work['id']}"
    assert program.patch(address, {"title": "This one"}).get_json()["title"] == "This one"
    assert sum(each["title"] == "This one" for each in program.items("/maintenances")) == 1

    program.patch(address, {"title": "All", "applies_to": "all"})
    assert sum(each["title"] == "All" for each in program.items("/maintenances")) == 3
    assert program.delete(f"{address}?applies_to=all").status_code == 204
    assert {each["state"] for each in program.items("/maintenances")} == {"cancelled"}
    assert program.delete(f"{address}?applies_to=all").status_code == 409


def test_what_was_planned_once_takes_no_rule_later(program: Program) -> None:
    work = planned(program)
    answer = program.patch(f"/maintenances/{work['id']}", {"recurrence": "FREQ=DAILY"})
    assert (answer.status_code, "planned once" in answer.text) == (422, True)


def test_a_program_says_how_it_goes(program: Program, clock: Any) -> None:
    work = planned(program)
    address = f"/maintenances/{work['id']}"
    for status in ("in_progress", "verifying", "completed"):
        clock.forward(minutes=5)
        assert program.patch(address, {"status": status}).get_json()["state"] == status
    assert program.patch(address, {"status": "completed"}).status_code == 200
    assert program.patch(address, {"status": "in_progress"}).status_code == 409
    said = program.post(f"{address}/updates", {"body": "All is well."})
    assert (said.status_code, said.get_json()["updates"][-1]["body"]) == (201, "All is well.")
    assert program.post(f"{address}/updates", {"body": " "}).status_code == 422


def test_a_lost_update_is_refused_to_who_says_what_was_seen(program: Program) -> None:
    work = planned(program)
    address = f"/maintenances/{work['id']}"
    program.patch(address, {"title": "First"})
    assert program.patch(address, {"title": "Second", "version": work["version"]}).status_code == 409
    assert program.patch(address, {"title": "Second"}, headers={"If-Match": '"1"'}).status_code == 412


def test_the_list_is_asked_by_state(program: Program, clock: Any) -> None:
    make_work("Runs", in_minutes=0)
    make_work("Comes", in_minutes=90)
    assert [each["title"] for each in program.items("/maintenances")] == ["Comes", "Runs"]
    assert [each["title"] for each in program.items("/maintenances?state=in_progress,verifying")] == ["Runs"]
    assert program.get("/maintenances?state=soon").status_code == 422
    assert program.get("/maintenances/nowhere00000").status_code == 404


def test_silence_is_kept(program: Program) -> None:
    planned(program, notify=False)
    assert notices.waiting() == []


def test_reading_tokens_announce_nothing(app: Flask) -> None:
    reader = Program(app, scope="read")
    assert reader.post("/maintenances", ONE).status_code == 403
    assert reader.get("/maintenances").status_code == 200


def test_a_component_takes_its_flags_its_day_and_a_reason(app: Flask) -> None:
    admin, responder = Program(app, scope="admin"), Program(app)
    flags = {"showcase": False, "only_show_if_degraded": True, "start_date": "2026-10-01"}
    made = admin.post("/components", {"name": "API", **flags}).get_json()
    assert {name: made[name] for name in flags} == flags
    address = f"/components/{made['id']}"
    assert admin.patch(address, {"start_date": None, "showcase": True}).get_json()["start_date"] is None
    assert admin.patch(address, {"start_date": "2999-01-01"}).status_code == 422
    assert admin.patch(address, {"start_date": "yesterday"}).status_code == 422

    set_by = responder.patch(address, {"status": "partial_outage", "reason": "Seen by the probe"})
    assert set_by.get_json()["status"] == "partial_outage"
    assert responder.patch(address, {"showcase": False}).status_code == 403
    found = find_component(made["id"])
    assert found is not None
    newest = baseline_history(found)[0]
    assert newest.reason == "Seen by the probe"
    assert "respond program" in (newest.by_name or "")
    db.session.rollback()
