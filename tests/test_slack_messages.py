"""An incident as Slack shows it: both channels kept up to date, buttons that act once, and nothing that people wrote is markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from incidents import actions
from incidents.actions import respond
from incidents.channels import slack
from incidents.jobs import oncall
from incidents.jobs.deliveries import Lane
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.messages import slack_blocks
from incidents.messages.letters import ACKNOWLEDGE, NO_CHANGE, Button
from incidents.messages.slack_blocks import Line
from incidents.records.incident_channels import IncidentChannel, present_channel
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update
from incidents.reports import tellings
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident
from tests.on_call import a_rotation
from tests.outgoing import run_due_jobs
from tests.receivers import Receiver, receiver
from tests.slack_api import asked_to_wait
from tests.slack_chat import SlackChat, chat_of, check
from tests.slack_door import KEY, linked
from tests.slack_forms import opened

__all__ = ["receiver"]
OPS, OWN = "C1", "C7"


@pytest.fixture
def chat(receiver: Receiver) -> SlackChat:
    return chat_of(receiver)


@pytest.fixture
def environ(environ: dict[str, str], chat: SlackChat) -> dict[str, str]:
    ours = {"SLACK_SIGNING_SECRET": KEY, "SLACK_BOT_TOKEN": "xoxb-trial", "SLACK_API_BASE_URL": chat.url}
    return {**environ, **ours, "BASE_URL": "https://in.example.com", "SLACK_CHANNEL": OPS}


@pytest.fixture(autouse=True)
def nobody_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps the pace by real sleep too; here the rows keep it, by the wound clock."""
    monkeypatch.setattr(slack._Paces, "wait_for", lambda self, where: 0.0)


@pytest.fixture
def ada(app: Flask) -> Person:
    return linked(a_person("Ada"), "U42")


@pytest.fixture
def bob(ada: Person) -> Person:
    return linked(a_person("Bob"), "U7")


@pytest.fixture
def incident(ada: Person) -> Incident:
    found = an_incident(by=ada, title="Checkout <!channel> down", impact="Nobody can pay")
    with_channel(found)
    return found


def with_channel(incident: Incident, *, is_private: bool = False) -> IncidentChannel:
    """Its own channel, as if the clock had made it."""
    channel = present_channel(incident.id) or IncidentChannel(incident_id=incident.id)
    channel.channel_id, channel.is_private, channel.due_at = OWN, is_private, None
    db.session.add(channel)
    db.session.commit()
    return channel


def let_out(clock: WoundClock) -> None:
    """Everything that is due leaves, a message a second to a channel."""
    for _ in range(40):
        run_due_jobs()
        waiting = select(func.min(OutboxMessage.next_attempt_at)).where(
            OutboxMessage.state == outbox.WAITING, OutboxMessage.channel == "slack"
        )
        soonest = db.session.scalar(waiting)
        db.session.rollback()
        if soonest is None or soonest > clock() + timedelta(seconds=20):
            return
        clock.forward(seconds=1)


def acknowledged(incident: Incident, person: Person, clock: WoundClock) -> None:
    respond.acknowledge(incident, by=person.as_actor())
    let_out(clock)


def on_the_page(incident: Incident, person: Person, clock: WoundClock) -> None:
    actions.post_update(incident, by=person.as_actor(), body="Payments fail.", audience="public")
    let_out(clock)


def due(incident: Incident, clock: WoundClock, *, late: int = 0) -> None:
    assert incident.next_update_due_at is not None
    clock.set(incident.next_update_due_at + timedelta(minutes=late))
    let_out(clock)


