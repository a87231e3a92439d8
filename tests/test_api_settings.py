"""Door 3: what a team sets once: components, severities, escalation, templates; and the lists that only tell."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published import revision
from tests.factories import a_person
from tests.programs import Program


@pytest.fixture
def admin(app: Flask) -> Program:
    return Program(app, scope="admin")


def test_a_component_lives_under_its_public_id(admin: Program) -> None:
    group = admin.post("/component-groups", {"name": "Core"}).get_json()

    made = admin.post("/components", {"name": "API", "group_id": group["id"], "description": "REST"})

    api: Any = made.json
    assert (made.status_code, api["status"], api["shown"], api["position"]) == (201, "operational", True, 1)
    assert (api["group_id"], len(api["id"])) == (group["id"], 12)
    changed = admin.patch(
        made.headers["Location"], {"name": "Public API", "status": "major_outage", "shown": False, "description": None}
    ).get_json()
    assert (changed["name"], changed["status"], changed["shown"]) == ("Public API", "major_outage", False)
    assert changed["description"] is None
    assert admin.get(f"/components/{api['id']}").json == changed
    assert admin.delete(f"/components/{api['id']}").status_code == 204
    assert admin.get(f"/components/{api['id']}").status_code == 404


def test_components_stand_in_the_order_of_the_page_and_can_move(admin: Program) -> None:
    ids = [admin.post("/components", {"name": name}).get_json()["id"] for name in ("A", "B", "C")]

    admin.patch(f"/components/{ids[2]}", {"position": 1})
    admin.post("/components", {"name": "D", "position": 2})

    assert [each["name"] for each in admin.items("/components")] == ["C", "D", "A", "B"]


def test_a_component_moves_between_groups_and_into_the_archive(admin: Program) -> None:
    group = admin.post("/component-groups", {"name": "Core"}).get_json()
    api = admin.post("/components", {"name": "API"}).get_json()

    assert admin.patch(f"/components/{api['id']}", {"group_id": group["id"]}).get_json()["group_id"] == group["id"]
    assert admin.patch(f"/components/{api['id']}", {"group_id": None}).get_json()["group_id"] is None
    assert admin.patch(f"/components/{api['id']}", {"archived": True}).get_json()["archived"] is True
    assert admin.patch(f"/components/{api['id']}", {"archived": False}).get_json()["archived"] is False
    assert admin.patch(f"/components/{api['id']}", {"group_id": "nowhere"}).status_code == 422


def test_a_responding_program_sets_a_status_and_nothing_else(app: Flask, admin: Program) -> None:
    api = admin.post("/components", {"name": "API"}).get_json()
    responder = Program(app)

    assert responder.patch(f"/components/{api['id']}", {"status": "partial_outage"}).status_code == 200
    assert responder.patch(f"/components/{api['id']}", {"name": "Mine"}).status_code == 403
    assert responder.post("/components", {"name": "Mine"}).status_code == 403
    assert responder.delete(f"/components/{api['id']}").status_code == 403


def test_a_group_is_renamed_moved_and_removed_without_its_components(admin: Program) -> None:
    one, two = (admin.post("/component-groups", {"name": name}).get_json() for name in ("One", "Two"))
    api = admin.post("/components", {"name": "API", "group_id": one["id"]}).get_json()

    admin.patch(f"/component-groups/{two['id']}", {"name": "First", "position": 1})
    assert [each["name"] for each in admin.items("/component-groups")] == ["First", "One"]

    assert admin.delete(f"/component-groups/{one['id']}").status_code == 204
    assert admin.get(f"/component-groups/{one['id']}").status_code == 404
    assert admin.get(f"/components/{api['id']}").get_json()["group_id"] is None


def test_a_change_of_components_moves_the_page(admin: Program) -> None:
    admin.post("/components", {"name": "API"})
    before = db.session.get(revision.PageRevision, 1)
    assert before is not None
    number = before.revision

    admin.post("/components", {"name": "Mail"})

    db.session.refresh(before)
    assert before.revision > number


def test_the_matrix_is_read_and_edited(admin: Program) -> None:
    assert [each["severity"] for each in admin.items("/severities")] == ["P1", "P2", "P3", "P4"]

    changed = admin.patch("/severities/P1", {"cadence_minutes": 20, "resolve_minutes": None}).get_json()
    put = admin.put(
        "/severities/P3",
        {"examples": "Slow", "respond_minutes": 60, "cadence_minutes": 45, "resolve_minutes": 600},
    )

    assert (changed["cadence_minutes"], changed["resolve_minutes"], changed["respond_minutes"]) == (20, None, 15)
    assert (put.status_code, put.get_json()["cadence_minutes"]) == (200, 45)
    assert admin.get("/severities/P1").json == changed
    assert admin.get("/severities/P9").status_code == 404
    assert admin.patch("/severities/P1", {"cadence_minutes": 1}).status_code == 422


def test_an_escalation_policy_is_replaced_as_a_whole(admin: Program) -> None:
    a_person("Lead")
    levels = [
        {"after_minutes": 0, "tell": ["on_call"], "label": "On call"},
        {"after_minutes": 10, "tell": ["person:lead@example.com", "role:cto"]},
    ]

    put = admin.put("/escalation-policies/P1", {"levels": levels})

    assert put.status_code == 200
    assert put.get_json()["levels"][1] == {**levels[1], "label": "Level 2"}
    assert admin.get("/escalation-policies/P1").json == put.json
    assert [each["severity"] for each in admin.items("/escalation-policies")] == ["P1", "P2", "P3", "P4"]


WRONG_LEVELS: list[tuple[list[Any], str]] = [
    ([{"after_minutes": 0, "tell": ["person:nobody@example.com"]}], "#/levels"),
    ([{"after_minutes": 5, "tell": ["on_call"]}, {"after_minutes": 5, "tell": ["responders"]}], "#/levels"),
    ([{"after_minutes": "5", "tell": ["on_call"]}], "#/levels/0/after_minutes"),
    ([{"tell": ["on_call"]}], "#/levels/0/after_minutes"),
    ([{"after_minutes": 0, "tell": ["on_call"], "who": 1}], "#/levels/0/who"),
    ([3], "#/levels/0"),
]


def test_a_wrong_level_is_named_where_it_stands(admin: Program) -> None:
    for levels, pointer in WRONG_LEVELS:
        refused = admin.put("/escalation-policies/P1", {"levels": levels})

        assert refused.status_code == 422, levels
        assert pointer in [error["pointer"] for error in refused.get_json()["errors"]]


def test_message_templates_are_kept_and_names_are_unique(admin: Program) -> None:
    made = admin.post("/message-templates", {"name": "First words", "body": "{{incident.title}}", "severity": "P1"})

    assert (made.status_code, made.get_json()["severity"]) == (201, "P1")
    changed = admin.patch(made.headers["Location"], {"severity": None, "public_status": "identified"}).get_json()
    assert (changed["severity"], changed["public_status"], changed["name"]) == (None, "identified", "First words")
    assert admin.post("/message-templates", {"name": "First words", "body": "x"}).status_code == 422
    assert admin.items("/message-templates") == [changed]
    assert admin.delete(made.headers["Location"]).status_code == 204
    assert admin.get(made.headers["Location"]).status_code == 404


def test_a_failed_delivery_is_found_by_its_state_and_begun_again(app: Flask, admin: Program) -> None:
    a_person("Bob")
    admin.declare()
    message = db.session.query(OutboxMessage).one()
    message.state, message.reason = outbox.FAILED, "Mailbox full"
    db.session.commit()

    [failed] = admin.items("/deliveries?state=failed")
    assert (failed["reason"], failed["next_attempt_at"]) == ("Mailbox full", None)
    retried = admin.post(f"/deliveries/{failed['id']}/retry")

    assert (retried.status_code, retried.get_json()["state"], retried.get_json()["key"]) == (
        200,
        "waiting",
        failed["key"],
    )
    assert admin.post(f"/deliveries/{failed['id']}/retry").status_code == 409
    assert admin.post("/deliveries/77/retry").status_code == 404


def test_all_that_failed_on_one_channel_begins_again_and_nothing_else(app: Flask, admin: Program) -> None:
    for number, (channel, state) in enumerate([("email", "failed"), ("email", "sent"), ("webhook", "failed")]):
        message = outbox.enqueue(event=f"e/{number}", channel=channel, destination=f"d{number}", payload={})
        assert message is not None
        message.state, message.reason = state, "Mailbox full"
        message.sent_at = message.created_at if state == "sent" else None
    db.session.commit()

    assert admin.post("/deliveries/retry", {"channel": "email"}).get_json() == {"retried": 1}

    db.session.expire_all()
    rows = db.session.query(OutboxMessage).order_by(OutboxMessage.id)
    assert [row.state for row in rows] == ["waiting", "sent", "failed"]


def test_the_audit_is_for_admins_and_the_newest_comes_first(app: Flask, admin: Program) -> None:
    admin.post("/components", {"name": "API"})

    entries = admin.items("/audit")

    assert (entries[0]["what"], entries[0]["subject"], entries[0]["by"]) == (
        "added the component",
        "API",
        "admin program",
    )
    assert Program(app).get("/audit").status_code == 403
