"""The first screen: what needs whom, in which order, and what a new team does first."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.kernel.database import db
from incidents.policy.lifecycle import Step
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in


def test_an_empty_console_says_what_to_do_first_and_ticks_what_is_done(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person(role="admin"))

    before = words(client.get("/console/"))
    a_component("API")
    db.session.commit()
    after = client.get("/console/").text

    assert "Welcome aboard" in before
    assert "List your components" in before
    assert "Declare a drill" in before
    assert "Add components" in before
    assert 'class="done"' in after
    assert "Add components" not in after


def test_a_responder_is_not_sent_to_settings_he_may_not_open(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person(role="responder"))

    page = words(client.get("/console/"))

    assert "Declare a drill" in page
    assert "Invite your colleagues" not in page


def test_nobody_having_it_comes_first_and_its_button_alone_is_filled(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya = make_person()
    taken = an_incident(by=maya, severity="P1", title="Slow answers")
    actions.acknowledge(taken, by=maya.as_actor())
    an_incident(by=maya, severity="P2", title="Payments fail")
    sign_in(client, maya)

    page = client.get("/console/")

    assert "2 things need you now" in words(page)
    assert page.text.index("Payments fail") < page.text.index("Slow answers")
    assert page.text.count('class="btn l pri"') == 1
    assert "<title>(2) Now" in page.text


def test_one_press_on_now_acknowledges(app: Flask, client: FlaskClient) -> None:
    maya = make_person()
    incident = an_incident(by=maya)
    sign_in(client, maya)

    answer = send(client, f"/console/incidents/{incident.ref}/acknowledgement", page="/console/")

    db.session.refresh(incident)
    assert answer.status_code == 303
    assert incident.is_acknowledged
    assert incident.step == Step.TRIAGE


def test_an_update_that_is_owed_needs_its_communications_lead_and_nobody_else(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com")
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    actions.assign_role(incident, role="communications_lead", person=jonas, by=jonas.as_actor())
    db.session.commit()

    lead = words(sign_in(app.test_client(), jonas).get("/console/"))
    commander = words(sign_in(app.test_client(), maya).get("/console/"))
    clock.forward(minutes=31)
    late = words(sign_in(app.test_client(), maya).get("/console/"))

    assert "1 thing needs you now" in lead
    assert "Post update" in lead
    assert "Nothing needs you now" in commander
    assert "1 thing needs you now" in late


def test_a_late_update_counts_up(app: Flask, client: FlaskClient, clock: WoundClock) -> None:
    maya = make_person()
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    clock.forward(minutes=36, seconds=40)
    sign_in(client, maya)

    page = client.get("/console/")

    assert "was due at 02:44" in words(page)
    assert 'class="cd over"' in page.text
    assert "6:40" in page.text


def test_times_stand_in_the_zone_of_who_looks_with_utc_beside(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person(zone="Europe/Berlin"))

    assert "Mon 23 Nov, 03:14 CET (02:14 UTC)" in words(client.get("/console/"))


def test_a_role_given_by_another_waits_to_be_accepted(app: Flask, client: FlaskClient) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com")
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    actions.assign_role(incident, role="scribe", person=jonas, by=maya.as_actor())
    db.session.commit()
    sign_in(client, jonas)

    before = words(client.get("/console/"))
    send(client, f"/console/incidents/{incident.ref}/roles/scribe/acceptance", page="/console/")

    assert "You were made scribe. Say that you have it." in before
    assert "You were made scribe" not in words(client.get("/console/"))


def test_a_viewer_is_asked_for_nothing(app: Flask, client: FlaskClient) -> None:
    an_incident(by=make_person())
    sign_in(client, make_person("vera@example.com", role="viewer"))

    page = client.get("/console/")

    assert "Nothing needs you now" in words(page)
    assert "/console/incidents/new" not in page.text
    assert "/acknowledgement" not in page.text


def test_a_restricted_incident_shows_nowhere_to_the_unnamed(app: Flask, client: FlaskClient) -> None:
    an_incident(by=make_person(), title="Stolen keys", is_security=True)
    other = sign_in(client, make_person("jonas@example.com"))

    pages = [
        other.get(path).text
        for path in ("/console/", "/console/incidents", "/console/incidents?q=keys", "/console/live")
    ]

    assert not any("Stolen" in page for page in pages)


def test_the_most_urgent_one_stands_above_every_page_but_its_own(app: Flask, client: FlaskClient) -> None:
    maya = make_person()
    incident = an_incident(by=maya, title="Database down")
    sign_in(client, maya)

    elsewhere = words(client.get("/console/incidents"))
    room = client.get(f"/console/incidents/{incident.ref}").text

    assert "Database down is not acknowledged Escalates in" in elsewhere
    assert 'class="live' not in room


def test_the_strip_answers_204_while_nothing_is_new(app: Flask, client: FlaskClient) -> None:
    maya = make_person()
    incident = an_incident(by=maya)
    sign_in(client, maya)
    shown = client.get("/console/incidents").text
    address = shown.partition('hx-get="/console/live?after=')[2].partition('"')[0]

    same = client.get(f"/console/live?after={address}")
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    news = client.get(f"/console/live?after={address}")

    assert same.status_code == 204
    assert news.status_code == 200
    assert "is in triage" in news.text


def test_a_tab_rings_only_for_promises_that_are_its_own(app: Flask, client: FlaskClient) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com")
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()

    mine = sign_in(client, maya).get("/console/live").text
    other = sign_in(app.test_client(), jonas).get("/console/live").text

    assert f'data-rings="Update due: {incident.ref}"' in mine
    assert "data-rings" not in other


def test_without_a_mail_server_the_console_says_who_will_not_hear(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    assert "E-mail is not leaving the server." in words(client.get("/console/"))


@pytest.fixture
def with_mail(environ: dict[str, str]) -> None:
    environ.update(SMTP_URL="smtp://127.0.0.1:2525", MAIL_FROM="status@example.com")


def test_with_a_mail_server_that_banner_is_gone(with_mail: None, app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    assert "E-mail is not leaving the server." not in words(client.get("/console/"))


def test_an_incident_that_reaches_nobody_is_said_above_every_page(app: Flask, client: FlaskClient) -> None:
    from incidents.records.actors import COMMAND_LINE

    vera = make_person("vera@example.com", role="admin")
    vera.agrees_to_drills = False
    incident = an_incident(by=COMMAND_LINE, is_drill=True)
    db.session.commit()
    sign_in(client, vera)

    assert f"Nobody could be told about {incident.ref}." in words(client.get("/console/incidents"))


def test_the_number_of_questions_does_not_grow_with_the_number_of_incidents(
    app: Flask, client: FlaskClient, count_queries: list[str]
) -> None:
    maya = make_person()
    for _ in range(3):
        actions.acknowledge(an_incident(by=maya), by=maya.as_actor())
    db.session.commit()
    sign_in(client, maya)
    client.get("/console/")
    count_queries.clear()
    client.get("/console/")
    few = len(count_queries)
    for _ in range(10):
        actions.acknowledge(an_incident(by=maya), by=maya.as_actor())
    db.session.commit()
    count_queries.clear()
    client.get("/console/")

    assert len(count_queries) == few
