"""Declaring by a form in Slack: two answers are enough, whoever sees the trouble."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents.actions import components as incident_components
from incidents.channels import slack_views
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.messages.about_incidents import AFTER_DECLARING
from incidents.published import publishing
from incidents.records.incidents import Incident
from incidents.slack import door, opening
from tests.factories import a_component, a_person, an_incident
from tests.receivers import Receiver
from tests.slack_api import SlackApi, asked_to_wait, slack_error
from tests.slack_door import command_body, interact, linked, locked, post
from tests.slack_forms import api, command, messages, pressed, receiver, with_slack

__all__ = ["api", "receiver"]


@pytest.fixture
def environ(environ: dict[str, str], api: SlackApi) -> dict[str, str]:
    return {**with_slack(environ, api), "OUTBOUND_ALLOW": "127.0.0.0/8"}


def how_many() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Incident.id))) or 0


def test_the_form_declares_and_says_what_comes_next(client: FlaskClient, api: SlackApi) -> None:
    linked(a_person("Ada"))
    api_component = a_component("API")
    db.session.commit()
    form = command(client, api, "declare Checkout &lt;b&gt; fails &amp; burns")
    assert form.value("title") == "Checkout <b> fails & burns"
    first = form.element("severity")["options"][0]
    assert first["text"]["text"] == "P1 Critical, answered within 15 min"
    assert first["description"]["text"]
    assert AFTER_DECLARING in form.words
    assert "P1 tells you at once, then an update every 30 min." in form.words
    assert "P3 and P4 wake nobody: they come by e-mail and Slack, unless somebody asked for more." in form.words

    done = form.then(severity="P2", components=[api_component], how="major_outage", impact="Nobody can pay")

    incident = db.session.scalars(select(Incident)).one()
    assert (incident.title, incident.severity, incident.impact) == (
        "Checkout <b> fails & burns",
        "P2",
        "Nobody can pay",
    )
    assert (incident.visibility, incident.declared_by_name) == ("public", "Ada")
    assert incident_components.statuses_of(incident) == {api_component: "major_outage"}
    assert publishing.find(incident.id) is None
    assert any("Checkout &lt;b&gt; fails &amp; burns" in message for message in messages())
    assert "INC-1 is declared, P2 High: Checkout &lt;b&gt; fails &amp; burns" in done.words
    assert done.button("Write the first update") == "open/update:INC-1"
    assert form.then().words == "This form was sent already, and the incident exists."
    assert how_many() == 1


def test_whoever_is_not_known_declares_too_and_a_viewer_does_not(client: FlaskClient, api: SlackApi) -> None:
    linked(a_person("Vic", role="viewer"), "U7")
    done = command(client, api, "declare Nothing works", user="U99").then(severity="P1")

    assert db.session.scalars(select(Incident.declared_by_name)).all() == ["ada in Slack"]
    assert "Sevenbells does not know who you are" in done.words
    refused = post(client, "/slack/commands", command_body("declare Nothing works", user="U7"))
    assert refused.json["text"].startswith("Only responders can do this.")
    assert len(api.views) == 1


def test_what_is_missing_is_said_at_its_field(client: FlaskClient, api: SlackApi) -> None:
    linked(a_person("Ada"))
    menu = post(client, "/slack/commands", command_body("")).json["blocks"][-1]["elements"]
    form = pressed(client, api, menu[0]["action_id"])

    assert form.errors(title=" \x00\ud800 ".replace("\ud800", "")) == {
        "severity": "Choose how bad it is. Not sure? Pick the higher one."
    }
    assert form.errors(title="  ", severity="P1") == {"title": "Say in a few words what is wrong."}
    assert form.errors(title="x", severity="P9")["severity"]
    assert form.errors(title="x" * 201, severity="P1")["title"].startswith("Use at most 200 characters.")
    assert form.errors(title="x", severity="P1", visibility="all")["visibility"]
    assert how_many() == 0
    form.then(title="x", severity="P1", visibility="internal")
    assert how_many() == 1


def test_a_title_too_long_and_more_components_than_a_menu_takes(client: FlaskClient, api: SlackApi) -> None:
    linked(a_person("Ada"))
    ids = [a_component(f"Component {number} " + "x" * 80) for number in range(150)]
    db.session.commit()
    form = command(client, api, "declare " + "long &amp; &lt;words&gt; " * 140)

    assert len(form.value("title")) == 200
    assert form.value("impact").startswith("long & <words>")
    assert form.element("components")["type"] == "multi_external_select"
    found = interact(
        client, "block_suggestion", action_id=form.element("components")["action_id"], value="component 14"
    ).json
    assert len(found["options"]) == 11
    assert all(len(each["text"]["text"]) <= 75 for each in found["options"])
    assert len(interact(client, "block_suggestion", action_id="find-components:x", value="").json["options"]) == 100
    form.then(severity="P3", components=[ids[149]])
    incident = db.session.scalars(select(Incident)).one()
    assert incident_components.statuses_of(incident) == {ids[149]: "degraded_performance"}


def test_where_slack_does_not_open_the_form_the_browser_has_it(
    client: FlaskClient, api: SlackApi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(a_person("Ada"))
    faults = [slack_error("expired_trigger_id"), asked_to_wait(30), slack_error("\x00<!channel>"), receiver.hang]
    for fault in faults:
        api.faults["views.open"] += [fault] * 2
        monkeypatch.setattr(opening, "PATIENCE", 0.3 if fault == receiver.hang else 20.0)

        said = post(client, "/slack/commands", command_body("declare Checkout fails")).json
        interact(client, "block_actions", channel={"id": "C42"}, actions=[{"action_id": "open/declare:"}])

        assert said["text"].startswith("How bad is it?")
        assert said["blocks"][-1]["elements"][0]["url"].endswith("/console/incidents/new?title=Checkout+fails")
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "slack")).all()
    assert len(rows) == len(faults)
    for row in rows:
        assert (row.destination, row.payload["only_for"]) == ("C42", "U42")
        assert row.payload["text"].startswith("The form did not open in Slack.")


def test_no_time_is_spent_on_a_form_that_would_come_too_late(
    client: FlaskClient, app: Flask, api: SlackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_waited", lambda: opening.WHOLE - 0.1)
    linked(a_person("Ada"))

    interact(client, "shortcut", callback_id="declare_incident")

    assert api.methods == []
    [row] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "slack"))
    assert (row.destination, "only_for" in row.payload) == ("U42", False)


def test_who_presses_a_button_is_told_that_nothing_was_recorded(
    client: FlaskClient, app: Flask, api: SlackApi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = linked(a_person("Ada"))
    incident = an_incident(by=ada)
    monkeypatch.setattr(door, "PATIENCE", timedelta(milliseconds=50))
    monkeypatch.setattr(slack_views, "ANSWERS_AT", receiver.url)
    body: dict[str, Any] = {
        "type": "block_actions",
        "actions": [{"action_id": "acknowledge:INC-1"}],
        "team": {"id": "T42"},
        "user": {"id": "U42"},
        "channel": {"id": "C42"},
    }

    def press(response_url: str) -> int:
        content = urlencode({"payload": json.dumps({**body, "response_url": response_url})})
        return int(post(client, "/slack/interactions", content).status_code)

    with locked():
        assert press(f"{receiver.url}/actions/1") == 200
        assert press("https://hooks.slack.com.evil.example/") == 503

    [asked] = receiver.asked
    assert asked.path == "/actions/1"
    assert asked.json["text"].endswith("Nothing was recorded, try again.")
    assert (asked.json["response_type"], asked.json["replace_original"]) == ("ephemeral", False)
    assert not incident.is_acknowledged


def test_what_looks_like_the_same_problem_is_asked_about_once(client: FlaskClient, api: SlackApi) -> None:
    ada = linked(a_person("Ada"))
    component = a_component("API")
    an_incident(by=ada, title="Checkout payments fail")
    an_incident(by=a_person("Bob"), title="Restricted billing leak", visibility_wanted="restricted")
    form = command(client, api, "declare").fill(
        title="Payments fail in checkout", severity="P2", components=[component]
    )

    asked = form.then(impact="Kept")

    assert "INC-1 looks like the same problem: Checkout payments fail" in asked.words
    assert [asked.value(name) for name in ("title", "severity", "components", "impact")] == [
        "Payments fail in checkout",
        "P2",
        [component],
        "Kept",
    ]
    assert how_many() == 2
    asked.typed.clear()
    asked.then()
    assert how_many() == 3
    command(client, api, "declare").then(title="Restricted billing leak", severity="P2")
    assert how_many() == 4
