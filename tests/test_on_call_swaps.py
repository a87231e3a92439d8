"""Swaps and calendar subscriptions: asking, answering, and a secret address that is shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.records.oncall import CalendarFeed, Override, ShiftSwap
from incidents.records.people import Person
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories_people import make_person, post, sign_in
from tests.on_call import the_engineers

SWAPS, FEEDS = "/console/on-call/swaps", "/console/on-call/calendars"


@pytest.fixture
def team(client: FlaskClient, app: Flask) -> dict[str, Person]:
    """Maya, signed in, who has the week that begins this morning; Priya has the next one."""
    found = {
        name: make_person(f"{name}@example.com", name=name.title(), zone="Europe/Berlin")
        for name in ("maya", "priya", "jonas")
    }
    sign_in(client, found["maya"])
    the_engineers(found["maya"], found["priya"])
    return found


def typed(**more: Any) -> dict[str, Any]:
    return {"from": "2026-11-25T09:00", "until": "2026-11-26T09:00", "to": "", "note": "", **more}


def the_swap() -> ShiftSwap:
    db.session.commit()
    return db.session.scalars(select(ShiftSwap)).one()


def browser_of(app: Flask, person: Person) -> FlaskClient:
    return sign_in(app.test_client(), person)


def test_the_form_offers_ones_own_next_shifts(client: FlaskClient, team: dict[str, Person]) -> None:
    page = client.get(f"{SWAPS}/new")

    assert 'value="2026-11-23T09:00"' in page.text
    assert "Mon 23 Nov, 09:00 to Mon 30 Nov, 09:00" in words(page)
    assert "Maya" not in re.findall(r"<select.*?</select>", page.text, re.DOTALL)[0]


def test_whoever_takes_an_offered_shift_has_it(app: Flask, client: FlaskClient, team: dict[str, Person]) -> None:
    assert post(client, SWAPS, typed(note="A wedding")).status_code == 303
    swap = the_swap()
    assert "You ask anybody to take it" in words(client.get("/console/on-call"))
    assert "Take it" not in words(client.get(f"{SWAPS}/{swap.id}"))
    jonas = browser_of(app, team["jonas"])
    assert "Maya asks anybody to take it" in words(jonas.get("/console/on-call"))
    assert "A wedding" in words(jonas.get(f"{SWAPS}/{swap.id}"))

    assert post(jonas, f"{SWAPS}/{swap.id}", {"act": "accept"}).status_code == 303

    made = db.session.scalars(select(Override)).one()
    assert (made.person_id, made.instead_of_id) == (team["jonas"].id, team["maya"].id)
    late = post(browser_of(app, team["priya"]), f"{SWAPS}/{swap.id}", {"act": "accept"})
    assert late.status_code == 409
    assert "Jonas has taken this shift." in words(late)
    assert "Taken by Jonas" in words(client.get(f"{SWAPS}/{swap.id}"))


def test_a_colleague_may_say_no_and_one_may_take_it_back(
    app: Flask, client: FlaskClient, team: dict[str, Person]
) -> None:
    back = {"return_from": "2026-12-01T09:00", "return_until": "2026-12-02T09:00"}
    assert post(client, SWAPS, typed(to="priya@example.com", **back)).status_code == 303
    swap = the_swap()
    priya = browser_of(app, team["priya"])
    assert "Maya asks you to take it, for Tue 1 Dec, 09:00 to Wed 2 Dec, 09:00 in return" in words(
        priya.get("/console/on-call")
    )
    assert post(browser_of(app, team["jonas"]), f"{SWAPS}/{swap.id}", {"act": "decline"}).status_code == 409
    assert post(priya, f"{SWAPS}/{swap.id}", {"act": "decline"}).status_code == 303
    assert the_swap().state == "declined"

    post(client, SWAPS, typed())
    second = db.session.scalars(select(ShiftSwap).order_by(ShiftSwap.id.desc())).first()
    assert second is not None
    assert post(client, f"{SWAPS}/{second.id}", {"act": "withdraw"}).status_code == 303
    assert "Taken back" in words(client.get(f"{SWAPS}/{second.id}"))


def test_what_cannot_be_asked_stands_beside_its_field(client: FlaskClient, team: dict[str, Person]) -> None:
    for more, field in (
        ({"from": ""}, "from"),
        ({"until": "2026-11-24T09:00"}, "until"),
        ({"from": "2026-12-01T09:00", "until": "2026-12-02T09:00"}, "from"),  # not on call then
        ({"to": "maya@example.com"}, "to"),
        ({"to": "nobody@example.com"}, "to"),
        ({"return_from": "2026-12-01T09:00"}, "return_from"),
        ({"return_from": "2026-12-01T09:00", "return_until": "2026-12-02T09:00"}, "return_from"),  # of anybody
        ({"note": "x" * 301}, "note"),
    ):
        answer = post(client, SWAPS, typed(**more))

        assert answer.status_code == 422, more
        assert f'href="#{field}"' in answer.text, more
    assert db.session.scalars(select(ShiftSwap.id)).all() == []
    assert client.get(f"{SWAPS}/77").status_code == 404


def test_an_act_that_is_none_is_refused(client: FlaskClient, team: dict[str, Person]) -> None:
    post(client, SWAPS, typed())

    assert post(client, f"{SWAPS}/{the_swap().id}", {"act": "steal"}).status_code == 422
    assert the_swap().state == "open"


def test_a_calendars_address_is_shown_once_and_answers_until_revoked(
    app: Flask, client: FlaskClient, team: dict[str, Person]
) -> None:
    made = post(client, FEEDS, {"rotation": ""})
    assert made.status_code == 201
    found = re.search(r'value="[^"]*(/calendars/[^"]+\.ics)"', made.text)
    assert found is not None
    assert "BEGIN:VEVENT" in app.test_client().get(found[1]).text
    assert found[1] not in client.get(FEEDS).text
    assert "My own shifts" in words(client.get(FEEDS))
    feed = db.session.scalars(select(CalendarFeed)).one()
    assert post(browser_of(app, team["priya"]), f"{FEEDS}/{feed.id}/revoked").status_code == 404

    assert post(client, f"{FEEDS}/{feed.id}/revoked").status_code == 303

    assert app.test_client().get(found[1]).status_code == 404
    assert post(client, FEEDS, {"rotation": "99"}).status_code == 422


def test_now_says_who_is_on_call_and_that_nobody_is(
    client: FlaskClient, team: dict[str, Person], clock: WoundClock
) -> None:
    assert "On-call engineer Priya until 09:00" in words(client.get("/console/"))
    for person in ("maya", "priya", "jonas"):
        team[person].role = "viewer" if person == "priya" else "responder"
    team["priya"].disabled_at = clock()

    page = client.get("/console/")

    assert "1 thing needs you now" in words(page)
    assert "Nobody is on call A P1 would reach nobody." in words(page)
    assert "/console/on-call/overrides/new?rotation=1&amp;from=2026-11-23T03:14&amp;until=2026-11-23T09:00" in page.text
    assert "Nobody is on call until 09:00." in words(client.get("/console/incidents"))
