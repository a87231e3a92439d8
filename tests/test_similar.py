"""Seen before: which past incidents look like this one, why, and who may hear of them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.access.visibility import visible_to
from incidents.kernel.database import db
from incidents.policy.similar import Looks, compare
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.reports.similar import seen_before
from tests.acting import main_of
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, post, sign_in


def a_past_incident(by: Person, title: str, *, summary: str = "Restarted", **more: Any) -> Incident:
    incident = an_incident(by=by, title=title, **more)
    actions.resolve(incident, by=by.as_actor(), reason="It was over", summary=summary)
    db.session.commit()
    return incident


def test_what_two_incidents_have_in_common_is_told_in_words() -> None:
    mine = Looks("Billing: database connections exhausted", components=frozenset({"b"}), tags=frozenset({"pool"}))
    other = Looks(
        "Database refuses every connection", "The billing run waited", frozenset({"b", "c"}), frozenset({"pool", "eu"})
    )

    found = compare(mine, other)

    assert found.why(["Billing"]) == "same component Billing; words: database, connection, billing; tag: pool"
    assert compare(mine, Looks("Search is slow")).score == 0
    assert compare(Looks("The API is down"), Looks("The page is down")).score == 0
    assert compare(Looks("支付系统故障"), Looks("支付系统又坏了")).score >= 0.5


def test_the_past_is_looked_through_for_the_same_trouble(app: Flask) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com", role="admin")
    billing = a_component("Billing")
    touched = {billing: "major_outage"}
    same = a_past_incident(maya, "Database connections exhausted", components=touched)
    by_text = a_past_incident(
        maya, "Checkout fails", summary="The database had no connections left", components=touched
    )
    hidden = a_past_incident(maya, "Database connections leaked", is_security=True)
    a_past_incident(maya, "Database connections drill", is_drill=True)
    for number in range(70):
        db.session.add(_copy_of(same, f"Certificate {number} expired"))
    now = an_incident(by=maya, title="Database connection refused", components=touched)
    looks = Looks(now.title, components=frozenset({billing}))

    def alike(viewer: Person) -> list[int]:
        return [match.incident.id for match in seen_before(looks, seen=visible_to(viewer), but_not=[now.id])]

    assert alike(maya) == [same.id, hidden.id, by_text.id]
    assert alike(jonas) == [same.id, by_text.id]
    first = seen_before(looks, seen=visible_to(jonas))[0]
    assert first.why == "same component Billing; words: database, connection"
    assert first.has_postmortem is False


def test_the_room_and_the_form_show_what_was_seen_before_and_one_press_relates_it(
    app: Flask, client: FlaskClient
) -> None:
    maya = make_person(role="responder")
    past = a_past_incident(maya, "Database connections exhausted", summary="Raised the limit of the pool")
    a_past_incident(make_person("eve@example.com"), "Database connections stolen", is_security=True)
    sign_in(client, maya)

    asked = client.get("/console/incidents/new/same?title=database connection").text
    assert past.ref in asked
    assert "Raised the limit of the pool" in asked
    assert "words: database, connection" in asked
    assert "stolen" not in asked
    assert client.get("/console/incidents/new/same?title=the").text.strip() == ""

    now = an_incident(by=maya, title="Database connections refused")
    room = f"/console/incidents/{now.ref}"
    assert "words: database, connection" in main_of(client.get(room))
    answer = post(client, f"{room}/relations", {"kind": "seen_before", "to": past.ref}, page=room)
    assert answer.status_code == 303
    page = main_of(client.get(room))
    assert "words: database" not in page
    assert "Seen before in" in page


def _copy_of(incident: Incident, title: str) -> Incident:
    kept = {column.name: getattr(incident, column.name) for column in Incident.__table__.columns if column.name != "id"}
    return Incident(**{**kept, "title": title})
