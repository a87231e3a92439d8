"""Door 3: an incident from declaration to its end, as programs drive it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from incidents.published import publishing
from tests.factories import a_component, a_person
from tests.programs import Program


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


def test_declaring_answers_201_with_the_incident_and_where_it_is(program: Program) -> None:
    api = a_component()

    answer = program.post(
        "/incidents",
        {
            "title": "Checkout fails",
            "severity": "P2",
            "impact": "One in ten orders",
            "components": {api: "partial_outage"},
            "detected_at": "2026-11-23T03:04:00+01:00",
            "detected_by": "Grafana",
            "impact_started_at": "2026-11-23T01:55:30Z",
        },
    )

    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/incidents/INC-1")
    told: Any = answer.json
    expected = {
        "ref": "INC-1",
        "title": "Checkout fails",
        "severity": "P2",
        "step": "detection",
        "status": "Investigating",
        "state": "open",
        "outcome": None,
        "visibility": "public",
        "drill": False,
        "impact": "One in ten orders",
        "detected_at": "2026-11-23T02:04:00Z",
        "detected_by": "Grafana",
        "impact_started_at": "2026-11-23T01:55:30Z",
        "components": {api: "partial_outage"},
        "public_id": None,
        "public_url": None,
        "update_overdue": False,
        "declared_by": "respond program",
    }
    assert {name: told[name] for name in expected} == expected
    assert answer.headers["ETag"] == f'"{told["version"]}"'
    assert program.get("/incidents/INC-1").json == told


def test_no_components_at_all_is_an_answer_too(program: Program) -> None:
    assert program.declare(components={})["components_answered"] is True
    assert program.declare()["components_answered"] is False
    assert program.declare(components=None)["components_answered"] is False


def test_a_security_incident_is_restricted_and_a_drill_says_so(program: Program) -> None:
    assert program.declare(security=True)["visibility"] == "restricted"
    assert program.declare(drill=True)["drill"] is True


def test_what_was_over_already_is_recorded_as_resolved(program: Program) -> None:
    over = program.declare(detected_at="2026-11-23T00:00:00Z", resolved_at="2026-11-23T01:00:00Z")

    assert (over["outcome"], over["step"], over["resolved_at"]) == ("resolved", "resolution", "2026-11-23T01:00:00Z")


def test_acknowledging_enters_triage_and_can_be_repeated_and_taken_back(program: Program) -> None:
    program.declare()

    first = program.put("/incidents/INC-1/acknowledgement")
    again = program.put("/incidents/INC-1/acknowledgement", {})

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    told: Any = first.json
    assert (told["step"], told["acknowledged"], told["next_update_due_at"]) == ("triage", True, "2026-11-23T02:44:00Z")
    assert program.delete("/incidents/INC-1/acknowledgement").status_code == 204
    assert program.get("/incidents/INC-1").get_json()["acknowledged"] is False


def test_an_update_that_is_late_is_said_to_be(program: Program, clock: Any) -> None:
    program.declare()
    program.put("/incidents/INC-1/acknowledgement")
    clock.forward(minutes=31)

    assert program.get("/incidents/INC-1").get_json()["update_overdue"] is True


def test_a_step_that_asks_for_more_says_what_is_missing(program: Program) -> None:
    program.declare()
    program.put("/incidents/INC-1/acknowledgement")

    refused = program.post("/incidents/INC-1/steps", {"step": "communication"})
    answered = program.post("/incidents/INC-1/steps", {"step": "communication", "note": "Everybody", "reason": "later"})

    assert refused.status_code == 409
    assert refused.get_json()["missing"] == ["impact", "components"]
    assert answered.status_code == 200
    told: Any = answered.json
    assert (told["step"], told["impact"], told["next_step"]) == ("communication", "Everybody", "investigation")


def test_the_current_step_again_writes_nothing(program: Program) -> None:
    program.declare()
    before = program.put("/incidents/INC-1/acknowledgement").get_json()

    again = program.post("/incidents/INC-1/steps", {"step": "triage"})

    assert (again.status_code, again.get_json()) == (200, before)


def test_a_mitigation_in_place_is_recorded(program: Program) -> None:
    program.declare()
    program.post("/incidents/INC-1/steps", {"step": "mitigation", "note": "A second provider", "reason": "it burns"})

    told = program.post("/incidents/INC-1/steps", {"step": "mitigation", "in_place": True}).get_json()

    assert told["mitigated_at"] == "2026-11-23T02:14:00Z"
    assert told["status"] == "Mitigating"


def test_the_severity_has_its_own_address(program: Program) -> None:
    program.declare()

    assert program.patch("/incidents/INC-1", {"severity": "P3"}).status_code == 422
    told = program.put("/incidents/INC-1/severity", {"severity": "P3", "reason": "A few only"})
    assert (told.status_code, told.get_json()["severity"]) == (200, "P3")


def test_a_patch_mends_what_is_given_and_leaves_the_rest(program: Program) -> None:
    api = a_component()
    program.declare(impact="Some")

    told = program.patch(
        "/incidents/INC-1",
        {
            "title": "Checkout is slow",
            "cause": "capacity",
            "components": {api: "degraded_performance"},
            "impact_started_at": "2026-11-23T02:00:00Z",
            "detected_at": "2026-11-23T02:10:00Z",
        },
    ).get_json()

    assert (told["title"], told["cause"], told["impact"]) == ("Checkout is slow", "capacity", "Some")
    assert told["components"] == {api: "degraded_performance"}
    assert (told["impact_started_at"], told["detected_at"]) == ("2026-11-23T02:00:00Z", "2026-11-23T02:10:00Z")


def test_a_patch_keeps_the_old_text_on_the_timeline(program: Program) -> None:
    program.declare(title="Old")
    program.patch("/incidents/INC-1", {"title": "New"})

    entry = program.items("/incidents/INC-1/timeline")[-1]

    assert (entry["kind"], entry["detail"]) == ("title", {"before": "Old", "after": "New"})


def test_a_patch_that_is_wrong_in_one_part_changes_nothing(program: Program) -> None:
    before = program.declare(title="Old")

    assert program.patch("/incidents/INC-1", {"title": "New", "cause": "magic"}).status_code == 422
    assert program.get("/incidents/INC-1").json == before


def test_resolving_publishes_the_public_text_and_keeps_the_summary_inside(program: Program) -> None:
    program.declare()
    program.post("/incidents/INC-1/updates", {"body": "We look into it.", "audience": "public"})

    refused = program.put("/incidents/INC-1/resolution", {"summary": "Rolled back"})
    told = program.put(
        "/incidents/INC-1/resolution",
        {"summary": "Rolled back", "public_body": "All is well.", "cause": "deployment", "reason": "found at once"},
    )

    assert (refused.status_code, refused.get_json()["missing"]) == (409, ["reason"])
    resolved: Any = told.json
    assert (told.status_code, resolved["outcome"], resolved["state"]) == (200, "resolved", "resolved")
    assert (resolved["cause"], resolved["resolution_summary"]) == ("deployment", "Rolled back")
    page = publishing.find(1)
    assert page is not None
    assert (page.newest.body, page.newest.public_status) == ("All is well.", "resolved")


def test_a_repeated_resolution_answers_200_and_writes_nothing(program: Program) -> None:
    program.declare()
    body = {"summary": "Rolled back", "reason": "found at once"}
    first = program.put("/incidents/INC-1/resolution", body)

    assert program.put("/incidents/INC-1/resolution", body).json == first.json


def test_a_false_alarm_needs_its_reason(program: Program) -> None:
    program.declare()

    assert program.put("/incidents/INC-1/resolution", {"outcome": "false_alarm"}).status_code == 422
    told = program.put("/incidents/INC-1/resolution", {"outcome": "false_alarm", "reason": "A test"}).get_json()
    assert (told["outcome"], told["state"], told["outcome_reason"]) == ("false_alarm", "closed", "A test")


def test_entering_resolution_resolves_and_going_back_across_it_reopens(program: Program) -> None:
    program.declare()

    over = program.post("/incidents/INC-1/steps", {"step": "resolution", "note": "Rolled back", "reason": "at once"})
    back = program.post("/incidents/INC-1/steps", {"step": "investigation", "reason": "It is back"})

    assert (over.status_code, over.get_json()["outcome"]) == (200, "resolved")
    assert over.get_json()["resolution_summary"] == "Rolled back"
    assert (back.status_code, back.get_json()["state"], back.get_json()["step"]) == (200, "open", "investigation")


def test_reopening_begins_at_the_step_that_was_asked_for(program: Program) -> None:
    program.declare()
    program.put("/incidents/INC-1/resolution", {"summary": "x", "reason": "y"})

    told = program.post("/incidents/INC-1/reopening", {"reason": "It is back", "step": "triage"})

    assert told.status_code == 200
    assert (told.get_json()["state"], told.get_json()["step"]) == ("open", "triage")
    assert program.post("/incidents/INC-1/reopening", {"reason": "Again"}).status_code == 409


def test_the_seventh_step_takes_plain_text_and_closes(program: Program) -> None:
    program.declare()
    program.put("/incidents/INC-1/resolution", {"summary": "x", "reason": "y"})

    told = program.post("/incidents/INC-1/steps", {"step": "postmortem", "note": "We learnt to ask first."}).get_json()

    assert (told["step"], told["state"]) == ("postmortem", "closed")


def test_a_merged_incident_says_where_it_goes_on(program: Program) -> None:
    program.declare()
    program.declare(title="The same")

    told = program.post("/incidents/INC-2/merge", {"into": "INC-1"})

    assert (told.status_code, told.get_json()["outcome"], told.get_json()["merged_into"]) == (200, "merged", "INC-1")
    assert program.post("/incidents/INC-1/merge", {"into": "INC-9"}).status_code == 422
    assert program.post("/incidents/INC-9/merge", {"into": "INC-1"}).status_code == 404


def test_roles_are_given_by_address_and_taken_away(program: Program) -> None:
    a_person("Bob")
    program.declare()

    told = program.put("/incidents/INC-1/roles/scribe", {"person": "Bob@example.com"})

    assert told.status_code == 200
    assert told.get_json()["roles"]["scribe"]["email"] == "bob@example.com"
    assert told.get_json()["roles"]["commander"] is None
    assert program.put("/incidents/INC-1/roles/scribe", {"person": "no@example.com"}).status_code == 422
    assert program.put("/incidents/INC-1/roles/king", {"person": "bob@example.com"}).status_code == 404
    assert program.delete("/incidents/INC-1/roles/scribe").status_code == 204
    assert program.get("/incidents/INC-1").get_json()["roles"]["scribe"] is None


def test_a_snooze_is_refused_the_third_time_in_a_row(program: Program, clock: Any) -> None:
    program.declare()
    program.put("/incidents/INC-1/acknowledgement")
    path, body = "/incidents/INC-1/snoozes", {"minutes": 10, "reason": "On the phone"}

    answers = [program.post(path, body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[0].get_json()["until"] == "2026-11-23T02:24:00Z"
    assert program.post(path, {"minutes": 12, "reason": "x"}).status_code == 422


def test_escalating_says_who_was_told(program: Program) -> None:
    a_person("Bob")
    program.declare()

    told = program.post("/incidents/INC-1/escalations", {"reason": "customer", "note": "The bank calls"})

    assert (told.status_code, told.get_json()["reason"]) == (201, "customer")
    assert told.get_json()["told"] == [{"email": "bob@example.com", "name": "Bob"}]
    assert program.post("/incidents/INC-1/escalations", {"reason": "boredom"}).status_code == 422


def test_relations_are_said_once_and_taken_back(program: Program) -> None:
    program.declare()
    program.declare(title="Another")

    first = program.post("/incidents/INC-1/relations", {"to": "INC-2", "kind": "caused_by"})
    again = program.post("/incidents/INC-1/relations", {"to": "INC-2", "kind": "caused_by"})

    assert (first.status_code, first.json) == (201, again.json)
    assert program.items("/incidents/INC-2/relations") == [first.json]
    where = first.headers["Location"]
    assert program.delete(where).status_code == 204
    assert program.delete(where).status_code == 404
    assert program.items("/incidents/INC-1/relations") == []


def test_people_are_named_in_a_restricted_incident_and_unnamed(program: Program) -> None:
    a_person("Bob")
    program.declare(security=True)

    told = program.post("/incidents/INC-1/people", {"person": "bob@example.com", "reason": "Knows the vault"})

    assert (told.status_code, told.get_json()["email"]) == (201, "bob@example.com")
    assert [each["kind"] for each in program.items("/incidents/INC-1/people")] == ["token", "person"]
    assert program.delete("/incidents/INC-1/people/bob@example.com").status_code == 409  # nobody would be left
    assert program.delete("/incidents/INC-1/people/no@example.com").status_code == 404


def test_notes_and_decisions_are_internal_lines(program: Program) -> None:
    program.declare()

    note = program.post("/incidents/INC-1/notes", {"body": "The log is full"})
    decision = program.post("/incidents/INC-1/notes", {"body": "Roll back", "kind": "decision"})

    assert (note.status_code, note.get_json()["kind"], note.get_json()["public"]) == (201, "note", False)
    assert decision.get_json()["kind"] == "decision"
    assert program.post("/incidents/INC-1/notes", {"body": "x", "kind": "event"}).status_code == 422


def test_the_timeline_is_oldest_first_and_a_correction_keeps_the_original(program: Program) -> None:
    program.declare()
    program.post("/incidents/INC-1/notes", {"body": "Now"})
    event = program.post(
        "/incidents/INC-1/timeline",
        {"body": "It began", "at": "2026-11-23T01:00:00Z", "link": "https://example.com/graph"},
    ).get_json()

    mended = program.patch(f"/incidents/INC-1/timeline/{event['id']}", {"body": "It slowed down"}).get_json()

    assert program.items("/incidents/INC-1/timeline")[0]["body"] == "It slowed down"
    assert mended["corrected"] is True
    assert [was["body"] for was in mended["originals"]] == ["It began"]
    assert mended["link"] == "https://example.com/graph"
    assert program.patch("/incidents/INC-1/timeline/1", {"body": "Nothing"}).status_code == 409
    assert program.patch("/incidents/INC-1/timeline/999999999999999999999", {"body": "x"}).status_code == 404


def test_the_communication_template_is_plain_text(program: Program) -> None:
    program.declare()

    answer = program.get("/incidents/INC-1/communication")

    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text.splitlines()[:3] == ["INCIDENT: Checkout fails", "SEVERITY: P1", "STATUS: Investigating"]


FILTERED = [
    ("", ["INC-3", "INC-2", "INC-1"]),
    ("?state=open", ["INC-3", "INC-1"]),
    ("?state=closed", ["INC-2"]),
    ("?state=open,closed&severity=P1", ["INC-1"]),
    ("?severity=P3,P4", ["INC-3", "INC-2"]),
    ("?visibility=internal", ["INC-3"]),
    ("?q=CHECKOUT", ["INC-1"]),
    ("?q=100%25", ["INC-2"]),
    ("?q=some", ["INC-3"]),
    ("?since=2026-11-23T02:00:00Z", ["INC-3", "INC-2"]),
    ("?until=2026-11-23T02:00:00Z", ["INC-1"]),
    ("?component=nothing", []),
]


def test_a_list_is_filtered(program: Program) -> None:
    program.declare(detected_at="2026-11-23T01:00:00Z")
    program.declare(title="Disk 100% full", severity="P4")
    program.declare(title="Mail waits", severity="P3", visibility="internal", impact="Some letters")
    program.put("/incidents/INC-2/resolution", {"summary": "x", "reason": "y"})

    for query, expected in FILTERED:
        assert [each["ref"] for each in program.items(f"/incidents{query}")] == expected, query


def test_a_list_is_filtered_by_component(program: Program) -> None:
    api = a_component()
    program.declare()
    program.declare(components={api: "major_outage"})

    assert [each["ref"] for each in program.items(f"/incidents?component={api}")] == ["INC-2"]


def test_deliveries_of_an_incident_say_who_was_told(program: Program) -> None:
    a_person("Bob")
    program.declare()

    [told] = program.items("/incidents/INC-1/deliveries")

    assert (told["destination"], told["state"], told["channel"]) == ("bob@example.com", "waiting", "email")
    assert (told["incident"], told["attempts"]) == ("INC-1", 0)
    assert program.items("/incidents/INC-1/deliveries?state=failed") == []


def test_a_slow_answer_breaches_its_target(program: Program, clock: Any) -> None:
    program.declare()
    clock.forward(minutes=16)

    target = program.get("/incidents/INC-1").get_json()["targets"]["respond"]

    assert (target["state"], target["deadline_at"]) == ("breached", "2026-11-23T02:29:00Z")


def test_a_list_costs_the_same_however_long_it_is(program: Program, count_queries: list[str]) -> None:
    program.declare()
    program.get("/incidents")
    count_queries.clear()
    program.get("/incidents")
    of_one = len(count_queries)
    for _ in range(5):
        program.declare()
    count_queries.clear()

    program.get("/incidents")

    assert len(count_queries) == of_one


def test_a_get_writes_nothing(program: Program, count_queries: list[str]) -> None:
    program.declare()
    program.get("/incidents/INC-1")
    count_queries.clear()

    for path in ("", "/updates", "/timeline", "/communication", "/deliveries", "/people", "/relations"):
        assert program.get(f"/incidents/INC-1{path}").status_code == 200

    assert not [said for said in count_queries if said.split()[0] in {"INSERT", "UPDATE", "DELETE"}]
