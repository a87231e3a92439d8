"""Roles and groups: what they resolve to, who that is now, and what is refused."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from incidents.actions import oncall
from incidents.kernel.database import db
from incidents.records.oncall import PersonGroup, people_of_group
from incidents.records.people import Person
from tests.browsing import words
from tests.factories_people import make_person, post, sign_in
from tests.on_call import the_engineers

ROLES, GROUPS = "/console/on-call/roles", "/console/on-call/groups"


@pytest.fixture
def team(client: FlaskClient) -> dict[str, Person]:
    found = {
        name: make_person(f"{name}@example.com", name=name.title(), role=role)
        for name, role in (("maya", "responder"), ("priya", "responder"), ("helena", "admin"))
    }
    sign_in(client, found["helena"])
    return found


def test_roles_are_listed_with_who_they_are_now(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["maya"], team["priya"])

    said = words(client.get(ROLES))

    assert "On-call engineer Primary Now Priya until 08:00" in said
    assert "CTO Not assigned Now Nobody" in said


def test_a_role_is_assigned_to_people_rotations_and_groups(client: FlaskClient, team: dict[str, Person]) -> None:
    assert (
        post(client, GROUPS, {"name": "Leads", "people": ["maya@example.com", "priya@example.com"]}).status_code == 303
    )
    group = db.session.query(PersonGroup).one()
    assert [person.name for person in people_of_group(group.id)] == ["Maya", "Priya"]

    answer = post(client, f"{ROLES}/engineering_lead", {"tell": [f"group:{group.id}", "person:helena@example.com"]})

    assert answer.status_code == 303
    assert oncall.words_of_role("engineering_lead") == [f"group:{group.id}", "person:helena@example.com"]
    assert "Engineering lead Leads, Helena Now Maya, Priya, Helena" in words(client.get(ROLES))
    assert "checked" in client.get(f"{ROLES}/engineering_lead").text
    refused = post(client, f"{GROUPS}/{group.id}/deletion")
    assert refused.status_code == 409
    assert "Leads is used by Engineering lead." in words(refused)


def test_a_team_adds_and_removes_roles_of_its_own(client: FlaskClient, team: dict[str, Person]) -> None:
    assert post(client, ROLES, {"label": "Customer success", "tell": ["person:maya@example.com"]}).status_code == 303
    assert oncall.role_labels()["customer_success"] == "Customer success"

    assert post(client, ROLES, {"label": "CTO"}).status_code == 422
    assert post(client, ROLES, {"label": "🔥"}).status_code == 422
    assert post(client, f"{ROLES}/customer_success", {"label": "", "tell": []}).status_code == 422
    assert post(client, f"{ROLES}/customer_success", {"label": "CS", "tell": ["rotation:99"]}).status_code == 422
    assert post(client, f"{ROLES}/nothing", {"tell": []}).status_code == 404

    assert post(client, f"{ROLES}/customer_success/deletion").status_code == 303
    assert "customer_success" not in oncall.role_labels()
    assert post(client, f"{ROLES}/cto/deletion").status_code == 409


def test_a_group_needs_a_name_and_people(client: FlaskClient, team: dict[str, Person]) -> None:
    answer = post(client, GROUPS, {"name": "", "people": ["maya@example.com"]})
    assert answer.status_code == 422
    assert 'href="#name"' in answer.text

    empty = post(client, GROUPS, {"name": "Leads"})
    assert 'href="#people"' in empty.text
    assert post(client, GROUPS, {"name": "Leads", "people": ["nobody@example.com"]}).status_code == 422
    assert db.session.query(PersonGroup).count() == 0
