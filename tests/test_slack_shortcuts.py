"""*Add to timeline* and *Make action item* on a message in Slack: the message comes along, and the channel says which incident."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.jobs import slack_people, slack_timeline
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.action_items import ActionItem
from incidents.records.incident_channels import IncidentChannel
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests import slack_door
from tests.acting import entries
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.receivers import Receiver, receiver
from tests.slack_api import TEAM, SlackApi

__all__ = ["receiver"]
CHANNEL, TS = "C0INC1", "1795000000.000100"
LINK = f"https://acme.slack.com/archives/{CHANNEL}/p1795000000000100"


@pytest.fixture
def slack(receiver: Receiver) -> SlackApi:
    api = SlackApi(receiver)
    api.knows("U0LEE", "lee@example.org", name="lee")
    return api


@pytest.fixture
def environ(environ: dict[str, str], slack: SlackApi) -> dict[str, str]:
    ours = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": slack_door.KEY, "SLACK_API_BASE_URL": slack.url}
    return {**environ, **ours}


@pytest.fixture
def ada(app: Flask) -> Person:
    slack_people.learn_our_workspace()
    return slack_door.linked(a_person("Ada"), "U0ADA")


@pytest.fixture
def incident(ada: Person) -> Incident:
    found = an_incident(by=ada)
    db.session.add(IncidentChannel(incident_id=found.id, channel_id=CHANNEL))
    db.session.commit()
    return found


_numbers = iter(range(1, 10**6))


def choose(client: FlaskClient, name: str, *, user: str = "U0ADA", author: str = "U0LEE") -> str:
    """Choose a shortcut on a message; what the person reads."""
    told = {
        "type": "message_action",
        "callback_id": name,
        "trigger_id": f"{next(_numbers)}.1.a",
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": user, "name": user.lower()},
        "channel": {"id": CHANNEL, "name": "inc-1"},
        "message_ts": TS,
        "message": {
            "type": "message",
            "user": author,
            "ts": TS,
            "text": "Raise the pool &amp; alert on it\nBoth",
        },
    }
    before = db.session.scalar(select(db.func.max(OutboxMessage.id))) or 0
    answer = slack_door.post(client, "/slack/interactions", urlencode({"payload": json.dumps(told)}))
    assert (answer.status_code, answer.data) == (200, b"")
    wanted = select(OutboxMessage).where(OutboxMessage.id > before, OutboxMessage.destination == CHANNEL)
    said = [row for row in db.session.scalars(wanted) if row.payload.get("only_for") == user]
    return "; ".join(row.payload["text"] for row in said)


def test_a_message_is_added_to_the_timeline_by_its_shortcut(
    client: FlaskClient, incident: Incident, slack: SlackApi
) -> None:
    assert choose(client, "add_to_timeline") == "The message goes on the timeline of INC-1."
    slack_timeline.keep_what_is_pinned()

    [entry] = entries(incident, "note")
    assert (entry.body, entry.by_name) == ("Raise the pool & alert on it\nBoth", "lee in Slack")
    assert (entry.link, entry.detail["pinned_by"]) == (LINK, "Ada")
    assert "conversations.history" not in slack.methods
    assert choose(client, "add_to_timeline") == "The message is on the timeline of INC-1."
    slack_timeline.keep_what_is_pinned()
    assert len(entries(incident, "note")) == 1


def test_a_message_becomes_an_action_item_once(client: FlaskClient, incident: Incident, ada: Person) -> None:
    assert choose(client, "make_action_item") == (
        "The action item is written down for INC-1, and it is yours: Raise the pool &amp; alert on it"
    )
    assert choose(client, "make_action_item").startswith("There is an action item of this message already")

    [item] = db.session.scalars(select(ActionItem))
    assert (item.title, item.owner_id, item.link) == ("Raise the pool & alert on it", ada.id, LINK)


def test_shortcuts_are_for_responders_who_see_the_incident(
    client: FlaskClient, incident: Incident, ada: Person, clock: WoundClock
) -> None:
    slack_door.linked(a_person("Vic", role="viewer"), "U0VIC")
    slack_door.linked(a_person("Bob"), "U0BOB")
    incident.visibility = "restricted"
    db.session.commit()

    for name in ("add_to_timeline", "make_action_item"):
        assert choose(client, name, user="U0LEE").startswith("Sevenbells does not know who you are")
        assert choose(client, name, user="U0VIC").startswith("Only responders")
        assert "INC-1" not in choose(client, name, user="U0BOB")
    slack_timeline.keep_what_is_pinned()

    assert entries(incident, "note") == []
    assert db.session.scalars(select(ActionItem)).all() == []


def test_what_sevenbells_wrote_itself_is_not_added(client: FlaskClient, incident: Incident) -> None:
    assert choose(client, "add_to_timeline", author="U0BOT").startswith("Sevenbells wrote this itself")
    slack_timeline.keep_what_is_pinned()
    assert entries(incident, "note") == []
