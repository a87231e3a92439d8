"""The list of subscribers for programs: only with the scope admin, and a secret once."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.published.subscribers import Subscriber
from incidents.records.audit import AuditEntry
from incidents.records.incidents import Incident
from tests.factories_published import make_component
from tests.outgoing import Outgoing, run_due_jobs
from tests.programs import Program


def admin(app: Flask) -> Program:
    return Program(app, scope="admin")


def mail(email: str, **more: Any) -> dict[str, Any]:
    return {"kind": "email", "email": email, **more}


def test_an_address_is_asked_unless_its_owner_is_said_to_have_agreed(app: Flask, outgoing: Outgoing) -> None:
    program = admin(app)
    api = make_component("API")
    asked = program.post("/subscribers", mail("Ada@Example.com"))
    assert (asked.status_code, asked.get_json()["email"], asked.get_json()["confirmed"]) == (
        201,
        "ada@example.com",
        False,
    )
    told = program.post("/subscribers", mail("ben@example.com", confirmed=True, components=[api.public_id]))
    assert (told.get_json()["confirmed"], told.get_json()["components"]) == (True, [api.public_id])
    assert program.post("/subscribers", mail("ben@example.com")).status_code == 200
    assert program.post("/subscribers", mail("ada@example.com", confirmed=True)).get_json()["confirmed"]
    run_due_jobs()
    assert outgoing.destinations == ["ada@example.com"]


def test_what_cannot_be_added_says_which_field_is_wrong(app: Flask) -> None:
    program = admin(app)
    wrong: list[tuple[dict[str, Any], str]] = [
        (mail("a@example.com,b@example.com"), "#/email"),
        ({"kind": "email"}, "#/email"),
        ({"kind": "webhook", "email": "a@example.com"}, "#/url"),
        ({"kind": "webhook", "url": "https://127.0.0.1/"}, "#/url"),
        (mail("a@example.com", components=["zzzzzzzzzzzz"]), "#/components"),
        (mail("a@example.com", components=[], confirmed=True), "#/components"),
    ]
    for body, pointer in wrong:
        answer = program.post("/subscribers", body)
        assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer), body


def test_a_webhooks_secret_is_in_the_first_answer_alone(app: Flask) -> None:
    program = admin(app)
    made = program.post("/subscribers", {"kind": "webhook", "url": "https://hooks.example.com/", "shape": "statuspage"})
    assert made.status_code == 201
    assert made.get_json()["secret"].startswith("whsec_")
    assert program.get(f"/subscribers/{made.get_json()['id']}").get_json()["secret"] is None
    assert program.items("/subscribers")[0]["secret"] is None
    assert program.post("/subscribers", {"kind": "webhook", "url": "https://hooks.example.com/"}).status_code == 409


def test_the_list_comes_in_pages_and_narrowed(app: Flask) -> None:
    program = admin(app)
    for number in range(3):
        program.post("/subscribers", mail(f"r{number}@example.com", confirmed=number > 0))
    page = program.get("/subscribers?limit=2")
    assert [each["email"] for each in page.get_json()["items"]] == ["r2@example.com", "r1@example.com"]
    rest = program.get(page.headers["Link"].partition(">")[0].removeprefix("<http://127.0.0.1:8000"))
    assert [each["email"] for each in rest.get_json()["items"]] == ["r0@example.com"]
    assert [each["email"] for each in program.items("/subscribers?state=unconfirmed")] == ["r0@example.com"]
    assert [each["email"] for each in program.items("/subscribers?q=R1")] == ["r1@example.com"]
    assert program.items("/subscribers?kind=webhook") == []


def test_a_choice_is_changed_in_part(app: Flask) -> None:
    program = admin(app)
    api = make_component("API")
    one = program.post("/subscribers", mail("ada@example.com", confirmed=True, language="de")).get_json()
    changed = program.patch(
        f"/subscribers/{one['id']}", {"components": [api.public_id], "maintenance": False}
    ).get_json()
    assert (changed["components"], changed["maintenance"], changed["language"]) == ([api.public_id], False, "de")
    assert program.patch(f"/subscribers/{one['id']}", {"components": None}).get_json()["components"] is None


def test_deleting_and_erasing_leave_no_address_behind(app: Flask, outgoing: Outgoing) -> None:
    program = admin(app)
    ada = program.post("/subscribers", mail("ada@example.com"), headers={"Idempotency-Key": "one"}).get_json()
    program.post("/subscribers", mail("ben@example.com"))
    run_due_jobs()
    assert program.delete(f"/subscribers/{ada['id']}").status_code == 204
    assert program.get(f"/subscribers/{ada['id']}").status_code == 404
    assert program.post("/subscribers/erasure", {"email": "BEN@example.com"}).get_json() == {"erased": True}
    assert program.post("/subscribers/erasure", {"email": "ben@example.com"}).get_json() == {"erased": False}
    kept = repr([db.session.execute(table.select()).all() for table in Subscriber.metadata.sorted_tables])
    assert "ada@" not in kept
    assert "ben@" not in kept
    noted = db.session.scalars(select(AuditEntry.what).where(AuditEntry.what.startswith("subscriber")))
    assert list(noted) == ["subscriber added", "subscriber added", "subscriber erased", "subscriber erased"]


def test_no_token_but_an_admins_sees_whom_the_public_messages_went_to(app: Flask, outgoing: Outgoing) -> None:
    reader = Program(app, scope="read", name="reader")
    ref = Program(app).declare()["ref"]
    number = db.session.scalars(select(Incident.id)).one()
    address = "ada@example.com"
    outbox.enqueue(
        event="update/x", channel="email", destination=address, payload={}, incident_id=number, purpose=outbox.UPDATE
    )
    db.session.commit()
    program = admin(app)
    for path in ("/deliveries?destination=ada", f"/incidents/{ref}/deliveries"):
        assert address not in reader.get(path).text, path
        assert address in program.get(path).text, path
