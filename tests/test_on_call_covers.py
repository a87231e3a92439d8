"""Covers: somebody else is on call for a while, and that can be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.records.oncall import Override
from incidents.records.people import Person
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories_people import make_person, post, sign_in
from tests.on_call import the_engineers

COVERS = "/console/on-call/overrides"


@pytest.fixture
def team(client: FlaskClient) -> dict[str, Person]:
    found = {
        name: make_person(f"{name}@example.com", name=name.title(), zone="Europe/Berlin") for name in ("maya", "priya")
    }
    sign_in(client, found["maya"])
    return found


def typed(**more: Any) -> dict[str, Any]:
    return {"person": "maya@example.com", "from": "2026-11-25T18:00", "until": "2026-11-25T22:00", **more}


def test_a_shift_is_covered_in_ones_own_zone(client: FlaskClient, team: dict[str, Person], clock: WoundClock) -> None:
    rotation = the_engineers(team["priya"])
    form = client.get(f"{COVERS}/new?rotation={rotation.id}&from=2026-11-25T18:00&until=2026-11-25T22:00")
    assert 'value="2026-11-25T18:00"' in form.text
    assert "Priya Wed 25 Nov, 18:00 to 22:00" in words(form)

    answer = post(client, COVERS, typed(rotation=rotation.id, instead_of="priya@example.com", reason="Dentist"))

    assert answer.status_code == 303
    made = db.session.scalars(select(Override)).one()
    assert (f"{made.starts_at:%d %H:%M}", made.person_id, made.instead_of_id) == (
        "25 17:00",
        team["maya"].id,
        team["priya"].id,
    )
    assert "You cover for Priya: Dentist" in words(client.get("/console/on-call"))


def test_the_form_begins_with_the_shift_that_runs(client: FlaskClient, team: dict[str, Person]) -> None:
    assert "There is no rotation yet" in words(client.get(f"{COVERS}/new"))
    the_engineers(team["priya"], team["maya"])

    form = client.get(f"{COVERS}/new").text

    assert 'value="2026-11-23T03:14"' in form
    assert 'value="2026-11-23T09:00"' in form


def test_what_cannot_be_covered_stands_beside_its_field(client: FlaskClient, team: dict[str, Person]) -> None:
    rotation = the_engineers(team["priya"])
    the_engineers(team["maya"], name="Secondary", role=None)
    for more, field in (
        ({"from": "", "until": ""}, "from"),
        ({"until": "2026-11-25T17:00"}, "until"),
        ({"from": "2026-11-01T00:00", "until": "2026-11-02T00:00"}, "until"),
        ({"until": "2030-01-01T00:00"}, "until"),
        ({"from": "0001-01-01T00:00"}, "from"),
        ({"person": "nobody@example.com"}, "person"),
        ({"instead_of": "nobody@example.com"}, "instead_of"),
        ({"reason": "x" * 301}, "reason"),
        ({"rotation": "77"}, "rotation"),
    ):
        answer = post(client, COVERS, {"rotation": rotation.id, **typed(**more)})

        assert answer.status_code == 422, more
        assert f'href="#{field}"' in answer.text, more
    assert db.session.scalars(select(Override.id)).all() == []


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_slip_in_the_year_is_said_and_breaks_no_form(client: FlaskClient, team: dict[str, Person], year: str) -> None:
    rotation = the_engineers(team["priya"])
    begins, ends = f"{year}-12-30T18:00", f"{year}-12-31T18:00"

    form = client.get(f"{COVERS}/new?rotation={rotation.id}&from={begins}&until={ends}")
    answer = post(client, COVERS, typed(rotation=rotation.id, **{"from": begins, "until": ends}))

    assert form.status_code == 200
    assert answer.status_code == 422
    assert "Give a time between 2000 and 2100." in words(answer)


def test_a_cover_that_is_over_stays_on_record(client: FlaskClient, team: dict[str, Person], clock: WoundClock) -> None:
    the_engineers(team["priya"])
    post(client, COVERS, typed())
    made = db.session.scalars(select(Override)).one()
    clock.forward(days=3)
    sign_in(client, team["maya"])

    answer = post(client, f"{COVERS}/{made.id}/removal")

    assert answer.status_code == 409
    assert "There is a problem This override is over." in words(answer)
    assert post(client, f"{COVERS}/999/removal").status_code == 404
