"""What the room and the settings say of the incident's channel in Slack, and what its button does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.records.incident_channel_settings import channel_settings
from incidents.records.incident_channels import IncidentChannel, present_channel
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests import slack_door
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, post, sign_in

ROOM = "/console/incidents/INC-1"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": slack_door.KEY}


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya", role="admin")


@pytest.fixture
def incident(maya: Person) -> Incident:
    return an_incident(by=maya)


@pytest.fixture
def browser(client: FlaskClient, maya: Person) -> FlaskClient:
    return sign_in(client, maya)


def is_now(incident: Incident, **values: object) -> IncidentChannel:
    channel = present_channel(incident.id)
    assert channel is not None
    for name, value in values.items():
        setattr(channel, name, value)
    db.session.commit()
    return channel


def test_the_room_says_where_the_channel_is_and_what_went_wrong(
    browser: FlaskClient, incident: Incident, clock: WoundClock
) -> None:
    assert "Being made." in browser.get(ROOM).text

    is_now(incident, problem="The rules forbid <b>it</b>", due_at=clock.moment + timedelta(minutes=15))
    page = browser.get(ROOM).text
    assert "Not made yet." in page
    assert "The rules forbid &lt;b&gt;it&lt;/b&gt;. It is tried again at" in page

    post(browser, f"{ROOM}/channel")
    assert is_now(incident).due_at == clock.moment

    slack_door.linked(make_person(email="ada@example.com"), "U1")
    slack_door.linked(make_person(email="bob@example.com"), "U2")
    invited = {"U1": "Slack knows no such person", "U2": ""}
    is_now(incident, channel_id="C42", name="inc-1-down", problem="", invited=invited)
    page = browser.get(ROOM).text
    assert '<a href="https://slack.com/app_redirect?channel=C42">#inc-1-down</a>' in page
    assert "Ada is not in it: Slack knows no such person." in page
    assert "Bob is not in it" not in page
    assert "Try again" not in page


def test_an_open_room_hears_that_its_channel_was_made(browser: FlaskClient, incident: Incident) -> None:
    page = browser.get(ROOM).text
    asks = re.findall(r'hx-get="([^"]+/timeline[^"]+)"', page)[0].replace("&amp;", "&")
    assert browser.get(asks).status_code == 204
    is_now(incident, channel_id="C42", name="inc-1-down")
    assert "#inc-1-down" in browser.get(asks).text


def test_one_that_was_archived_or_left_says_so(browser: FlaskClient, incident: Incident, clock: WoundClock) -> None:
    is_now(incident, channel_id="C42", name="inc-1-down", archived_at=clock.moment, stays_archived=True)
    assert "Open it again" in browser.get(ROOM).text

    is_now(incident, left_at=clock.moment, gone_at=clock.moment)
    page = browser.get(ROOM).text
    assert "is gone in Slack" in page
    assert "Make a channel" in page


def test_without_slack_the_room_says_nothing_of_it(maya: Person, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incidents.actions.incident_channel.is_connected", lambda: False)
    incident = an_incident(by=maya)
    browser = sign_in(app.test_client(), maya)
    assert 'id="channel"' not in browser.get(ROOM).text
    assert "Slack is not connected" in browser.get(f"{ROOM}/channel").text
    assert db.session.scalar(select(IncidentChannel)) is None
    refused = post(browser, f"{ROOM}/channel")
    assert (refused.status_code, "Slack is not connected" in refused.text) == (409, True)
    assert present_channel(incident.id) is None


def test_an_admin_chooses_which_incidents_get_one(browser: FlaskClient) -> None:
    settings = "/console/settings/escalation"
    refused = post(browser, f"{settings}/channels", {"makes": "all", "archive_after_days": "soon"})
    assert (refused.status_code, "Give a number of days" in refused.text) == (422, True)

    post(browser, f"{settings}/channels", {"makes": "all", "for_restricted": "1", "archive_after_days": "0"})
    chosen = channel_settings()
    assert (chosen.makes, chosen.for_restricted, chosen.archive_after_days) == ("all", True, 0)
    assert "Channels in Slack" in browser.get(settings).text


def test_incident_channel_says_the_way_or_has_it_made(
    client: FlaskClient, maya: Person, incident: Incident, clock: WoundClock
) -> None:
    slack_door.linked(maya)
    is_now(incident, problem="The rules forbid it", due_at=clock.moment + timedelta(minutes=15))
    assert slack_door.say(client, "channel INC-1").splitlines() == [
        "The channel of INC-1 is seen to now.",
        "Last time it went wrong: The rules forbid it.",
    ]
    assert is_now(incident).due_at == clock.moment

    is_now(incident, channel_id="C42", name="inc-1-down", problem="")
    assert slack_door.say(client, "channel INC-1") == "INC-1 is spoken of in #inc-1-down."
