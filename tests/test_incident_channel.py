"""The incident's channel in Slack: made, named, kept current by editing one message, left when restricted, archived at the end."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from incidents import actions
from incidents.actions import incident_channel
from incidents.channels import slack_asking
from incidents.jobs import slack_channels
from incidents.kernel import clock as clock_module
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.policy.lifecycle import Visibility
from incidents.records.incident_channels import IncidentChannel, channel_of, incident_of_channel, present_channel
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.receivers import Receiver, answer, answer_json, receiver
from tests.slack_api import SlackApi, asked_to_wait, slack_error
from tests.slack_door import linked

__all__ = ["receiver"]
TITLE = "Checkout isn't reachable für Ärzte"


@pytest.fixture
def slack(receiver: Receiver) -> Iterator[SlackApi]:
    api = SlackApi(receiver)
    for user in ("U0ADA", "U0BOB", "U0CAT"):
        api.knows(user, f"{user}@example.com")
    yield api
    slack_asking.paces.forget()


@pytest.fixture
def environ(environ: dict[str, str], slack: SlackApi) -> dict[str, str]:
    return {**environ, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_BASE_URL": slack.url}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message a second to one channel is the pace of its own tests."""
    monkeypatch.setattr("incidents.channels.slack.PACE", 0.0)


@pytest.fixture
def ada(app: Flask) -> Person:
    return linked(a_person("Ada"), "U0ADA")


def work(*, is_spoken_to: bool = False) -> None:
    """What the clock does now; the messages to the channel have left, unless it ``is_spoken_to`` still."""
    db.session.commit()
    if not is_spoken_to:
        db.session.execute(update(OutboxMessage).values(state=outbox.SENT, sent_at=clock_module.now()))
    db.session.commit()
    slack_channels.keep_channels_current()


def row(incident: Incident) -> IncidentChannel:
    db.session.expire_all()
    found = present_channel(incident.id)
    assert found is not None
    return found


def told(incident: Incident) -> list[tuple[str, str]]:
    """What the timeline says of the channel."""
    entries = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "channel")
    return [
        (each.detail["what"], each.detail["name"]) for each in db.session.scalars(entries.order_by(TimelineEntry.id))
    ]


def the_message(room: dict[str, Any]) -> str:
    [message] = room["messages"].values()
    return str(message["text"])


# ---- which is meant ----


def test_an_incident_is_spoken_of_in_its_channel_and_nowhere_else(app: Flask) -> None:
    incident = an_incident(by=a_person("Ada"), severity="P3")
    channel = IncidentChannel(incident_id=incident.id, channel_id="C42")
    db.session.add(channel)
    db.session.flush()

    assert (channel_of(incident.id), incident_of_channel("C42")) == ("C42", incident.id)
    incident.visibility = Visibility.RESTRICTED
    assert channel_of(incident.id) is None
    channel.is_private = True
    assert channel_of(incident.id) == "C42"
    assert (channel_of(incident.id + 1), incident_of_channel("C43"), incident_of_channel("")) == (None, None, None)


# ---- made, and kept current ----


def test_a_p1_gets_a_channel_with_its_template_pinned_and_its_people_in_it(slack: SlackApi, ada: Person) -> None:
    bob = linked(a_person("Bob"), "U0BOB")
    incident = an_incident(by=ada, title=TITLE)
    actions.assign_role(incident, role="scribe", person=bob, by=ada.as_actor())
    work()

    room = slack.rooms.only
    assert (room["name"], room["is_private"]) == ("inc-1-checkout-isnt-reachable-fur-arzte", False)
    assert room["topic"] == f"P1 Critical · Detection · no commander · INC-1: {TITLE}"
    assert room["purpose"] == "INC-1 in Sevenbells: http://127.0.0.1:8000/console/incidents/INC-1"
    assert the_message(room).splitlines()[:5] == [
        f"INC-1: {TITLE}",
        f"INCIDENT: {TITLE}",
        "SEVERITY: P1",
        "STATUS: Investigating",
        "IMPACT: not yet known",
    ]
    assert room["pins"] == [*room["messages"]]
    assert room["members"] == {"U0BOT", "U0ADA", "U0BOB"}
    assert [(each["title"], each["link"]) for each in room["bookmarks"].values()] == [
        ("Incident room", "http://127.0.0.1:8000/console/incidents/INC-1")
    ]
    assert (channel_of(incident.id), row(incident).problem) == (room["id"], "")
    assert told(incident) == [("made", room["name"])]


