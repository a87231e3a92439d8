"""Set-up after the account: page, components, test mail; each may be left out."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published.components import all_components
from incidents.published.page_settings import page_settings
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories_people import make_person, post, sign_in


@pytest.fixture
def admin(app: Flask) -> Person:
    return make_person("admin@example.com", role="admin")


def test_the_steps_lead_from_one_to_the_next(client: FlaskClient, admin: Person) -> None:
    sign_in(client, admin)

    assert 'value=""' in client.get("/console/setup/page").text
    named = post(client, "/console/setup/page", {"name": "AI Perception", "zone": "Europe/Berlin"})
    assert named.location == "/console/setup/components"
    assert (page_settings().name, page_settings().zone) == ("AI Perception", "Europe/Berlin")
    assert admin.zone == "Europe/Berlin"

    assert "Web application" in client.get("/console/setup/components").text
    added = post(client, "/console/setup/components", {"names": "API\r\n\r\n Billing System \nAPI\n"})
    assert added.location == "/console/"  # no mail server is set: there is nothing to try yet
    assert [component.name for component in all_components()] == ["API", "Billing System"]

    assert "No mail server is set" in client.get("/console/setup/mail").text


def test_a_second_visit_shows_what_there_is_and_adds_nothing_twice(client: FlaskClient, admin: Person) -> None:
    sign_in(client, admin)
    post(client, "/console/setup/components", {"names": "API"})
    page = client.get("/console/setup/components").text
    assert ">\nAPI</textarea>" in page
    post(client, "/console/setup/components", {"names": "API\nDatabase"})
    assert [component.name for component in all_components()] == ["API", "Database"]


@pytest.mark.parametrize(
    ("path", "typed", "said"),
    [
        ("page", {"name": "", "zone": "UTC"}, "Give a name"),
        ("page", {"name": "A", "zone": "Mars"}, "Choose a time zone from the list"),
        ("page", {"name": "x" * 61, "zone": "UTC"}, "Keep the name under 61 characters"),
        ("components", {"names": "x" * 500}, "xxx"),
        ("components", {"names": "\n".join(f"c{n}" for n in range(101))}, "Use at most 100 lines"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_nothing_is_written(
    client: FlaskClient, admin: Person, path: str, typed: dict[str, str], said: str
) -> None:
    sign_in(client, admin)
    answer = post(client, f"/console/setup/{path}", typed)
    assert answer.status_code == 422
    assert answer.text.count(said) >= 2
    assert "<title>Error: " in answer.text
    assert list(all_components()) == []
    assert admin.zone == "UTC"


def test_a_test_mail_takes_the_way_of_every_letter(
    environ: dict[str, str], request: pytest.FixtureRequest, clock: WoundClock
) -> None:
    environ |= {"SMTP_URL": "smtp://me:hush@mail.example:2525", "MAIL_FROM": "Sevenbells <bells@example.com>"}
    client: FlaskClient = request.getfixturevalue("app").test_client()
    sign_in(client, make_person("admin@example.com", role="admin"))

    assert post(client, "/console/setup/components", {"names": "API"}).location == "/console/setup/mail"
    assert post(client, "/console/setup/mail").status_code == 303

    letter = db.session.scalars(select(OutboxMessage)).one()
    assert (letter.destination, letter.payload["subject"]) == ("admin@example.com", "Test mail from Sevenbells")
    page = client.get("/console/settings/mail").text
    assert "mail.example" in page
    assert "hush" not in page
    assert "Waiting" in page
    clock.forward(seconds=1)
    assert post(client, "/console/settings/mail").status_code == 303
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 2


def test_without_a_mail_server_a_test_is_refused_in_words(client: FlaskClient, admin: Person) -> None:
    sign_in(client, admin)
    answer = post(client, "/console/settings/mail")
    assert answer.status_code == 409
    assert "Set SMTP_URL and MAIL_FROM" in answer.text
