"""What is pinned in Slack stands on the timeline, once, at its own time and as it read then, while somebody has it pinned."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.jobs import slack_people, slack_timeline
from incidents.kernel import clock as clock_module
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.records.actors import Actor
from incidents.records.heard_messages import unread_of
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.reports import postmortem
from tests import slack_door
from tests.acting import browser_of, entries, main_of, room
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.receivers import Receiver, Script, receiver
from tests.slack_api import TEAM, SlackApi, asked_to_wait, slack_error

__all__ = ["receiver"]
CHANNEL, OPS = "C0INC1", "C0OPS"


@pytest.fixture
def slack(receiver: Receiver) -> SlackApi:
    api = SlackApi(receiver)
    api.knows("U0LEE", "lee@example.org", name="lee")
    return api


@pytest.fixture
def environ(environ: dict[str, str], slack: SlackApi) -> dict[str, str]:
    return {
        **environ,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": slack_door.KEY,
        "SLACK_API_BASE_URL": slack.url,
    }


@pytest.fixture
def ada(app: Flask) -> Person:
    slack_people.learn_our_workspace()
    return slack_door.linked(a_person("Ada"), "U0ADA")


@pytest.fixture
def incident(ada: Person) -> Incident:
    return slack_door.with_channel(an_incident(by=ada), CHANNEL)


def at(moment: Any) -> str:
    return f"{int(moment.timestamp())}.000200"


_numbers = iter(range(1, 10**6))


def tell(client: FlaskClient, kind: str, user: str, told_at: str, **more: Any) -> None:
    happened = {"type": kind, "user": user, "event_ts": told_at, **more}
    told = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{next(_numbers)}", "event": happened}
    assert slack_door.event(client, told).status_code == 200


def pin(client: FlaskClient, ts: str, *, off: bool = False, user: str = "U0ADA", channel: str = CHANNEL) -> None:
    item = {"type": "message", "channel": channel, "message": {"type": "message", "ts": ts}}
    tell(client, "pin_removed" if off else "pin_added", user, at(clock_module.now()), channel_id=channel, item=item)


def react(
    client: FlaskClient,
    ts: str,
    *,
    off: bool = False,
    user: str = "U0ADA",
    channel: str = CHANNEL,
    told_at: str = "",
    **more: Any,
) -> None:
    item = {"type": "message", "channel": channel, "ts": ts}
    kind = "reaction_removed" if off else "reaction_added"
    tell(client, kind, user, told_at or at(clock_module.now()), **{"reaction": "pushpin", "item": item, **more})


def kept(incident: Incident) -> list[TimelineEntry]:
    slack_timeline.keep_what_is_pinned()
    return entries(incident, "note")


def test_a_pinned_message_stands_at_its_own_time_in_its_writers_name(
    app: Flask, client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock
) -> None:
    written_at = clock().replace(microsecond=200)
    slack.holds(
        CHANNEL, at(written_at), "&lt;b&gt; <@U0ADA>, see <https://graphs.example.com/7|the graph>", user="U0LEE"
    )
    slack.messages[CHANNEL, at(written_at)]["files"] = [
        {"id": "F1", "title": "heap [1].png", "permalink": "https://acme.slack.com/files/U0LEE/F1/heap.png"}
    ]
    clock.forward(minutes=7)

    pin(client, at(written_at))
    assert slack.methods == ["auth.test"]  # nothing is asked while Slack waits
    [entry] = kept(incident)

    assert (entry.at, entry.by_name, entry.by_kind) == (written_at, "lee in Slack", "slack")
    assert entry.body == (
        "<b> @Ada, see [the graph](https://graphs.example.com/7)\n\n"
        "- [heap \\[1\\].png](https://acme.slack.com/files/U0LEE/F1/heap.png)"
    )
    assert entry.link == f"https://acme.slack.com/archives/{CHANNEL}/p{at(written_at).replace('.', '')}"
    assert entry.detail == {"source": "slack", "pinned_by": "Ada"}
    assert not [method for method in slack.methods if method.startswith("files")]
    page = main_of(browser_of(app)[0].get(room(incident)))
    assert "<b>lee in Slack</b> wrote, pinned by Ada" in page
    assert "&lt;b&gt; @Ada" in page
    assert "lee in Slack wrote: " in postmortem.draft(incident).text("timeline")


def test_a_message_in_a_thread_of_the_headline_belongs_to_its_incident(
    client: FlaskClient, ada: Person, slack: SlackApi, clock: WoundClock
) -> None:
    incident, root, below = an_incident(by=ada), at(clock()), at(clock() + timedelta(seconds=5))
    clock.forward(minutes=1)
    [head] = db.session.scalars(db.select(outbox.OutboxMessage).where(outbox.OutboxMessage.destination == "team"))
    head.state, head.sent_at, head.receipt = outbox.SENT, clock(), {"ts": root, "channel": OPS}
    db.session.commit()
    slack.holds(OPS, below, "It is the pool", user="U0ADA", thread_ts=root)
    slack.holds(OPS, at(clock()), "Lunch?", user="U0ADA")
    slack.holds("C0OTHER", below, "Other things", user="U0ADA", thread_ts=root)

    react(client, below, channel=OPS)
    react(client, at(clock()), channel=OPS)
    react(client, below, channel="C0OTHER")
    [entry] = kept(incident)

    assert (entry.body, entry.by_name, entry.by_kind) == ("It is the pool", "Ada", "person")
    assert not any(b"C0OTHER" in asked.body for asked in slack.receiver.asked)  # other channels are not read


def test_a_message_is_on_the_timeline_once_and_until_the_last_takes_it_off(
    client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock
) -> None:
    slack_door.linked(a_person("Bob"), "U0BOB")
    ts = at(clock())
    slack.holds(CHANNEL, ts, "Restarted", user="U0ADA")
    pin(client, ts)
    react(client, ts, user="U0BOB")
    react(client, ts)
    react(client, ts, reaction="thumbsup")
    [entry] = kept(incident)
    slack.messages[CHANNEL, ts]["text"] = "Edited"
    clock.forward(seconds=10)

    pin(client, ts, off=True)
    react(client, ts, off=True)
    assert [each.body for each in kept(incident)] == ["Restarted"]
    clock.forward(seconds=1)
    react(client, ts, off=True, user="U0BOB")
    kept(incident)
    assert (entry.body, entry.detail["taken_off_by"]) == ("", "Bob")
    assert [(each.body, each.by_name) for each in corrections(entry)] == [("Restarted", "Bob")]

    actions.correct_entry(entry, incident, by=Actor("cli", None, "x"), body="", at=clock() - timedelta(minutes=1))
    assert entry.body == ""
    clock.forward(seconds=10)
    pin(client, ts, user="U0BOB")
    assert [each.body for each in kept(incident)] == ["Edited"]
    assert entry.detail == {"source": "slack", "pinned_by": "Bob"}


def corrections(entry: TimelineEntry) -> list[Any]:
    from incidents.records.timeline import TimelineCorrection

    return list(db.session.scalars(db.select(TimelineCorrection).where(TimelineCorrection.entry_id == entry.id)))


def test_events_in_the_wrong_order_end_as_they_happened(
    client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock
) -> None:
    ts, first = at(clock()), at(clock() + timedelta(seconds=1))
    slack.holds(CHANNEL, ts, "Nothing")
    clock.forward(seconds=5)

    react(client, ts, off=True)
    react(client, ts, told_at=first)

    assert kept(incident) == []


def test_what_was_pinned_before_it_was_read_and_taken_off_again_is_not_read(
    client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock
) -> None:
    ts = at(clock())
    slack.holds(CHANNEL, ts, "Oh")
    pin(client, ts)
    clock.forward(seconds=1)
    pin(client, ts, off=True)

    assert kept(incident) == []
    assert slack.methods == ["auth.test"]


def test_a_pin_keeps_the_acknowledgement_alive_when_one_of_us_makes_it(
    client: FlaskClient, incident: Incident, ada: Person, slack: SlackApi, clock: WoundClock
) -> None:
    ts = at(clock())
    slack.holds(CHANNEL, ts, "Looking", user="U0ADA")
    before = incident.last_human_entry_at
    clock.forward(minutes=20)
    pin(client, ts, user="U0LEE")
    assert [each.detail for each in kept(incident)] == [{"source": "slack", "pinned_by": "lee"}]
    assert incident.last_human_entry_at == before

    slack.holds(CHANNEL, at(clock()), "Still", user="U0LEE")
    pin(client, at(clock()))
    kept(incident)
    assert incident.last_human_entry_at == clock()


def test_pins_of_those_who_may_not_act_are_not_counted(
    client: FlaskClient, ada: Person, slack: SlackApi, clock: WoundClock
) -> None:
    secret = slack_door.with_channel(an_incident(by=ada, visibility_wanted="restricted"), CHANNEL)
    slack_door.linked(a_person("Bob"), "U0BOB")
    slack_door.linked(a_person("Vic", role="viewer"), "U0VIC")
    ts = at(clock())
    slack.holds(CHANNEL, ts, "The key leaked", user="U0LEE")
    for user in ("U0BOB", "U0VIC", "U0LEE"):
        react(client, ts, user=user)
    assert kept(secret) == []
    assert "conversations.history" not in slack.methods

    pin(client, ts)
    assert [each.body for each in kept(secret)] == ["The key leaked"]
    clock.forward(seconds=1)
    pin(client, ts, off=True)
    assert [each.body for each in kept(secret)] == [""]


def test_the_apps_own_messages_are_no_news(
    client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock
) -> None:
    slack.holds(CHANNEL, at(clock()), "Headline", user="U0BOT", bot_id="B1")
    pin(client, at(clock()))
    react(client, at(clock()), item_user="U0BOT")

    assert kept(incident) == []


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (slack_error("missing_scope", needed="channels:history"), "lacks the permission channels:history"),
        (slack_error("channel_not_found"), "cannot see that channel"),
        (asked_to_wait(30), "pause"),
    ],
)
def test_what_slack_does_not_give_is_said_in_the_room_and_tried_again(
    app: Flask, client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock, fault: Script, why: str
) -> None:
    ts = at(clock())
    slack.holds(CHANNEL, ts, "Here", user="U0ADA")
    slack.faults["conversations.history"] = [fault]
    pin(client, ts)

    assert kept(incident) == []
    page = browser_of(app)[0].get(room(incident)).text
    assert "A message pinned in Slack is not on the timeline." in page
    assert why in page
    clock.forward(seconds=30)
    assert [each.body for each in kept(incident)] == ["Here"]
    assert unread_of(incident.id) == []


def test_a_message_that_was_deleted_is_asked_for_once(
    client: FlaskClient, incident: Incident, slack: SlackApi, clock: WoundClock
) -> None:
    pin(client, at(clock()))
    kept(incident)
    asked = len(slack.methods)
    clock.forward(hours=1)

    assert kept(incident) == []
    assert len(slack.methods) == asked
    assert unread_of(incident.id) == ["The message was deleted in Slack before it could be read"]


def test_strange_events_are_heard_and_change_nothing(client: FlaskClient, incident: Incident, slack: SlackApi) -> None:
    strange: list[dict[str, Any]] = [
        {"item": {"type": "file", "file": {}}},
        {"item": None},
        {"item": {"type": "message", "channel": CHANNEL, "ts": "soon"}},
        {"item": {"type": "message", "channel": CHANNEL, "ts": "9" * 40}},
        {"item": {"type": "message", "channel": ["C"], "ts": "1.2"}},
        {"user": {"id": "U"}},
    ]
    for each in strange:
        tell(client, "reaction_added", **{"user": "U0ADA", "told_at": "x", "reaction": "pushpin", **each})
        tell(client, "pin_added", **{"user": "U0ADA", "told_at": "x", "channel_id": CHANNEL, **each})

    assert kept(incident) == []


def test_a_merged_or_closed_incident_takes_a_pin_too(
    client: FlaskClient, incident: Incident, ada: Person, slack: SlackApi, clock: WoundClock
) -> None:
    actions.resolve(incident, by=ada.as_actor(), summary="Done", reason="Short")
    db.session.commit()
    slack.holds(CHANNEL, at(clock()), "Afterthought", user="U0ADA")
    pin(client, at(clock()))

    assert [each.body for each in kept(incident)] == ["Afterthought"]