def test_what_changes_is_edited_in_place_and_nothing_is_done_twice(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada, title="Down")
    work()
    before = len(slack.methods)
    actions.name_person(incident, person=ada, by=ada.as_actor(), reason="nothing that shows in Slack")
    work()
    assert len(slack.methods) == before

    clock.forward(minutes=1)
    actions.acknowledge(incident, by=ada.as_actor())
    actions.change_severity(incident, to="P2", by=ada.as_actor())
    actions.rename(incident, title="Down & <!channel>", by=ada.as_actor())
    actions.advance(incident, to="triage", by=ada.as_actor())
    actions.post_update(incident, by=ada.as_actor(), body="We know *why*", audience="internal")
    work()

    room = slack.rooms.only
    assert slack.methods[before:] == ["conversations.setTopic", "chat.update"]
    assert room["topic"] == "P2 High · Triage · commander Ada · INC-1: Down &amp; &lt;!channel&gt;"
    assert "CURRENT STATUS: We know *why*" in the_message(room)
    assert "INCIDENT: Down &amp; &lt;!channel&gt;" in the_message(room)
    assert room["name"] == "inc-1-down"


def test_a_message_that_somebody_removed_is_posted_and_pinned_anew(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada)
    work()
    slack.rooms.only["messages"].clear()
    actions.acknowledge(incident, by=ada.as_actor())
    work()

    assert [*slack.rooms.only["messages"]] == [slack.rooms.only["pins"][-1]]


def test_who_gets_a_part_is_invited_and_who_left_is_not_fetched_back(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada)
    work()
    slack.rooms.only["members"].discard("U0ADA")
    gone = linked(a_person("Gone"), "U0GONE")
    actions.assign_role(incident, role="commander", person=gone, by=ada.as_actor())
    actions.assign_role(incident, role="scribe", person=linked(a_person("Cat"), "U0CAT"), by=ada.as_actor())
    work()

    assert slack.rooms.only["members"] == {"U0BOT", "U0CAT"}
    assert row(incident).invited["U0GONE"] == "Slack knows no such person"
    assert row(incident).problem == ""


def test_the_public_page_is_bookmarked_once_there_is_one(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada)
    work()
    actions.acknowledge(incident, by=ada.as_actor())
    actions.post_update(incident, by=ada.as_actor(), body="We look into it", audience="public")
    work()

    titles = [each["title"] for each in slack.rooms.only["bookmarks"].values()]
    assert titles == ["Incident room", "Public page"]


# ---- which get one ----


def test_by_the_setting_an_incident_gets_one_or_not(slack: SlackApi, ada: Person) -> None:
    for makes, severity, gets_one in (
        ("paging", "P2", True),
        ("paging", "P3", False),
        ("all", "P4", True),
        ("none", "P1", False),
    ):
        incident_channel.change_settings(makes=makes, for_restricted=False, archive_after_days=7, by=ada.as_actor())
        incident = an_incident(by=ada, severity=severity)
        work()
        assert (channel_of(incident.id) is not None) is gets_one, (makes, severity)

    incident_channel.make_or_try_again(incident, by=ada.as_actor())
    work()
    assert channel_of(incident.id)


def test_an_incident_that_becomes_a_p1_gets_one_then(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada, severity="P3")
    work()
    assert slack.methods == []
    actions.change_severity(incident, to="P1", by=ada.as_actor())
    work()
    assert channel_of(incident.id) == slack.rooms.only["id"]


