"""Door 3: rotations, overrides, roles, groups and swaps, and who is on call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.records.audit import AuditEntry
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_person
from tests.programs import Program

WEEKLY = {
    "name": "Primary",
    "time_zone": "Europe/Berlin",
    "handoff": {"every": "week", "weekday": "monday", "at": "09:00"},
    "people": ["alice@example.com", "bob@example.com"],
    "starts_on": "2026-11-16",
}


@pytest.fixture
def people(app: Flask) -> list[Person]:
    found = [a_person(name) for name in ("Alice", "Bob", "Carol")]
    db.session.commit()
    return found


@pytest.fixture
def admin(app: Flask, people: list[Person]) -> Program:
    return Program(app, scope="admin")


def named(name: str) -> dict[str, str]:
    return {"email": f"{name.lower()}@example.com", "name": name}


def pointers(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["detail"] for error in answer.json["errors"]}


@pytest.mark.parametrize("written", ["Tuesday", "tue", 1])
def test_a_weekday_is_taken_as_programs_write_it(admin: Program, written: str | int) -> None:
    handoff = {"every": "week", "weekday": written, "at": "09:00"}
    made = admin.post("/on-call/rotations", WEEKLY | {"handoff": handoff})
    assert made.get_json()["handoff"]["weekday"] == "tuesday"


def test_a_rotation_is_made_as_the_contract_writes_it_and_its_role_says_who_is_on_call(
    admin: Program, clock: WoundClock
) -> None:
    made = admin.post("/on-call/rotations", WEEKLY)
    assert made.status_code == 201, made.text
    rotation: Any = made.json
    assert (rotation["handoff"], rotation["people"]) == (
        {"every": "week", "count": 1, "weekday": "monday", "at": "09:00"},
        WEEKLY["people"],
    )

    assigned = admin.put("/on-call/roles/on_call_engineer", {"tell": [f"rotation:{rotation['id']}"]})

    assert assigned.status_code == 200, assigned.text
    # Monday 02:14 UTC: the hand-over at 09:00 in Berlin is still to come
    first, *others = admin.items("/on-call")
    assert (first["role"], first["person"], first["until"]) == (
        "on_call_engineer",
        named("Alice"),
        "2026-11-23T08:00:00Z",
    )
    assert first["next"] == named("Bob")
    assert [(each["role"], each["person"], each["assigned"]) for each in others] == [
        ("engineering_lead", None, False),
        ("cto", None, False),
    ]
    later = admin.items("/on-call?at=2026-11-23T08:00:00Z")[0]
    assert (later["person"], later["until"], later["next"]) == (named("Bob"), "2026-11-30T08:00:00Z", named("Alice"))


def test_shifts_have_no_holes_and_a_gap_has_no_person(admin: Program) -> None:
    rotation = admin.post("/on-call/rotations", {**WEEKLY, "starts_on": "2026-11-30"}).get_json()

    shifts = admin.items(f"/on-call/rotations/{rotation['id']}/shifts?until=2026-12-08T00:00:00Z")

    assert [(each["starts_at"], each["person"], each["source"]) for each in shifts] == [
        ("2026-11-23T02:14:00Z", None, "gap"),
        ("2026-11-30T08:00:00Z", named("Alice"), "layer"),
        ("2026-12-07T08:00:00Z", named("Bob"), "layer"),
    ]
    assert "#/until" in pointers(admin.get(f"/on-call/rotations/{rotation['id']}/shifts?until=2026-01-01T00:00:00Z"))


def test_layers_with_days_and_hours_come_back_as_they_were_given(admin: Program) -> None:
    layers = [
        {"people": ["alice@example.com"], "handoff": {"every": "day"}, "starts_on": "2026-11-23"},
        {
            "people": ["bob@example.com"],
            "handoff": {"every": "hour", "count": 12, "at": "18:00"},
            "starts_on": "2026-11-23",
            "ends_on": "2026-12-23",
            "weekdays": ["friday", "saturday"],
            "hours": {"from": "22:00", "until": "06:00"},
        },
    ]
    body = {"name": "Nights", "time_zone": "UTC", "layers": layers}

    made = admin.post("/on-call/rotations", body).get_json()

    assert made["layers"][1] == {**layers[1], "handoff": {"every": "hour", "count": 12, "weekday": None, "at": "18:00"}}
    assert made["layers"][0]["handoff"] == {"every": "day", "count": 1, "weekday": None, "at": "09:00"}
    at_night = admin.items(
        f"/on-call/rotations/{made['id']}/shifts?since=2026-11-27T23:00:00Z&until=2026-11-27T23:30:00Z"
    )
    assert [each["person"] for each in at_night] == [named("Bob")]


def test_changing_the_hand_over_alone_keeps_the_people(admin: Program) -> None:
    made = admin.post("/on-call/rotations", WEEKLY)

    changed = admin.patch(made.headers["Location"], {"handoff": {"every": "day", "at": "10:30"}}).get_json()

    assert (changed["people"], changed["starts_on"], changed["version"]) == (WEEKLY["people"], "2026-11-16", 2)
    assert changed["handoff"] == {"every": "day", "count": 1, "weekday": None, "at": "10:30"}
    put = admin.put(made.headers["Location"], {**WEEKLY, "name": "Renamed", "people": ["carol@example.com"]})
    assert (put.status_code, put.get_json()["people"], put.get_json()["name"]) == (
        200,
        ["carol@example.com"],
        "Renamed",
    )
    stale = admin.patch(made.headers["Location"], {"name": "Mine", "version": 1})
    assert (stale.status_code, stale.get_json()["version"]) == (409, 3)
    assert admin.patch(made.headers["Location"], {"name": "Mine"}, headers={"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"people": []}, "#/people", "Put at least one person into the rotation."),
        ({"people": ["nobody@example.com"]}, "#/people/0", "Nobody with an active account has the address nobody@example.com."),
        ({"time_zone": "Europe/Atlantis"}, "#/time_zone", "Choose a time zone from the list, such as Europe/Berlin"),
        ({"time_zone": "../etc/passwd"}, "#/time_zone", "Choose a time zone from the list, such as Europe/Berlin"),
        ({"handoff": {"every": "day", "weekday": "monday"}}, "#/handoff/weekday", "Only turns of weeks are handed over on a day of the week."),
        ({"handoff": {"every": "week", "at": "25:00"}}, "#/handoff/at", "Write the time as 09:00."),
        ({"handoff": {"every": "week", "weekday": 7}}, "#/handoff/weekday", "Choose one of monday, tuesday, wednesday, thursday, friday, saturday, sunday, or a number from 0 for Monday to 6."),
        ({"handoff": {"every": "week", "count": 0}}, "#/handoff/count", "Give a whole number from 1 to 366."),
        ({"handoff": None}, "#/handoff", "This field is needed."),
        ({"starts_on": "2026-02-30"}, "#/starts_on", "Write the day as 2026-11-23."),
        ({"name": " "}, "#/name", "Give the rotation a name."),
        ({"source_url": "https://example.com/a.ics"}, "#/people", "A rotation that is read from a calendar has no layers of its own."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rotation_is_said_at_its_field(
    admin: Program, change: dict[str, Any], pointer: str, sentence: str
) -> None:
    assert pointers(admin.post("/on-call/rotations", {**WEEKLY, **change})) == {pointer: sentence}


def test_what_is_wrong_with_a_layer_is_said_at_the_layer(admin: Program) -> None:
    layers = [
        {"people": ["alice@example.com"], "handoff": {"every": "day"}},
        {"people": [], "handoff": {"every": "day", "weekday": "monday"}, "ends_on": "2020-01-01"},
    ]

    wrong = pointers(admin.post("/on-call/rotations", {"name": "N", "time_zone": "UTC", "layers": layers}))

    assert sorted(wrong) == ["#/layers/1/ends_on", "#/layers/1/handoff/weekday", "#/layers/1/people"]
    assert "#/layers" in pointers(admin.post("/on-call/rotations", {**WEEKLY, "layers": layers}))
    assert "#/people" in pointers(admin.post("/on-call/rotations", {"name": "N", "time_zone": "UTC"}))


def test_somebody_who_may_only_look_or_is_disabled_is_not_put_on_call(admin: Program) -> None:
    a_person("Vera", role="viewer")
    a_person("Dora", disabled_at=datetime(2026, 1, 1, tzinfo=UTC))

    for name in ("vera", "dora"):
        wrong = pointers(admin.post("/on-call/rotations", {**WEEKLY, "people": [f"{name}@example.com"]}))
        assert [*wrong] in (["#/people"], ["#/people/0"])


def test_two_rotations_never_have_one_name(admin: Program) -> None:
    first = admin.post("/on-call/rotations", WEEKLY)
    assert pointers(admin.post("/on-call/rotations", WEEKLY)) == {"#/name": "Another rotation has this name."}

    assert admin.delete(first.headers["Location"]).status_code == 204

    archived = "Another rotation has this name. It is archived: restore that one, or choose another name."
    assert pointers(admin.post("/on-call/rotations", WEEKLY)) == {"#/name": archived}
    assert admin.items("/on-call/rotations") == []
    assert admin.get(first.headers["Location"]).get_json()["archived"] is True
    assert admin.patch(first.headers["Location"], {"name": "Again"}).status_code == 404


def test_an_archived_rotation_is_listed_apart_and_fetched_back(admin: Program) -> None:
    address = admin.post("/on-call/rotations", WEEKLY).headers["Location"]
    admin.patch(address, {"archived": True})
    assert [each["name"] for each in admin.items("/on-call/rotations?archived=true")] == ["Primary"]

    restored = admin.patch(address, {"archived": False, "name": "Second"})

    assert (restored.status_code, restored.get_json()["archived"]) == (200, False)
    assert [each["name"] for each in admin.items("/on-call/rotations")] == ["Second"]
    assert admin.items("/on-call/rotations?archived=true") == []


def test_a_rotation_in_use_is_not_archived_and_an_archived_one_not_used(admin: Program) -> None:
    made = admin.post("/on-call/rotations", WEEKLY)
    word = f"rotation:{made.get_json()['id']}"
    admin.put("/on-call/roles/cto", {"tell": [word]})
    admin.put("/escalation-policies/P1", {"levels": [{"after_minutes": 0, "tell": [word]}]})

    refused = admin.delete(made.headers["Location"])

    assert refused.status_code == 409
    assert refused.get_json()["detail"] == (
        "Primary is used by CTO and the escalation policy of P1. Choose another there first."
    )
    admin.put("/on-call/roles/cto", {"tell": []})
    admin.put("/escalation-policies/P1", {"levels": [{"after_minutes": 0, "tell": ["on_call"]}]})
    assert admin.delete(made.headers["Location"]).status_code == 204
    assert pointers(admin.put("/on-call/roles/cto", {"tell": ["responders", word]})) == {
        "#/tell/1": "The rotation Primary is archived."
    }
    policy = admin.put("/escalation-policies/P1", {"levels": [{"after_minutes": 0, "tell": [word]}]})
    assert pointers(policy) == {"#/levels": "The rotation Primary is archived."}


def test_an_override_holds_until_a_later_one_and_is_taken_back(admin: Program, app: Flask) -> None:
    program = Program(app)
    rotation = admin.post("/on-call/rotations", WEEKLY).get_json()
    day = {"rotation": rotation["id"], "starts_at": "2026-11-24T00:00:00Z", "ends_at": "2026-11-25T00:00:00Z"}
    first = program.post("/on-call/overrides", {**day, "person": "alice@example.com", "reason": "Bob is ill"})
    second = program.post(
        "/on-call/overrides", {**day, "person": "carol@example.com", "instead_of": "alice@example.com"}
    )
    assert (first.status_code, second.status_code) == (201, 201)

    def on_call() -> Any:
        found = admin.items(
            f"/on-call/rotations/{rotation['id']}/shifts?since=2026-11-24T12:00:00Z&until=2026-11-24T13:00:00Z"
        )
        return [(each["person"]["name"], each["source"]) for each in found]

    assert on_call() == [("Carol", "cover")]
    assert [each["person"]["name"] for each in admin.items(f"/on-call/overrides?rotation={rotation['id']}")] == [
        "Alice",
        "Carol",
    ]
    assert program.delete(second.headers["Location"]).status_code == 204
    assert on_call() == [("Alice", "cover")]
    assert program.delete(first.headers["Location"]).status_code == 204
    assert on_call() == [("Bob", "layer")]
    assert admin.items("/on-call/overrides") == []
    assert program.delete(first.headers["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"ends_at": "2026-11-23T00:00:00Z"}, "#/ends_at", "It ends before it begins."),
        ({"ends_at": "2026-11-24T00:00:00Z"}, "#/ends_at", "It ends before it begins."),
        ({"starts_at": "2026-11-20T00:00:00Z", "ends_at": "2026-11-21T00:00:00Z"}, "#/ends_at", "It lies wholly in the past."),
        ({"ends_at": "2028-11-24T00:00:00Z"}, "#/ends_at", "It is longer than a year. Change the rotation instead."),
        ({"person": "x@example.com"}, "#/person", "Nobody with an active account has the address x@example.com."),
        ({"rotation": 99}, "#/rotation", "There is no rotation 99."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_override_is_said_at_its_field(
    admin: Program, change: dict[str, Any], pointer: str, sentence: str
) -> None:
    rotation = admin.post("/on-call/rotations", WEEKLY).get_json()
    body = {
        "rotation": rotation["id"],
        "person": "carol@example.com",
        "starts_at": "2026-11-24T00:00:00Z",
        "ends_at": "2026-11-25T00:00:00Z",
    }

    assert pointers(admin.post("/on-call/overrides", {**body, **change})) == {pointer: sentence}


def test_an_override_that_has_begun_ends_now_and_one_that_is_over_stays(admin: Program, clock: WoundClock) -> None:
    rotation = admin.post("/on-call/rotations", WEEKLY).get_json()
    made = admin.post(
        "/on-call/overrides",
        {
            "rotation": rotation["id"],
            "person": "carol@example.com",
            "starts_at": "2026-11-23T00:00:00Z",
            "ends_at": "2026-11-23T06:00:00Z",
        },
    )

    clock.forward(minutes=5)
    assert admin.delete(made.headers["Location"]).status_code == 204

    assert admin.get(made.headers["Location"]).get_json()["ends_at"] == "2026-11-23T02:19:00Z"
    clock.forward(hours=1)
    assert admin.delete(made.headers["Location"]).status_code == 409


def test_a_role_resolves_to_people_groups_and_other_roles_and_never_in_a_circle(admin: Program) -> None:
    group = admin.post(
        "/on-call/groups", {"name": "Leads", "people": ["bob@example.com", "carol@example.com"]}
    ).get_json()
    assert group["people"] == [named("Bob"), named("Carol")]

    lead = admin.put("/on-call/roles/engineering_lead", {"tell": [f"group:{group['id']}", "person:alice@example.com"]})
    assert [each["name"] for each in lead.get_json()["people"]] == ["Bob", "Carol", "Alice"]
    own = admin.put("/on-call/roles/data_lead", {"tell": ["role:engineering_lead"], "label": "Data lead"})
    assert [each["name"] for each in own.get_json()["people"]] == ["Bob", "Carol", "Alice"]
    circle = admin.put("/on-call/roles/engineering_lead", {"tell": ["role:data_lead"]})
    assert pointers(circle) == {"#/tell/0": "This role leads back to the one that you are assigning."}
    itself = admin.put("/on-call/roles/on_call_engineer", {"tell": ["on_call"]})
    assert [*pointers(itself)] == ["#/tell/0"]
    for word, sentence in {
        "person:x@example.com": "Nobody has the address x@example.com.",
        "rotation:77": "There is no rotation 77.",
        "group:77": "There is no group 77.",
    }.items():
        assert pointers(admin.put("/on-call/roles/cto", {"tell": [word]})) == {"#/tell/0": sentence}
    assert "is not understood" in pointers(admin.put("/on-call/roles/cto", {"tell": ["the boss"]}))["#/tell/0"]
    assert admin.delete(f"/on-call/groups/{group['id']}").status_code == 409
    assert admin.delete("/on-call/roles/engineering_lead").status_code == 409
    assert admin.delete("/on-call/roles/data_lead").status_code == 204
    assert [each["role"] for each in admin.items("/on-call/roles")] == ["on_call_engineer", "engineering_lead", "cto"]


def test_a_group_has_people_and_a_name_of_its_own(admin: Program) -> None:
    assert [*pointers(admin.post("/on-call/groups", {"name": "Empty", "people": []}))] == ["#/people"]
    made = admin.post("/on-call/groups", {"name": "Leads", "people": ["bob@example.com"]})
    assert [*pointers(admin.post("/on-call/groups", {"name": "Leads", "people": ["bob@example.com"]}))] == ["#/name"]

    changed = admin.patch(made.headers["Location"], {"people": ["alice@example.com", "alice@example.com"]}).get_json()

    assert changed["people"] == [named("Alice")]
    assert admin.items("/on-call/groups") == [changed]
    assert admin.delete(made.headers["Location"]).status_code == 204
    assert admin.get(made.headers["Location"]).status_code == 404


def test_a_swap_is_asked_accepted_once_and_makes_its_overrides(admin: Program, app: Flask) -> None:
    program = Program(app)
    rotation = admin.post("/on-call/rotations", WEEKLY).get_json()
    asked = program.post(
        "/on-call/swaps",
        {
            "rotation": rotation["id"],
            "from": "bob@example.com",
            "starts_at": "2026-11-24T00:00:00Z",
            "ends_at": "2026-11-25T00:00:00Z",
            "note": "Dentist",
        },
    )
    assert (asked.status_code, asked.get_json()["state"], asked.get_json()["to"]) == (201, "open", None)
    path = asked.headers["Location"]

    taken = program.put(f"{path}/acceptance", {"person": "carol@example.com"})
    again = program.put(f"{path}/acceptance", {"person": "carol@example.com"})
    second = program.put(f"{path}/acceptance", {"person": "alice@example.com"})

    assert (taken.status_code, again.status_code, second.status_code) == (200, 200, 409)
    assert second.get_json()["detail"] == "Carol has taken this shift."
    assert taken.get_json()["taken_by"] == named("Carol")
    made = admin.items("/on-call/overrides")
    assert [(each["person"]["name"], each["instead_of"]["name"]) for each in made] == [("Carol", "Bob")]
    assert [each["id"] for each in admin.items("/on-call/swaps?state=accepted")] == [taken.get_json()["id"]]
    db.session.commit()
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.what.in_(("asked for a swap", "added an override"))))
    assert {(each.by_kind, each.by_name) for each in noted} == {("token", "respond program")}


def test_every_change_stands_in_the_audit_log_without_secrets(admin: Program) -> None:
    body = {"name": "Elsewhere", "time_zone": "UTC", "source_url": "webcal://calendar.example.com/secret-token.ics"}
    made = admin.post("/on-call/rotations", body).get_json()

    assert made["source_url"] == "https://calendar.example.com/…"
    kept = admin.patch(f"/on-call/rotations/{made['id']}", {"source_url": made["source_url"]})
    assert kept.status_code == 200, kept.text
    db.session.commit()
    noted = [f"{each.what} {each.subject} {each.detail}" for each in db.session.scalars(select(AuditEntry))]
    assert any(line.startswith("added the rotation Elsewhere") for line in noted)
    assert not any("secret-token" in line for line in noted)


def test_a_program_that_responds_changes_no_settings(admin: Program, app: Flask) -> None:
    program = Program(app)

    assert program.post("/on-call/rotations", WEEKLY).status_code == 403
    assert program.put("/on-call/roles/cto", {"tell": []}).status_code == 403
    assert program.get("/on-call").status_code == 200
