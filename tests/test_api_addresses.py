"""Door 3: by which addresses people are told. Programs see kinds and names, and a webhook's secret once."""

from __future__ import annotations

import pytest
from flask import Flask

from incidents.records.people import Person
from tests.factories_people import an_address, make_person
from tests.programs import Program

HOOK = "https://hooks.example.com/maya/0123456789"
AT = "/people/maya@example.com"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With a mail server: what leaves is not at issue here."""
    return environ | {"SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "bells@example.com"}


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya")


@pytest.fixture
def admin(app: Flask, maya: Person) -> Program:
    return Program(app, scope="admin")


def test_everybody_is_listed_and_only_admins_see_by_what_they_are_told(app: Flask, admin: Program) -> None:
    reader = Program(app, scope="read")
    assert reader.items("/people") == [
        {"email": "maya@example.com", "name": "Maya", "role": "responder", "time_zone": "UTC", "active": True}
    ]
    assert reader.get(f"{AT}/addresses").status_code == 403
    assert admin.get("/people/nobody@example.com/addresses").status_code == 404


def test_a_webhooks_secret_is_told_once_and_its_address_never(admin: Program) -> None:
    made = admin.post(f"{AT}/addresses", {"kind": "webhook", "value": HOOK, "high_after": 3})
    assert made.status_code == 201
    assert made.get_json()["secret"].startswith("whsec_")
    listed = admin.get(f"{AT}/addresses")
    assert made.get_json()["secret"] not in listed.text
    assert "hooks.example.com" not in made.text + listed.text
    account, hook = listed.get_json()["items"]
    assert (account["id"], account["high_after"], account["low_after"]) == (None, 0, 0)
    assert (hook["kind"], hook["high_after"], hook["low_after"], hook["works"]) == ("webhook", 3, None, True)

    assert admin.delete(f"{AT}/addresses/{hook['id']}").status_code == 204
    assert admin.delete(f"{AT}/addresses/{hook['id']}").status_code == 404
    assert len(admin.items(f"{AT}/addresses")) == 1


def test_what_is_no_address_is_refused_at_its_field(admin: Program) -> None:
    for value in ("https://169.254.169.254/latest", "https://a.example.com\r\nX: 1", "ftp://a.example.com"):
        refused = admin.post(f"{AT}/addresses", {"kind": "webhook", "value": value})
        assert refused.status_code == 422
        assert refused.get_json()["errors"][0]["pointer"].endswith("value")
    assert admin.post(f"{AT}/addresses", {"kind": "fax", "value": "1"}).status_code == 422


def test_the_order_is_replaced_and_what_is_not_named_is_not_used(admin: Program, maya: Person) -> None:
    phone = an_address(maya, "apprise", "pover://user@token")
    wanted = {
        "high": [{"address": phone.id, "after_minutes": 0}, {"address": None, "after_minutes": 7}],
        "low": [{"address": None, "after_minutes": 0}],
    }
    assert admin.put(f"{AT}/contact-rules", wanted).json == wanted
    assert admin.put(f"{AT}/contact-rules", wanted).json == wanted
    assert admin.get(f"{AT}/contact-rules").json == wanted
    assert admin.put(f"{AT}/contact-rules", {**wanted, "low": []}).status_code == 422
    assert admin.get(f"{AT}/contact-rules").json == wanted


def test_anothers_address_is_missing(admin: Program) -> None:
    theirs = an_address(make_person("daniel@example.com"), "webhook", HOOK)
    assert admin.delete(f"{AT}/addresses/{theirs.id}").status_code == 404
    rules = [{"address": theirs.id, "after_minutes": 0}]
    assert admin.put(f"{AT}/contact-rules", {"high": rules, "low": rules}).status_code == 422