def test_an_incident_is_told_in_the_teams_channel_and_in_its_own(
    app: Flask, incident: Incident, ada: Person, bob: Person, chat: SlackChat, clock: WoundClock
) -> None:
    by = ada.as_actor()
    let_out(clock)
    acknowledged(incident, ada, clock)
    respond.change_severity(incident, to="P2", by=by, reason="Half of them")
    let_out(clock)
    actions.set_components(incident, {a_component("Till *1*"): "major_outage"}, by=by)
    actions.advance(incident, to="investigation", by=by, reason="We must")
    actions.assign_role(incident, role="communications_lead", person=bob, by=by)
    let_out(clock)
    on_the_page(incident, ada, clock)
    for late in (-5, 0, 10):
        due(incident, clock, late=late)
    actions.escalate(incident, by=by, reason="customer", note="They call")
    let_out(clock)
    actions.resolve(incident, by=by, summary="Turned off and on", public_body="It works.", reason="quick")
    let_out(clock)
    actions.publish_rca(incident, by=by, body="A cable.")
    let_out(clock)

    headline, *told = chat.texts(OPS)
    assert headline.startswith("INC-1: Checkout &lt;!channel&gt; down\nP2 High · Resolved at")
    shown = chat.standing[OPS][0]["blocks"]
    assert shown[0]["text"]["text"] == "*INC-1 · P2 High: Checkout &lt;!channel&gt; down*"
    assert shown[1]["text"]["text"].startswith("Nobody can pay. Resolved at ")
    assert [each["text"] for each in shown[2]["fields"]] == [
        "*Commander*\nAda",
        "*Affected*\nTill *1*: major outage",
        "*Began*\n02:14 UTC",
    ]
    assert {each["thread_ts"] for each in chat.standing[OPS][1:]} == {chat.standing[OPS][0]["ts"]}
    first_lines = [each.partition("\n")[0] for each in told]
    assert first_lines == [
        "Ada acknowledged.",
        "Ada changed the severity from P1 to P2. Half of them",
        "Ada went on to investigation, step 4 of 7.",
        "Public update by Ada: Payments fail.",
        "The public update is due now. It was promised by 02:44 UTC. Reminded: Bob.",
        "The public update is 10 min late. It was promised by 02:44 UTC. The last one went out at 02:14 UTC. Reminded: Bob, Ada.",
        "Ada escalated: A customer escalated. They call",
        "Ada resolved the incident. Turned off and on",
        "Root cause analysis, published by Ada: A cable.",
    ]
    own = [each.partition("\n")[0] for each in chat.texts(OWN)]
    assert own[:4] == first_lines[:4]
    assert own[4].startswith("The public update is due in 5 min.")
    assert own[5:] == first_lines[4:]
    assert not any(each.get("thread_ts") for each in chat.standing[OWN])


def test_no_change_is_posted_once_however_many_press_it(
    app: Flask, client: FlaskClient, incident: Incident, ada: Person, bob: Person, chat: SlackChat, clock: WoundClock
) -> None:
    acknowledged(incident, ada, clock)
    on_the_page(incident, ada, clock)
    due(incident, clock)
    assert chat.buttons(OWN, "The public update") == ["Post update", "No change", "Snooze", "Open the incident"]
    [note] = [each for each in chat.standing[OWN][-1]["blocks"] if each["type"] == "context"]
    offers = note["block_id"]
    said = "We are still investigating. Nothing has changed since the last update."
    assert note["elements"][0]["text"] == f"Nothing new? “No change” says: “{said}”"

    chat.press(client, OWN, "The public update", "No change")
    chat.press(client, OPS, "The public update", "No change", user="U7")
    let_out(clock)

    assert [update.body for update in db.session.scalars(select(Update).order_by(Update.id))] == [
        "Payments fail.",
        said,
    ]
    assert chat.whispered().startswith("Your update on INC-1 is on the status page.\n")
    assert chat.whispered("U7").startswith("Ada posted an update on INC-1 at 02:44 UTC.\nNothing was posted for you.")
    for place, beginning in (
        (OWN, "The public update"),
        (OPS, "The public update"),
        ("D42", "INC-1: the public update"),
    ):
        assert {"Post update", "No change", "Snooze"}.isdisjoint(chat.buttons(place, beginning))
        assert "\nAda posted an update at 02:44 UTC." in "\n".join(chat.texts(place))
    assert chat.texts(OWN)[-1] == f"Public update by Ada: {said}"
    assert offers not in [block.get("block_id") for each in chat.standing[OWN] for block in each["blocks"]]