def test_a_drill_says_so_in_its_name_and_fetches_only_who_agreed(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada, title="Fire", is_drill=True)
    actions.assign_role(incident, role="scribe", person=linked(a_person("Bob"), "U0BOB"), by=ada.as_actor())
    work()

    assert slack.rooms.only["name"] == "drill-inc-1-fire"
    assert slack.rooms.only["members"] == {"U0BOT", "U0ADA"}
    assert slack.rooms.only["topic"].endswith("[Drill] INC-1: Fire")


# ---- restricted ----


def test_a_restricted_incident_gets_none_unless_the_team_wants_private_ones(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada, visibility_wanted="restricted")
    with pytest.raises(NotAllowed, match="Restricted incidents get no channel"):
        incident_channel.make_or_try_again(incident, by=ada.as_actor())
    work()
    assert slack.methods == []


def test_in_a_private_channel_are_only_the_named(slack: SlackApi, ada: Person) -> None:
    incident_channel.change_settings(makes="paging", for_restricted=True, archive_after_days=7, by=ada.as_actor())
    bob = linked(a_person("Bob"), "U0BOB")
    incident = an_incident(by=ada, visibility_wanted="restricted")
    actions.name_person(incident, person=bob, by=ada.as_actor(), reason="knows it")
    work()
    assert slack.rooms.only["is_private"]
    assert slack.rooms.only["members"] == {"U0BOT", "U0ADA", "U0BOB"}

    actions.unname_person(incident, person=bob, by=ada.as_actor())
    work()
    assert slack.rooms.only["members"] == {"U0BOT", "U0ADA"}


def test_once_restricted_the_public_channel_says_nothing_any_more_and_is_archived(slack: SlackApi, ada: Person) -> None:
    incident_channel.change_settings(makes="paging", for_restricted=True, archive_after_days=7, by=ada.as_actor())
    incident = an_incident(by=ada, title="Breach at Acme")
    work()
    actions.change_visibility(incident, to="restricted", by=ada.as_actor(), viewer_person=ada)
    db.session.commit()
    assert channel_of(incident.id) is None
    actions.rename(incident, title="Passwords stolen", by=ada.as_actor())
    work()

    old, new = slack.rooms.rooms.values()
    assert old["is_archived"]
    assert (old["name"], old["topic"], old["bookmarks"]) == ("inc-1-1", "Withdrawn.", {})
    assert the_message(old) == "INC-1 is restricted now\nWhat stood here was withdrawn."
    assert new["is_private"]
    assert new["name"] == "inc-1-passwords-stolen"
    assert channel_of(incident.id) == new["id"]
    heard = [asked.body.decode() for asked in slack.receiver.asked if old["id"] in asked.body.decode()]
    assert not any("asswords" in each for each in heard)


def test_restricted_while_it_is_being_made_nothing_more_is_said_there(slack: SlackApi, ada: Person, app: Flask) -> None:
    incident = an_incident(by=ada, title="Breach at Acme")
    number = incident.id

    def restrict(handler: BaseHTTPRequestHandler) -> None:
        with app.app_context():  # no transaction is open meanwhile, or this would wait for ever
            meant = db.session.get_one(Incident, number)
            actions.change_visibility(meant, to="restricted", by=meant_by)
            db.session.commit()
        answer_json({"ok": True})(handler)

    meant_by = ada.as_actor()
    slack.faults["conversations.setTopic"] = [restrict]
    work()
    assert "chat.postMessage" not in slack.methods
    work()
    assert slack.rooms.only["is_archived"]
    assert "breach" not in slack.rooms.only["name"]


def test_it_is_archived_only_when_nothing_waits_to_be_said_or_changed_there(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada)
    work()
    actions.acknowledge(incident, by=ada.as_actor())
    work()
    actions.change_visibility(incident, to="restricted", by=ada.as_actor(), viewer_person=ada)
    work(is_spoken_to=True)
    assert not slack.rooms.only["is_archived"]

    clock.forward(seconds=10)
    work()
    assert slack.rooms.only["is_archived"]


