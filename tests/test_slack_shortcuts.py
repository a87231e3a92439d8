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
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests import slack_door, slack_forms
from tests.acting import entries
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.receivers import Receiver, receiver
from tests.slack_api import SlackApi

__all__ = ["receiver"]
CHANNEL, TS = "C0INC1", "1795000000.000100"
TEXT = "Raise the pool &amp; alert on it\nBoth"
LINK = f"https://acme.slack.com/archives/{CHANNEL}/p1795000000000100"


@pytest.fixture
def slack(receiver: Receiver) -> SlackApi:
    api = SlackApi(receiver)
    api.team_id = "T42"
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
    return slack_door.with_channel(an_incident(by=ada), CHANNEL)


_numbers = iter(range(1, 10**6))


def choose(
    client: FlaskClient,
    name: str,
    *,
    user: str = "U0ADA",
    author: str = "U0LEE",
    channel: str = CHANNEL,
    text: str = TEXT,
) -> str:
    """Choose a shortcut on a message; what the person reads."""
    told = {
        "type": "message_action",
        "callback_id": name,
        "trigger_id": f"{next(_numbers)}.1.a",
        "team": {"id": "T42", "domain": "acme"},
        "user": {"id": user, "name": user.lower()},
        "channel": {"id": channel, "name": "inc-1"},
        "message_ts": TS,
        "message": {
            "type": "message",
            "user": author,
            "ts": TS,
            "text": text,
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


def test_where_the_channel_does_not_say_it_is_asked_which_incident(
    client: FlaskClient, incident: Incident, ada: Person, slack: SlackApi
) -> None:
    an_incident(by=a_person("Eve"), visibility_wanted="restricted")
    other = an_incident(by=ada, title="Mail is late")
    long = "It was the relay. " * 300
    slack.holds("C0TALK", TS, long, user="U0LEE")

    assert choose(client, "add_to_timeline", channel="C0TALK", text=long) == ""
    form = slack_forms.opened(client, slack, user="U0ADA")
    assert [each["value"] for each in form.element("incident")["options"]] == [other.ref, incident.ref]
    assert form.errors() == {"incident": "Choose an incident."}
    assert form.errors(incident="INC-2") == {"incident": "There is no INC-2 that you can see."}
    assert "goes on the timeline of INC-3" in form.then(incident="INC-3").words
    slack_timeline.keep_what_is_pinned()
    [entry] = entries(other, "note")
    assert entry.body == long.strip()

    choose(client, "make_action_item", channel="C0TALK")
    form = slack_forms.opened(client, slack, user="U0ADA")
    assert form.value("title") == "Raise the pool & alert on it"
    assert "it is yours: Alert on the pool" in form.then(incident="INC-3", title="Alert on the pool").words
    [item] = db.session.scalars(select(ActionItem))
    assert (item.incident_id, item.title) == (other.id, "Alert on the pool")


def test_a_form_carries_no_more_than_slack_takes_in_whatever_script(
    client: FlaskClient, incident: Incident, ada: Person, slack: SlackApi
) -> None:
    for text in ("Ж" * 1200, "\U0001f514" * 1000):
        slack.holds("C0TALK", TS, text, user="U0LEE")
        assert choose(client, "add_to_timeline", channel="C0TALK", text=text) == ""
        slack_forms.opened(client, slack, user="U0ADA").then(incident="INC-1")
        slack_timeline.keep_what_is_pinned()
        [entry] = entries(incident, "note")
        assert entry.body == "Ж" * 1200


def test_what_sevenbells_wrote_itself_is_not_added(client: FlaskClient, incident: Incident) -> None:
    assert choose(client, "add_to_timeline", author="U0BOT").startswith("Sevenbells wrote this itself")
    slack_timeline.keep_what_is_pinned()
    assert entries(incident, "note") == []
