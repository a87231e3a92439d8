"""Now, the list and declaring: what a person sees first, filters and views, and the question before a second incident."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents import actions
from incidents.kernel.database import db
from incidents.policy.similar import ALIKE, likeness
from incidents.records.incidents import Incident
from incidents.records.views import SavedView
from tests.acting import browser_of, main_of, opened, send
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Payments failing", "Payment errors at checkout", True),
        ("Database connection failure", "Connection pool of the database is full", True),
        ("AI provider rate limited", "Rate limited by the AI provider", True),
        ("Login is slow", "Invoices are not sent", False),
        ("The service is down", "The page is down", False),
        ("", "Payments failing", False),
    ],
)
def test_titles_are_alike_by_their_telling_words(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= ALIKE) is alike


def test_a_component_in_common_tips_the_scale() -> None:
    assert likeness("Cards refused at checkout", "Cards refused today") >= ALIKE
    assert likeness("Cards refused here", "Cards wait for banks") < ALIKE
    assert likeness("Cards refused here", "Cards wait for banks", components="x", other_components="x") >= ALIKE


def test_a_second_declaration_of_the_same_trouble_is_asked_once(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    first = an_incident(by=maya, title="Payments fail at checkout")
    clock.forward(minutes=2)
    path = "/console/incidents/new"
    assert f"Go to {first.ref}" in client.get(f"{path}/same?title=payment+fails").text
    assert client.get(f"{path}/same?title=Invoices").text.strip() == ""

    typed = {"title": "Checkout: payments fail", "severity": "P2"}
    asked = send(client, path, opened(client, path), **typed)
    assert asked.status_code == 409
    assert f"{first.ref} looks like the same problem" in asked.text
    assert "Declare anyway" in asked.text
    assert db.session.scalar(select(func.count(Incident.id))) == 1

    assert send(client, path, opened(client, path), **typed, different="1").status_code == 303
    assert db.session.scalar(select(func.count(Incident.id))) == 2


def test_the_question_never_tells_of_a_restricted_incident(app: Flask) -> None:
    jonas = make_person("jonas@example.com")
    an_incident(by=jonas, title="Leaked customer keys", is_security=True)
    client, _maya = browser_of(app)

    assert client.get("/console/incidents/new/same?title=Leaked customer keys").text.strip() == ""
    path = "/console/incidents/new"
    assert send(client, path, opened(client, path), title="Leaked customer keys", severity="P1").status_code == 303


def test_filters_stand_in_the_address_and_wrong_days_are_told_beside_their_field(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    mine, theirs = an_incident(by=maya, title="Mine alone"), an_incident(by=jonas, title="Of others", severity="P3")
    actions.acknowledge(mine, by=maya.as_actor())
    actions.resolve(theirs, by=jonas.as_actor(), summary="Done", reason="Quick")
    db.session.commit()

    def listed(query: str) -> tuple[bool, bool]:
        page = main_of(client.get(f"/console/incidents?{query}"))
        return "Mine alone" in page, "Of others" in page

    assert listed("") == (True, True)
    assert listed("mine=1") == (True, False)
    assert listed("state=open") == (True, False)
    assert listed("state=over") == (False, True)
    assert listed("severity=P3") == (False, True)
    assert listed("visibility=internal") == (False, False)
    assert listed("since=2026-11-23&until=2026-11-23") == (True, True)
    assert listed("until=2026-11-22") == (False, False)
    for wrong in ("since=1970-01-01", "until=2100-01-01", "since=yesterday", "until=2026-02-31"):
        page = client.get(f"/console/incidents?{wrong}").text
        assert "There is a problem" in page, wrong
        assert f'id="{wrong[:5]}-error"' in page, wrong


def test_a_view_is_saved_found_again_and_deleted_by_its_owner_alone(app: Flask) -> None:
    client, _maya = browser_of(app)
    other, _jonas = browser_of(app, "jonas")
    path = "/console/incidents?severity=P1&mine=1"
    form = opened(client, path, holding='name="query"')

    assert send(client, "/console/incidents/views", form, name="").status_code == 422
    assert send(client, "/console/incidents/views", form, name="My <b>P1</b>").status_code == 303
    page = client.get(path).text
    assert "My &lt;b&gt;P1&lt;/b&gt;" in page
    assert "Delete this view" in page
    assert "My &lt;b&gt;" not in other.get(path).text

    view = db.session.scalars(select(SavedView)).one()
    token = opened(other, path, holding='name="query"')["csrf_token"]
    other.post(f"/console/incidents/views/{view.id}/deletion", data={"csrf_token": token})
    db.session.expire_all()
    assert db.session.scalar(select(func.count(SavedView.id))) == 1
    send(client, f"/console/incidents/views/{view.id}/deletion", opened(client, path, holding="Delete this view"))
    db.session.expire_all()
    assert db.session.scalar(select(func.count(SavedView.id))) == 0


def test_first_steps_tick_themselves_and_can_be_put_away(app: Flask, client: FlaskClient, clock: WoundClock) -> None:
    admin = make_person(role="admin")
    sign_in(client, admin)
    before = main_of(client.get("/console/"))
    assert "First steps" in before
    assert before.count('class="done"') == 0

    a_component("API")
    an_incident(by=admin, is_drill=True)
    make_person("jonas@example.com")
    assert main_of(client.get("/console/")).count('class="done"') == 3

    send(client, "/console/first-steps/dismissal", opened(client, "/console/", holding="Put this list away"))
    assert "First steps" not in client.get("/console/").text


def test_now_and_the_list_ask_the_same_number_of_questions_however_much_is_open(
    app: Flask, client: FlaskClient, clock: WoundClock, count_queries: list[str]
) -> None:
    maya = make_person()
    component = a_component("API")
    sign_in(client, maya)
    asked: dict[str, list[int]] = {"/console/": [], "/console/incidents": []}
    for number in range(45):
        an_incident(by=maya, title=f"Trouble {number}", components={component: "partial_outage"})
        if number in (2, 44):
            for path, counts in asked.items():
                client.get(path)
                count_queries.clear()
                assert client.get(path).status_code == 200
                counts.append(len(count_queries))

    assert [len(set(counts)) for counts in asked.values()] == [1, 1], asked
    page = main_of(client.get("/console/"))
    assert "45 things need you now" in page
    assert "And 25 more that need you" in page
    assert page.count("Acknowledge</button>") == 20


def test_the_last_thirty_days_leave_drills_and_false_alarms_out(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya = make_person()
    sign_in(client, maya)
    by = maya.as_actor()
    for minutes, is_drill in ((10, False), (30, False), (20, True), (90, False)):
        incident = an_incident(by=maya, is_drill=is_drill)
        clock.forward(minutes=minutes)
        if minutes == 90:
            actions.resolve(incident, by=by, outcome="false_alarm", reason="A test")
        else:
            actions.acknowledge(incident, by=by)
            actions.resolve(incident, by=by, summary="Done", reason="Quick")
        db.session.commit()

    page = main_of(client.get("/console/")).partition("Last 30 days")[2]
    assert "<dt>Incidents</dt><dd><b>2</b>" in page
    assert "1 of 2" in page
    assert "median of 2" in page
    assert "20 min" in page


def test_an_open_tab_is_told_of_a_page_that_reached_its_person_and_of_a_role_handed_over(
    app: Flask, clock: WoundClock
) -> None:
    client, maya = browser_of(app)
    other, jonas = browser_of(app, "jonas")
    incident = an_incident(by=maya, title="Queue stands still")

    assert 'data-rings="You are being paged: P1 Queue stands still" data-pages' in client.get("/console/").text
    assert "You are being paged" not in other.get("/console/").text
    actions.acknowledge(incident, by=maya.as_actor())
    actions.assign_role(incident, role="communications_lead", person=jonas, by=maya.as_actor())
    db.session.commit()
    assert "You are being paged" not in client.get("/console/").text
    assert f"You are now communications lead: {incident.ref}" in other.get("/console/").text

    clock.forward(minutes=6)
    assert "You are now communications lead" not in other.get("/console/incidents").text.partition("data-rings")[2]


def test_two_hundred_components_stand_behind_a_filter_and_a_few_do_not(app: Flask) -> None:
    client, _maya = browser_of(app)
    a_component("API")
    assert "data-sieve" not in client.get("/console/incidents/new").text
    for number in range(199):
        a_component(f"Shard {number}")
    db.session.commit()
    page = main_of(client.get("/console/incidents/new"))

    assert 'data-sieve="component-list"' in page
    assert page.count('name="component-') == 200