# ---- over ----


def test_it_is_archived_a_week_after_closing_and_opened_again_with_the_incident(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada, severity="P1")
    work()
    actions.resolve(incident, by=ada.as_actor(), summary="Turned off and on", reason="quick")
    actions.waive_postmortem(incident, by=ada.as_actor(), reason="nothing to learn")
    work()
    assert "STATUS: Resolved" in the_message(slack.rooms.only)
    clock.forward(days=6, hours=23)
    work()
    assert not slack.rooms.only["is_archived"]
    clock.forward(hours=1)
    work()
    assert slack.rooms.only["is_archived"]
    assert channel_of(incident.id) is None

    slack.rooms.lets_bots_unarchive = True
    actions.reopen(incident, by=ada.as_actor(), reason="It is back")
    work()
    assert channel_of(incident.id) == slack.rooms.only["id"]
    assert "STATUS: Investigating" in the_message(slack.rooms.only)
    assert [what for what, _name in told(incident)] == ["made", "archived", "opened"]


def test_where_slack_does_not_open_it_again_there_is_a_new_one_and_the_timeline_says_so(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada, title="Down")
    work()
    actions.resolve(incident, by=ada.as_actor(), outcome="false_alarm", reason="a test")
    incident_channel.change_settings(makes="paging", for_restricted=False, archive_after_days=0, by=ada.as_actor())
    work()
    actions.reopen(incident, by=ada.as_actor(), reason="It is real")
    work()
    work()

    assert [each["name"] for each in slack.rooms.rooms.values()] == ["inc-1-down", "inc-1-down-2"]
    assert told(incident)[2:] == [("not_opened", "inc-1-down"), ("made", "inc-1-down-2")]
    assert channel_of(incident.id) == slack.rooms.named("inc-1-down-2")["id"]


# ---- what people do in Slack ----


def test_what_somebody_did_to_it_in_slack_is_seen_and_respected(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada)
    work()
    slack.rooms.only["name"] = "checkout-war-room"
    clock.forward(minutes=10)
    work()
    assert row(incident).name == "checkout-war-room"

    slack.rooms.only["is_archived"] = True
    actions.acknowledge(incident, by=ada.as_actor())
    work()
    actions.change_severity(incident, to="P2", by=ada.as_actor())
    work()
    assert (channel_of(incident.id), row(incident).problem) == (None, "")
    assert told(incident)[-1] == ("archived_there", "checkout-war-room")
    assert "conversations.unarchive" not in slack.methods

    slack.rooms.lets_bots_unarchive = True
    incident_channel.make_or_try_again(incident, by=ada.as_actor())
    work()
    assert channel_of(incident.id) == slack.rooms.only["id"]


def test_one_that_was_deleted_is_made_anew_only_when_somebody_asks(slack: SlackApi, ada: Person) -> None:
    incident = an_incident(by=ada, title="Down")
    work()
    slack.rooms.rooms.clear()
    actions.acknowledge(incident, by=ada.as_actor())
    work()
    actions.change_severity(incident, to="P2", by=ada.as_actor())
    work()
    assert (slack.rooms.rooms, told(incident)[-1]) == ({}, ("gone", "inc-1-down"))

    incident_channel.make_or_try_again(incident, by=ada.as_actor())
    work()
    assert channel_of(incident.id) == slack.rooms.only["id"]


# ---- what goes wrong ----