def test_who_does_not_lead_is_asked_once_more_and_can_take_it_back(
    app: Flask, client: FlaskClient, incident: Incident, ada: Person, bob: Person, chat: SlackChat, clock: WoundClock
) -> None:
    acknowledged(incident, ada, clock)
    on_the_page(incident, ada, clock)
    due(incident, clock)
    before = [*chat.texts(OWN)]

    chat.press(client, OWN, "The public update", "No change", user="U7")
    let_out(clock)
    assert chat.whispered("U7").startswith("You are neither commander nor communications lead.\nINC-1 is on the status")
    assert db.session.scalar(select(func.count(Update.id))) == 1
    chat.press_whispered(client, "Publish it all the same", user="U7")
    for _ in range(3):
        run_due_jobs()
        clock.forward(seconds=1)
    assert db.session.scalar(select(func.count(Update.id))) == 2
    chat.press_whispered(client, "Undo", user="U7")
    let_out(clock)
    clock.forward(seconds=11)
    let_out(clock)

    assert chat.whispered("U7") == "Taken back. The page and the promise are as before."
    assert chat.texts(OWN) == before
    assert chat.buttons(OWN, "The public update")[:3] == ["Post update", "No change", "Snooze"]


def test_a_snooze_asks_for_a_reason_and_is_refused_the_third_time(
    app: Flask, client: FlaskClient, incident: Incident, ada: Person, bob: Person, chat: SlackChat, clock: WoundClock
) -> None:
    acknowledged(incident, ada, clock)
    due(incident, clock)
    chat.press(client, OWN, "The public update", "Snooze")
    form = opened(client, chat)
    assert "The update stays promised by 02:44 UTC." in form.words
    assert form.errors(minutes="15") == {"reason": "Give a reason in one line."}
    said = form.then(minutes="15", reason="Writing <it>").words
    assert said.startswith("The reminder comes at 02:59 UTC. The promise stays where it is.")
    chat.press(client, OPS, "The public update", "Snooze", user="U7")
    let_out(clock)
    assert chat.whispered("U7").startswith("Ada held the reminder of INC-1 back until 02:59 UTC.")
    assert chat.buttons(OPS, "The public update") == ["Post update", "No change", "Open the incident"]
    assert "\nAda held the reminder back for 15 min at 02:44 UTC: Writing &lt;it&gt;" in "\n".join(chat.texts(OWN))

    clock.forward(minutes=16)
    let_out(clock)
    chat.press(client, OWN, "The public update", "Snooze")
    opened(client, chat).then(reason="Still")
    clock.forward(minutes=16)
    let_out(clock)
    chat.press(client, OWN, "The public update", "Snooze")
    let_out(clock)
    assert chat.whispered() == "It has been snoozed twice in a row. Post an update, even if nothing has changed."


def test_a_note_and_the_next_step_are_forms_below_the_headline(
    app: Flask, client: FlaskClient, incident: Incident, ada: Person, chat: SlackChat, clock: WoundClock
) -> None:
    acknowledged(incident, ada, clock)
    chat.press(client, OPS, "INC-1", "Add note")
    note = opened(client, chat)
    assert note.errors(body=" ") == {"body": "Write what happened."}
    assert note.then(body="The <cache> is cold").words.startswith("Your note is on the timeline of INC-1.")

    chat.press(client, OPS, "INC-1", "Next step")
    step = opened(client, chat)
    assert step.words.startswith("INC-1 · P1 · Checkout &lt;!channel&gt; down\n*Communication, step 3 of 7*")
    [refusal] = step.errors().values()
    assert "components, or none." in refusal
    chat.press(client, OPS, "INC-1", "Next step")
    other = opened(client, chat)
    assert other.then(reason="They know").words.startswith("INC-1 is at communication now, step 3 of 7.")
    assert step.then(reason="Again").words.startswith("INC-1 is at communication now")
    moves = db.session.scalars(select(TimelineEntry.body).where(TimelineEntry.kind.in_(("note", "step")))).all()
    assert moves == ["", "The <cache> is cold", ""]


