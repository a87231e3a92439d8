"""Resolving, escalating and giving roles by forms in Slack: the consequence is stated first, and no text is lost."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.actions import components as incident_components
from incidents.actions import oncall_roles, roles
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.page_settings import change_page_settings
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update
from tests.factories import a_component, a_person, an_incident
from tests.slack_api import SlackApi
from tests.slack_door import command_body, linked, post, say
from tests.slack_forms import api, command, pressed, receiver, with_slack

__all__ = ["api", "receiver"]


@pytest.fixture
def environ(environ: dict[str, str], api: SlackApi) -> dict[str, str]:
    return with_slack(environ, api)


@pytest.fixture
def ada(app: Flask) -> Person:
    return linked(a_person("Ada"))


@pytest.fixture
def incident(ada: Person) -> Incident:
    component = a_component("API")
    found = an_incident(by=ada, title="Checkout fails", components={component: "major_outage"})
    actions.acknowledge(found, by=ada.as_actor())
    db.session.commit()
    return found


def published(incident: Incident, ada: Person) -> None:
    from incidents.actions import components

    actions.post_update(
        incident, by=ada.as_actor(), body="We look.", audience="public", components=components.statuses_of(incident)
    )
    db.session.commit()


def entries(incident: Incident, kind: str) -> list[str]:
    wanted = select(TimelineEntry.body).where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == kind)
    return [*db.session.scalars(wanted.order_by(TimelineEntry.id))]


def test_resolving_states_what_it_does_and_asks_for_what_is_missing(
    client: FlaskClient, api: SlackApi, incident: Incident
) -> None:
    form = command(client, api, "resolve INC-1")
    assert "Nothing of it is on the status page, so no page changes. Reminders and escalation stop." in form.words
    assert "A post-mortem is owed by " in form.words
    assert "public_body" not in form.names

    assert form.errors() == {"summary": "Say in a sentence or two what resolved it."}
    assert form.errors(summary="Rolled <back>") == {"reason": "Give a reason in one line."}
    assert form.errors(reason="It works", cause="nonsense")["cause"]
    assert form.errors(outcome="false_alarm", reason="", cause="") == {"reason": "Say why it was a false alarm."}
    assert incident.is_open
    done = form.then(outcome="resolved", reason="It works", cause="deployment")

    assert (incident.outcome, incident.resolution_summary, incident.cause) == (
        "resolved",
        "Rolled <back>",
        "deployment",
    )
    assert done.words.startswith("INC-1 is resolved.")
    assert form.then().words == done.words
    assert entries(incident, "resolved") == ["Rolled <back>"]
    assert say(client, "resolve INC-1") == "INC-1 was over already."


def test_what_the_public_reads_of_the_end_is_previewed(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    published(incident, ada)
    form = pressed(client, api, "open/resolve:INC-1").fill(summary="Rolled back", reason="It works")
    assert form.errors(summary="", reason="")["summary"]

    sure = form.then(summary="Rolled back", reason="It works", public_body="It is *over* <now>.")

    assert incident.is_open
    for words in ("All systems operational", "Resolved", "over", " <now>.", "say that it is over"):
        assert words in sure.words
    assert "Next update" not in sure.words
    done = sure.then()
    shown = publishing.find(incident.id)
    assert shown is not None
    assert (shown.newest.public_status, shown.newest.body) == ("resolved", "It is *over* <now>.")
    assert "The status page says: It is *over* &lt;now&gt;." in done.words
    assert sure.then().words == done.words


def test_a_second_pair_of_eyes_reads_the_end_first(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    published(incident, ada)
    change_page_settings(needs_second_eyes=True)
    linked(a_person("Bob"), "U8")

    sure = pressed(client, api, "open/resolve:INC-1", user="U8").then(summary="x", reason="y", public_body="Mine")
    assert "A second pair of eyes reads your text first." in sure.words
    assert "Mine" not in sure.words
    sure.then()

    shown = publishing.find(incident.id)
    assert shown is not None
    assert shown.newest.body == "This incident is resolved."
    drafts = db.session.scalars(select(Update.body).where(Update.state == "draft")).all()
    assert drafts == ["Mine"]


def test_two_who_resolve_at_once_lose_no_text(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    linked(a_person("Bob"), "U8")
    mine, other = pressed(client, api, "open/resolve:INC-1"), pressed(client, api, "open/resolve:INC-1", user="U8")
    other.then(summary="Bob's <words>", reason="y")

    late = mine.then(summary="Mine", reason="because")

    assert "INC-1 is over already: somebody ended it meanwhile." in late.words
    assert "> Bob's &lt;words&gt;" in late.words
    assert late.value("body") == "Mine\n\nbecause"
    late.then()
    assert entries(incident, "note") == ["Mine\n\nbecause"]
    assert incident.resolution_summary == "Bob's <words>"


def test_escalating_names_who_comes_and_wakes_nobody_twice(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    grace = a_person("Grace")
    bob = linked(a_person("Bob"), "U8")
    oncall_roles.assign("engineering_lead", tell=[f"person:{grace.email}"], by=ada.as_actor())
    oncall_roles.assign("cto", tell=[f"person:{bob.email}"], by=ada.as_actor())
    db.session.commit()
    mine, other = command(client, api, "escalate INC-1"), pressed(client, api, "open/escalate:INC-1", user="U8")
    assert "Calls in Grace (Engineering lead)." in mine.words

    assert mine.errors() == {"reason": "Choose a reason."}
    assert mine.errors(reason="boredom")["reason"]
    done = mine.then(reason="customer", note="They <call>")
    assert done.words.startswith("INC-1: Grace is called in.")
    assert mine.then().words.startswith("This form was sent already")
    again = other.then(reason="security", note="Bob's note")

    assert again.words.startswith("Ada escalated it at 02:14 UTC, after you opened this form.")
    assert (again.value("note"), again.value("reason")) == ("Bob's note", "security")
    assert "Calls in Bob (CTO)." in again.words
    assert entries(incident, "escalated") == ["They <call>"]
    again.then()
    assert entries(incident, "escalated") == ["They <call>", "Bob's note"]


def test_a_role_is_given_to_a_user_of_slack(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    bob = linked(a_person("Bob"), "U8")
    linked(a_person("Vic", role="viewer"), "U7")
    form, later = pressed(client, api, "open/roles:INC-1"), pressed(client, api, "open/roles:INC-1")
    assert "Commander: Ada" in str(form.element("role"))

    assert form.errors() == {"person": "Choose somebody."}
    assert form.errors(person="U99")["person"].startswith("Sevenbells does not know who that is")
    assert form.errors(person="U7")["person"].startswith("Vic cannot hold a role")
    assert form.errors(person="U8", role="nonsense")["role"]
    assert form.then(role="scribe").words.startswith("Bob is scribe of INC-1.")
    assert form.then(role="commander").words.startswith("Bob is commander of INC-1.")
    assert roles.holder(incident, "commander") == bob

    again = later.then(person="U42", role="scribe")
    assert again.words.startswith("Bob has this role now: it was changed after you opened this form.")
    again.then()
    assert roles.holder(incident, "scribe") == ada


def test_what_is_over_needs_no_form(client: FlaskClient, api: SlackApi, incident: Incident, ada: Person) -> None:
    actions.resolve(incident, by=ada.as_actor(), summary="x", reason="y")
    db.session.commit()

    assert say(client, "escalate INC-1").startswith("INC-1 is over.")
    assert api.views == {}


def test_show_offers_every_form_to_who_may_act(
    client: FlaskClient,
    api: SlackApi,
    incident: Incident,
) -> None:
    def offered(user: str) -> list[str]:
        answer = post(client, "/slack/commands", command_body("show INC-1", user=user)).json
        return [each["action_id"] for each in answer["blocks"][-1]["elements"]]

    linked(a_person("Vic", role="viewer"), "U7")
    *forms, _link = offered("U42")

    assert forms == [f"open/{form}:INC-1" for form in ("update", "resolve", "escalate", "roles")]
    titles = [pressed(client, api, each).title for each in forms]
    assert titles == ["Update INC-1", "Resolve INC-1", "Escalate INC-1", "Roles in INC-1"]
    assert len(offered("U7")) == 1


@pytest.mark.parametrize("chosen", [True, False])
def test_the_next_step_asks_for_the_components_that_nobody_named(
    client: FlaskClient, api: SlackApi, ada: Person, chosen: bool
) -> None:
    component = a_component("API")
    incident = an_incident(by=ada, title="Checkout fails", impact="Nobody can pay")
    actions.acknowledge(incident, by=ada.as_actor())
    db.session.commit()

    form = pressed(client, api, "open/step:INC-1")
    assert "Name the affected components, or none." in form.words
    assert "components, or none." in form.errors()["degraded_performance"]
    done = form.then(**({"partial_outage": [component]} if chosen else {"none": ["1"]}))

    assert done.words.startswith("INC-1 is at communication now, step 3 of 7.")
    assert incident_components.statuses_of(incident) == ({component: "partial_outage"} if chosen else {})
    assert incident.components_answered