def test_a_name_that_is_taken_gets_a_number_and_one_of_ours_is_taken_over(slack: SlackApi, ada: Person) -> None:
    slack.rooms.made_by("U0EVE", "inc-1-down")
    slack.rooms.made_by("U0BOT", "inc-1-down-2", purpose="INC-1 in Sevenbells: https://other.example.com")
    slack.rooms.died_after.add("conversations.create")
    incident = an_incident(by=ada, title="Down")
    work()
    assert row(incident).problem.startswith("The connection broke")
    actions.rename(incident, title="Down for everybody", by=ada.as_actor())
    slack.rooms.died_after.clear()
    work()

    assert channel_of(incident.id) == slack.rooms.named("inc-1-down-3")["id"]
    assert len(slack.rooms.rooms) == 3


def test_killed_after_posting_there_is_still_one_message_and_one_of_each_bookmark(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada)
    for method in ("chat.postMessage", "pins.add", "conversations.invite", "bookmarks.add"):
        slack.rooms.died_after = {method}
        work()
        assert row(incident).problem
        clock.forward(minutes=10)
    slack.rooms.died_after = set()
    work()

    room = slack.rooms.only
    assert (len(room["messages"]), len(room["pins"]), len(room["bookmarks"])) == (1, 1, 1)
    assert row(incident).problem == ""


def test_one_whose_clock_died_is_taken_up_when_its_lease_has_ended(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    incident = an_incident(by=ada)
    db.session.execute(update(IncidentChannel).values(leased_until=clock.moment.replace(minute=16)))
    work()
    assert slack.methods == []
    clock.forward(minutes=2)
    work()
    assert channel_of(incident.id) == slack.rooms.only["id"]


def test_a_pause_is_kept_to_the_second_and_the_rest_goes_on(slack: SlackApi, ada: Person, clock: WoundClock) -> None:
    slack.faults["conversations.setTopic"] = [asked_to_wait(37)]
    incident = an_incident(by=ada)
    work()
    assert slack.rooms.only["members"] == {"U0BOT", "U0ADA"}
    assert row(incident).problem == "Slack asked for a pause"
    assert row(incident).due_at == clock.moment.replace(second=37)

    clock.forward(seconds=36)
    work()
    assert slack.rooms.only["topic"] == ""
    clock.forward(seconds=1)
    work()
    assert slack.rooms.only["topic"]
    assert row(incident).problem == ""


@pytest.mark.parametrize(
    ("method", "fault", "says", "minutes"),
    [
        ("conversations.create", slack_error("missing_scope", needed="channels:manage"), "lacks the permission channels:manage", 15),
        ("conversations.create", answer(503), "Slack answered with status 503", 1 / 6),
        ("chat.postMessage", slack_error("restricted_action"), "forbid the app to post here", 15),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_in_a_sentence_and_tried_again(
    slack: SlackApi, ada: Person, clock: WoundClock, method: str, fault: Any, says: str, minutes: float
) -> None:
    slack.faults[method] = [fault]
    incident = an_incident(by=ada)
    work()
    assert says in row(incident).problem
    clock.forward(minutes=minutes)
    work()
    assert (row(incident).problem, row(incident).failures) == ("", 0)
    assert slack.rooms.only["topic"]


def test_a_slack_that_hangs_is_left_alone_for_longer_each_time(
    slack: SlackApi, ada: Person, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_asking, "PATIENCE", 0.2)
    slack.faults["conversations.create"] = [slack.receiver.hang]
    incident, _other = an_incident(by=ada), an_incident(by=ada)
    work()
    assert slack.methods == ["conversations.create"]  # the other incident waits too
    assert row(incident).due_at == clock.forward(seconds=10)
    work()
    assert len(slack.rooms.rooms) == 2


def test_each_method_is_asked_no_more_often_than_its_tier_allows(
    slack: SlackApi, ada: Person, clock: WoundClock
) -> None:
    for number in range(20):
        assert slack_asking.paces.wait_for("conversations.create") is None, number
        clock.forward(seconds=1)
    incident = an_incident(by=ada)
    work()
    assert (slack.methods, row(incident).problem) == ([], "Slack asked for a pause")
    clock.forward(seconds=40)
    work()
    assert slack.rooms.only["name"].startswith("inc-1")
