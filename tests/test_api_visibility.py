"""Door 3: a restricted incident is nowhere to be seen by a token that is not named in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from incidents.api.operations import OPERATIONS, Operation
from incidents.kernel import outbox
from incidents.kernel.database import db
from tests.factories import a_component, a_person
from tests.programs import Program

CANARY = "Yellowbird"
HIDDEN, MISSING = "INC-2", "INC-77"
# a body that each operation with one would take, were the incident there
BODIES: Mapping[str, Any] = {
    "change_incident": {"title": "x"},
    "change_severity": {"severity": "P3"},
    "enter_step": {"step": "triage"},
    "resolve": {"summary": "x", "reason": "y"},
    "reopen": {"reason": "x"},
    "merge": {"into": "INC-1"},
    "post_update": {"body": "x", "audience": "internal"},
    "change_update": {"body": "x"},
    "add_event": {"body": "x"},
    "add_note": {"body": "x"},
    "correct_entry": {"body": "x"},
    "snooze": {"minutes": 10, "reason": "x"},
    "escalate": {"reason": "customer"},
    "assign_role": {"person": "bob@example.com"},
    "name_person": {"person": "bob@example.com"},
    "send_back": {"words": "x"},
    "relate": {"to": "INC-1", "kind": "caused_by"},
}


@pytest.fixture
def stranger(app: Flask) -> Program:
    """A token that may do everything, and is not named in INC-2, which everything here is about."""
    a_person("Bob")
    api = a_component("API")
    insider = Program(app, scope="admin", name="insider")
    insider.declare(title="Checkout fails", components={api: "major_outage"})
    insider.declare(title=f"{CANARY} leaks", security=True, impact=CANARY, components={api: "major_outage"})
    insider.post(f"/incidents/{HIDDEN}/notes", {"body": CANARY})
    insider.post(f"/incidents/{HIDDEN}/updates", {"body": CANARY, "audience": "internal"})
    insider.post("/incidents/INC-1/relations", {"to": HIDDEN, "kind": "caused_by"})
    insider.declare(title="A third")
    insider.post(f"/incidents/{HIDDEN}/relations", {"to": "INC-3", "kind": "seen_before"})
    assert len(insider.items("/incidents")) == 3
    assert insider.items("/incidents/INC-1/timeline")[-1]["other"] == HIDDEN
    return Program(app, scope="admin", name="stranger")


def address(entry: Operation, ref: str) -> str:
    """The operation's address with something in every part."""
    parts = {"ref": ref, "update_id": "abcdefghijkl", "entry_id": "1", "relation_id": "1"}
    parts |= {"role": "commander", "email": "bob@example.com"}
    path = entry.rule
    for name, value in parts.items():
        path = path.replace(f"<{name}>", value)
    return path


def comparable(answer: Any, ref: str) -> tuple[int, str]:
    """An answer without what is different each time, or repeats the address."""
    told = {**answer.json, "reference": "", "instance": answer.json["instance"].replace(ref, "")}
    return answer.status_code, str(sorted(told.items()))


def test_a_hidden_incident_answers_as_a_missing_one_on_every_address(stranger: Program) -> None:
    of_incidents = [entry for entry in OPERATIONS if "<ref>" in entry.rule]
    assert len(of_incidents) > 25

    for entry in of_incidents:
        body = BODIES.get(entry.name)
        hidden = stranger.ask(entry.method, address(entry, HIDDEN), body)
        missing = stranger.ask(entry.method, address(entry, MISSING), body)

        assert hidden.status_code == 404, entry.name
        assert comparable(hidden, HIDDEN) == comparable(missing, MISSING), entry.name


def test_a_hidden_incident_is_in_no_list_search_delivery_or_audit(stranger: Program) -> None:
    lists = [entry for entry in OPERATIONS if entry.method == "GET" and "<ref>" not in entry.rule and entry.is_list]

    for entry in lists:
        for query in ("", "?limit=200", f"?q={CANARY}", "?visibility=restricted", "?severity=P1"):
            answer = stranger.get(f"{entry.rule}{query}")
            assert CANARY not in answer.text, (entry.name, query)
            assert HIDDEN not in answer.text, (entry.name, query)
    for path in ("", "/timeline", "/relations", "/updates", "/deliveries", "/people", "/communication"):
        for ref in ("INC-1", "INC-3"):
            answer = stranger.get(f"/incidents/{ref}{path}")
            assert answer.status_code == 200
            assert CANARY not in answer.text, path
            assert HIDDEN not in answer.text, path
            assert "other_id" not in answer.text, path


def test_letters_about_accounts_are_listed_and_sent_again_for_admins_alone(app: Flask) -> None:
    payload = {"to": "eve@example.com", "subject": "Reset your password", "text": ""}
    message = outbox.enqueue(event="reset:1", channel="email", destination="eve@example.com", payload=payload)
    assert message is not None
    number = message.id
    db.session.commit()

    for scope in ("read", "respond"):
        program = Program(app, scope=scope)
        assert program.items("/deliveries") == []
        assert program.get(f"/deliveries/{number}").status_code == 404
    assert Program(app, scope="respond", name="again").post(f"/deliveries/{number}/retry").status_code == 404
    [told] = Program(app, scope="admin").items("/deliveries")
    assert told["destination"] == "eve@example.com"


def test_a_hidden_incident_named_in_a_body_is_missing_too(stranger: Program) -> None:
    def told(answer: Any, ref: str) -> tuple[int, str]:
        return answer.status_code, answer.json["errors"][0]["detail"].replace(ref, "")

    for path, body in (("relations", {"kind": "caused_by", "to": ""}), ("merge", {"into": ""})):
        field = "to" if "to" in body else "into"
        hidden = stranger.post(f"/incidents/INC-1/{path}", {**body, field: HIDDEN})
        missing = stranger.post(f"/incidents/INC-1/{path}", {**body, field: MISSING})

        assert told(hidden, HIDDEN) == told(missing, MISSING)
        assert hidden.status_code == 422


def test_a_hidden_relation_can_be_removed_by_nobody_who_does_not_see_it(stranger: Program) -> None:
    assert stranger.delete("/incidents/INC-1/relations/1").status_code == 404


def test_a_merge_into_a_hidden_incident_is_not_told(app: Flask, stranger: Program) -> None:
    insider = Program(app, name="another insider")
    insider.declare(title="A fourth", security=True)
    insider.declare(title="A fifth", visibility="internal")
    assert insider.post("/incidents/INC-5/merge", {"into": "INC-4"}).get_json()["merged_into"] == "INC-4"

    assert stranger.get("/incidents/INC-5").get_json()["merged_into"] is None


def test_the_token_that_declares_or_restricts_an_incident_still_sees_it(app: Flask) -> None:
    program, other = Program(app), Program(app, name="other")
    program.declare(security=True)
    program.declare()

    told = other.patch("/incidents/INC-2", {"visibility": "restricted"})

    assert (told.status_code, told.get_json()["visibility"]) == (200, "restricted")
    assert other.get("/incidents/INC-2").status_code == 200
    assert program.get("/incidents/INC-1").status_code == 200
    assert other.get("/incidents/INC-1").status_code == 404
