"""The team's channels follow an incident: one headline kept true, one alert, and nothing of what is restricted."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import respond, visibility
from incidents.channels import Message, Outcome
from incidents.jobs.senders import Rules
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.kernel.settings import Settings
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_person, an_incident
from tests.outgoing import Outgoing, run_due_jobs

TEAM = {"SLACK_BOT_TOKEN": "xoxb-1", "PAGERDUTY_ROUTING_KEY": "R" * 32, "APPRISE_URLS": "json://127.0.0.1/hook"}


class Team(Outgoing):
    """Slack answers with a receipt, as it does: without one nothing could be changed later."""

    def send(self, message: Message, settings: Settings) -> Outcome:
        outcome = super().send(message, settings)
        if outcome.kind != "sent" or message.channel != "slack":
            return outcome
        earlier = message.facts.get("receipt")
        ts = earlier["ts"] if earlier else f"{len(self.tried)}.0"
        return Outcome("sent", receipt={"ts": ts, "channel": "C42"})

    def by(self, channel: str) -> list[Message]:
        """What left, and was for the team."""
        return [message for message in self.sent if message.channel == channel]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, **TEAM}


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Team:
    from incidents import channels

    fake = Team()
    monkeypatch.setattr(channels, "send", fake.send)
    monkeypatch.setattr(channels, "why_closed", lambda channel, settings: None)
    # a message a second to a channel is for Slack; the clock stands still here
    monkeypatch.setattr("incidents.jobs.deliveries.rules_of", lambda channel: Rules())
    return fake


@pytest.fixture
def ada(app: Flask) -> Person:
    return a_person("Ada")


def text(message: Message) -> str:
    return str(message.payload["text"])


def test_a_night_is_one_headline_with_replies_and_one_alert(
    app: Flask, ada: Person, team: Team, clock: WoundClock
) -> None:
    incident = an_incident(by=ada, title="Checkout <down>")
    run_due_jobs()
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()
    clock.forward(minutes=1)
    respond.change_severity(incident, to="P2", by=ada.as_actor())
    run_due_jobs()
    actions.resolve(incident, by=ada.as_actor(), summary="Turned off and on", reason="it was quick")
    run_due_jobs()

    slack = team.by("slack")
    headlines = [message for message in slack if "replaces" in message.payload]
    replies = [message for message in slack if "thread_of" in message.payload]
    assert text(headlines[0]).splitlines()[:2] == [
        "INC-1: Checkout &lt;down&gt;",
        "P1 Critical · Detection · not acknowledged · no commander",
    ]
    assert "receipt" not in headlines[0].facts
    assert {message.facts["receipt"]["ts"] for message in headlines[1:]} == {
        headlines[0].facts.get("ts", "1.0")
    } or all(message.facts["receipt"]["ts"] == headlines[1].facts["receipt"]["ts"] for message in headlines[1:])
    assert "acknowledged at 02:14 UTC · commander Ada" in text(headlines[1])
    assert "P2 High" in text(headlines[2])
    assert "Resolved at 02:15 UTC" in text(headlines[-1])
    assert [text(message) for message in replies] == [
        "Ada acknowledged.",
        "Ada changed the severity from P1 to P2.",
        "Ada resolved the incident. Turned off and on",
    ]
    assert all(message.facts["root"]["ts"] == headlines[1].facts["receipt"]["ts"] for message in replies)
    events = [(message.payload["event_action"], message.payload["dedup_key"]) for message in team.by("pagerduty")]
    assert events == [
        ("trigger", "sevenbells/INC-1"),
        ("acknowledge", "sevenbells/INC-1"),
        ("trigger", "sevenbells/INC-1"),
        ("resolve", "sevenbells/INC-1"),
    ]
    assert team.by("apprise")[0].payload["title"] == "P1 INC-1: Checkout <down>"
    assert [message.payload["type"] for message in team.by("apprise")] == ["failure", "warning", "warning", "success"]


def test_the_acknowledgement_button_goes_once_it_is_taken(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada)
    run_due_jobs()
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()

    before, after = (
        [button["action_id"] for button in message.payload["blocks"][-1]["elements"]]
        for message in team.by("slack")
        if "replaces" in message.payload
    )
    forms = ["open/update:INC-1", "open/note:INC-1", "open/step:INC-1"]
    assert before == ["acknowledge:INC-1", *forms, "link:4"]
    assert after == [*forms, "link:3"]


def test_a_burst_collapses_to_how_things_stand(app: Flask, ada: Person, team: Team, clock: WoundClock) -> None:
    incident = an_incident(by=ada)
    for severity in ("P2", "P3", "P1"):
        respond.change_severity(incident, to=severity, by=ada.as_actor())
        db.session.commit()
    run_due_jobs()

    [headline] = [message for message in team.by("slack") if "replaces" in message.payload]
    assert text(headline).splitlines()[1].startswith("P1 Critical")
    assert "stands for" not in text(headline)
    assert len(team.by("pagerduty")) == len(team.by("apprise")) == 1


def test_an_update_that_is_taken_back_is_told_nowhere(app: Flask, ada: Person, team: Team, clock: WoundClock) -> None:
    incident = an_incident(by=ada)
    run_due_jobs()
    team.clear()
    update = actions.post_update(incident, by=ada.as_actor(), body="**Oops**", audience="internal", can_be_undone=True)
    run_due_jobs()
    actions.undo_update(incident, update, by=ada.as_actor())
    clock.forward(seconds=11)
    run_due_jobs()

    assert not any("Oops" in str(message.payload) for message in team.sent)


def test_an_update_is_told_without_its_marks(app: Flask, ada: Person, team: Team, clock: WoundClock) -> None:
    incident = an_incident(by=ada)
    actions.post_update(incident, by=ada.as_actor(), body="We **know**.", audience="internal")
    run_due_jobs()

    assert "Update by Ada: We know." in [text(message) for message in team.by("slack")]


def test_a_late_update_is_said_once_a_stage(app: Flask, ada: Person, team: Team, clock: WoundClock) -> None:
    incident = an_incident(by=ada)
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()
    team.clear()
    assert incident.next_update_due_at is not None
    clock.set(incident.next_update_due_at)
    run_due_jobs()
    clock.forward(minutes=10)
    run_due_jobs()
    run_due_jobs()

    said = [
        line.partition(".")[0]
        for message in team.by("slack")
        for line in text(message).splitlines()
        if line.startswith("The public update")
    ]
    assert said == ["The public update is due now", "The public update is 10 min late"]


def test_a_restricted_incident_is_told_nowhere(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada, visibility_wanted="restricted")
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()

    assert team.by("slack") == team.by("pagerduty") == team.by("apprise") == []
    assert db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.purpose == outbox.TEAM)) is None


def test_what_was_told_is_withdrawn_when_an_incident_becomes_restricted(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada, title="Secret")
    run_due_jobs()
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()
    respond.change_severity(incident, to="P2", by=ada.as_actor())
    db.session.commit()
    team.clear()
    visibility.change_visibility(incident, to="restricted", by=ada.as_actor(), viewer_person=ada)
    run_due_jobs()
    respond.change_severity(incident, to="P3", by=ada.as_actor())
    run_due_jobs()

    slack = team.by("slack")
    assert {text(message) for message in slack} == {"INC-1 is restricted now\nWhat stood here was withdrawn."}
    assert len({message.facts["receipt"]["ts"] for message in slack}) == 2  # the headline, and the reply below it
    assert [message.payload["event_action"] for message in team.by("pagerduty")] == ["resolve"]
    assert team.by("apprise") == []
    assert not any("Secret" in str(message.payload) for message in team.sent if message.channel != "email")


def test_what_had_not_left_when_it_became_restricted_never_does(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada)
    visibility.change_visibility(incident, to="restricted", by=ada.as_actor(), viewer_person=ada)
    run_due_jobs()

    assert team.by("slack") == team.by("pagerduty") == team.by("apprise") == []


def test_it_is_told_again_once_it_is_restricted_no_more(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada)
    run_due_jobs()
    for seen in ("restricted", "internal"):
        visibility.change_visibility(incident, to=seen, by=ada.as_actor(), viewer_person=ada)
        run_due_jobs()

    texts = [text(message).splitlines()[0] for message in team.by("slack")]
    assert texts == ["INC-1: AI provider rate limited", "INC-1 is restricted now", "INC-1: AI provider rate limited"]
    assert "receipt" in team.by("slack")[-1].facts


def test_a_drill_is_told_in_slack_alone_and_says_so(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada, is_drill=True)
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()

    assert text(team.by("slack")[0]).startswith("[Drill] INC-1: ")
    assert team.by("pagerduty") == team.by("apprise") == []


def test_what_was_over_before_it_was_declared_is_not_news(
    app: Flask, ada: Person, team: Team, clock: WoundClock
) -> None:
    an_incident(by=ada, resolved_at=clock())
    run_due_jobs()

    assert team.by("slack") == team.by("pagerduty") == []


def test_whoever_was_paged_by_a_key_of_their_own_sees_it_acknowledged(app: Flask, ada: Person, team: Team) -> None:
    from incidents.records.addresses import ContactAddress, ContactRule

    address = ContactAddress(person_id=ada.id, kind="pagerduty", label="p", value="K" * 32)
    db.session.add(address)
    db.session.flush()
    db.session.add(ContactRule(person_id=ada.id, urgency="high", address_id=address.id, after_minutes=0))
    incident = an_incident(by=ada)
    run_due_jobs()
    respond.acknowledge(incident, by=ada.as_actor())
    run_due_jobs()
    actions.resolve(incident, by=ada.as_actor(), summary="s", reason="quick")
    run_due_jobs()

    mine = [message for message in team.by("pagerduty") if message.destination == address.destination]
    assert [message.payload["event_action"] for message in mine] == ["trigger", "acknowledge", "resolve"]
    assert {message.payload["dedup_key"] for message in mine} == {"sevenbells/INC-1"}


def test_what_is_rolled_back_is_told_nowhere(app: Flask, ada: Person, team: Team) -> None:
    incident = an_incident(by=ada)
    run_due_jobs()
    team.clear()
    respond.acknowledge(incident, by=ada.as_actor())
    db.session.rollback()
    db.session.commit()
    run_due_jobs()

    assert team.sent == []


def test_without_channels_of_the_team_nothing_is_written(app: Flask, ada: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr("incidents.actions.team_channels.team_destinations", lambda settings: {})
    an_incident(by=ada)

    assert db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.purpose == outbox.TEAM)) is None