def test_an_acknowledgement_takes_the_button_from_every_message(
    app: Flask, client: FlaskClient, incident: Incident, ada: Person, bob: Person, chat: SlackChat, clock: WoundClock
) -> None:
    actions.escalate(incident, by=ada.as_actor(), reason="customer")
    let_out(clock)
    assert chat.buttons(OWN, "Ada escalated") == chat.buttons(OPS, "Ada escalated") == ["Acknowledge"]

    chat.press(client, OPS, "Ada escalated", "Acknowledge")
    chat.press(client, OWN, "Ada escalated", "Acknowledge", user="U7")
    let_out(clock)

    assert chat.whispered().startswith("You acknowledged INC-1.")
    assert chat.whispered("U7").startswith("Ada acknowledged INC-1 at 02:14 UTC.")
    assert chat.buttons(OWN, "Ada escalated") == chat.buttons(OPS, "Ada escalated") == []
    assert chat.texts(OWN)[0].endswith("\nAda acknowledged at 02:14 UTC.")
    assert "Acknowledge" not in [label for text in chat.texts("D42") for label in chat.buttons("D42", text)]
    kinds = db.session.scalars(select(TimelineEntry.kind).where(TimelineEntry.kind == "acknowledged")).all()
    assert len(kinds) == 1


def test_a_burst_is_one_message_that_says_all_of_it(
    app: Flask, incident: Incident, ada: Person, chat: SlackChat, clock: WoundClock
) -> None:
    let_out(clock)
    for severity in ("P2", "P3", "P1", "P4"):
        respond.change_severity(incident, to=severity, by=ada.as_actor())
        db.session.commit()
    let_out(clock)

    assert chat.texts(OWN) == [chat.texts(OPS)[1]]
    assert len(chat.texts(OWN)[0].splitlines()) == 5  # and one who was called
    assert chat.standing[OPS][0]["edits"] == 1


def test_what_comes_while_a_message_is_on_its_way_is_said_after_it_and_nothing_is_lost(
    app: Flask, incident: Incident, ada: Person, chat: SlackChat, clock: WoundClock
) -> None:
    let_out(clock)
    actions.assign_role(incident, role="scribe", person=ada, by=ada.as_actor())
    db.session.commit()
    lane = Lane(app, "slack", worker="a")
    errands, _unsent = lane.prepare(lane.claim(limit=10))
    actions.remove_role(incident, role="scribe", by=ada.as_actor())
    db.session.commit()
    lane.write([lane.attempt(errand, None) for errand in errands])
    chat.standing[OPS].clear()  # somebody removed the headline, and all that hung below it
    let_out(clock)

    assert chat.texts(OWN) == ["Ada is scribe now.", "Nobody is scribe now. Before: Ada."]
    joined, headline = chat.texts(OPS)
    assert joined.splitlines() == chat.texts(OWN)
    assert headline.startswith("INC-1: Checkout ")


def test_a_restricted_incident_is_told_in_its_private_channel_alone(
    app: Flask, ada: Person, chat: SlackChat, clock: WoundClock
) -> None:
    secret = an_incident(by=ada, visibility_wanted="restricted")
    channel = with_channel(secret, is_private=True)
    acknowledged(secret, ada, clock)
    channel.is_private = False
    respond.change_severity(secret, to="P2", by=ada.as_actor())
    let_out(clock)

    assert chat.texts(OWN) == ["Ada acknowledged."]
    assert chat.texts(OPS) == []


def test_a_channel_that_takes_nothing_is_told_of_in_the_teams(
    app: Flask, incident: Incident, ada: Person, chat: SlackChat, clock: WoundClock
) -> None:
    chat.shut[OWN] = "is_archived"
    acknowledged(incident, ada, clock)
    due(incident, clock)
    let_out(clock)

    spoken = [text for text in chat.texts(OPS) if text.startswith("The channel of INC-1 takes no messages.")]
    why = "This channel of Slack is archived. What is new stands here, and in the room."
    assert spoken == [f"The channel of INC-1 takes no messages. {why}"]
    entries = db.session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "reminder")).all()
    [telling] = tellings.of_entries(entries).values()
    assert telling.missed[-1] == ("The incident's channel in Slack", "this channel of Slack is archived")


def test_the_teams_channel_hears_who_comes_on_call(
    app: Flask, ada: Person, bob: Person, chat: SlackChat, clock: WoundClock
) -> None:
    a_rotation(ada, bob)
    for _ in range(2):
        oncall.announce_hand_overs()
        let_out(clock)
        clock.set(datetime(2026, 11, 24, 9, tzinfo=UTC))

    assert chat.texts(OPS) == [
        "Ada is on call for Primary now. Until Mon 23 Nov, 09:00 UTC.",
        "Ada is on call for Primary now. Until Wed 25 Nov, 09:00 UTC. Before: Bob.",
    ]


def test_two_clocks_write_to_a_channel_in_order_and_once_a_second(
    app: Flask, incident: Incident, ada: Person, chat: SlackChat, clock: WoundClock
) -> None:
    for number in range(3):
        outbox.enqueue(
            event=f"n{number}", channel="slack", destination=OWN, payload=slack_blocks.post(headline=f"No {number}")
        )
    db.session.commit()
    first, second = (Lane(app, "slack", worker=name) for name in ("a", "b"))

    first.turn()
    assert second.turn() == 0
    clock.forward(seconds=1)
    claims = first.claim(limit=10)
    errands, _unsent = first.prepare(claims)
    clock.forward(seconds=1)
    assert (len(claims), second.turn()) == (1, 0)  # one is on its way
    first.write([first.attempt(errands[0], None)])
    assert second.turn() == 0  # it has only just left
    clock.forward(seconds=1)
    chat.faults["chat.postMessage"].append(asked_to_wait(30))
    assert second.turn() == 1
    clock.forward(seconds=29)
    assert first.turn() + second.turn() == 0
    clock.forward(seconds=1)
    assert second.turn() == 1

    assert [text for text in chat.texts(OWN) if text.startswith("No ")] == ["No 0", "No 1", "No 2"]


@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(
        st.text(max_size=40).map(lambda text: text * 90)
        | st.sampled_from(["<!channel>", "<@U42>", "<#C42|x>", "@here", "[x](<!here>)", "&lt;!channel&gt;", "*_`~"]),
        min_size=4,
        max_size=4,
    ),
    many=st.integers(1, 60),
    address=st.text(alphabet="<>|&é a", max_size=30).map(lambda text: f"https://in.example.com/{text}"),
)
def test_whatever_people_write_slack_takes_it_and_nobody_is_called(words: list[str], many: int, address: str) -> None:
    headline, lead, more, label = words
    said = slack_blocks.post(
        headline=headline,
        paragraphs=[more, Line(lead, more)] * many,
        fields=[(label, more)] * 12,
        notes=[more] * 12,
        buttons=[Button("Acknowledge", "", act=ACKNOWLEDGE), Button(label, address, act=NO_CHANGE, value=more)],
        incident="INC-1",
        read_on=address,
    )

    for payload in (said, slack_blocks.without(said, [ACKNOWLEDGE], said=more)):
        check({"text": payload["text"] or "…", "blocks": payload["blocks"]})
