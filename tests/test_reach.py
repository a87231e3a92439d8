"""How a person is reached: by which address, when, and what is needless once somebody has answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import matrix
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import Destination, OutboxMessage
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.reports import tellings
from tests.acting import entries
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import an_address, by_account, make_person

SMS, HOOK = "an apprise address", "https://hooks.example.com/maya"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With a mail server and Slack: what leaves is not at issue here."""
    return environ | {
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "bells@example.com",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
    }


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya", password=None)


def rows(*, of: Person | None = None) -> list[OutboxMessage]:
    """What goes to people; the team's channels are told besides."""
    db.session.commit()
    wanted = select(OutboxMessage).where(OutboxMessage.purpose != outbox.TEAM).order_by(OutboxMessage.id)
    return [row for row in db.session.scalars(wanted) if of is None or row.person_id == of.id]


def ways() -> list[tuple[str, int]]:
    """Channel, and minutes after 02:14."""
    begin = datetime(2026, 11, 23, 2, 14, tzinfo=UTC)
    return [(row.channel, int((row.next_attempt_at - begin).total_seconds()) // 60) for row in rows()]


def told(incident: Incident) -> tellings.Telling:
    found = entries(incident, "told")[:1]
    return tellings.of_entries(found)[found[0].id]


def test_who_chose_nothing_is_told_by_the_accounts_e_mail_and_by_slack(maya: Person) -> None:
    an_address(maya, "slack", "U02ABC3DEF")
    an_address(maya, "webhook", HOOK)
    an_incident(by=maya)
    assert ways() == [("email", 0), ("slack", 0)]
    assert {(row.person_id, row.purpose, row.incident_id) for row in rows()} == {(maya.id, "page", 1)}


def test_a_person_is_told_in_the_order_and_after_the_minutes_they_chose(maya: Person) -> None:
    an_address(maya, "apprise", SMS, high=3)
    an_address(maya, "webhook", HOOK, high=1)
    by_account(maya, high=0)
    an_incident(by=maya)
    assert ways() == [("email", 0), ("webhook", 1), ("apprise", 3)]
    assert [row.destination for row in rows()] == ["maya@example.com", "address:2", "address:1"]
    assert not any(HOOK in str(row.payload) or SMS in str(row.payload) for row in rows())  # it holds no secret


def test_urgent_and_not_urgent_have_rules_of_their_own(maya: Person) -> None:
    an_address(maya, "apprise", SMS, high=0)
    an_incident(by=maya, severity="P3")
    assert ways() == [("email", 0)]
    an_incident(by=maya, severity="P2")
    assert ways()[1:] == [("apprise", 0)]


def test_what_is_not_urgent_waits_for_the_morning_and_what_is_does_not(maya: Person) -> None:
    maya.zone, maya.quiet_from, maya.quiet_until = "Europe/Berlin", "22:00", "07:00"
    by_account(maya, high=0, low=0)
    an_address(maya, "apprise", SMS, high=0, low=0)
    an_incident(by=maya, severity="P3")
    assert ways() == [("email", 0), ("apprise", 3 * 60 + 46)]  # at 07:00 in Berlin; it is 03:14
    an_incident(by=maya, severity="P1")
    assert ways()[2:] == [("email", 0), ("apprise", 0)]


def test_a_delayed_page_is_skipped_once_somebody_has_it(maya: Person, clock: WoundClock) -> None:
    daniel = make_person("daniel@example.com", name="Daniel", password=None)
    an_address(maya, "apprise", SMS, high=3)
    by_account(maya, high=0)
    incident = an_incident(by=maya)
    first = rows()[0]
    first.state, first.sent_at = outbox.SENT, clock.moment
    clock.forward(minutes=1)

    actions.acknowledge(incident, by=daniel.as_actor())
    email, text = rows(of=maya)[:2]
    assert (email.state, text.state, text.reason) == ("sent", "skipped", "Acknowledged before it was due")
    assert told(incident).told == ["Maya"]

    actions.take_back_acknowledgement(incident, by=daniel.as_actor())
    assert [row.state for row in rows(of=maya)[:2]] == ["sent", "waiting"]
    actions.acknowledge(incident, by=maya.as_actor())
    actions.resolve(incident, by=maya.as_actor(), summary="Done.", reason="It was quick")
    assert rows(of=maya)[1].state == "skipped"


def test_who_joins_later_stops_only_their_own_calls(maya: Person) -> None:
    daniel = make_person("daniel@example.com", name="Daniel", password=None)
    for person in (maya, daniel):
        an_address(person, "apprise", f"{SMS} {person.id}", high=3)
    matrix.change_levels(
        "P1", by=maya.as_actor(), levels=[{"label": "All", "after_minutes": 0, "tell": ["responders"]}]
    )
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    actions.escalate(incident, by=maya.as_actor(), reason="customer")
    called = rows()[2:]
    assert [(row.person_id, row.state) for row in called] == [(daniel.id, "waiting"), (maya.id, "waiting")]
    actions.acknowledge(incident, by=daniel.as_actor())
    db.session.expire_all()
    assert [row.state for row in called] == ["skipped", "waiting"]


def test_who_was_not_told_in_time_because_somebody_had_it_is_not_counted_as_missed(maya: Person) -> None:
    an_address(maya, "apprise", SMS, high=3)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    assert (told(incident).state, told(incident).spared) == ("stopped", ["Maya"])


def test_a_reminder_goes_out_whoever_acknowledges_and_stops_with_the_answer(maya: Person, clock: WoundClock) -> None:
    from incidents.jobs import bells

    an_address(maya, "apprise", SMS, high=3)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    clock.forward(minutes=30)
    bells.strike_due_bells()
    db.session.refresh(incident)
    reminder = rows()[-1]
    assert (reminder.purpose, reminder.state) == ("reminder", "waiting")
    actions.acknowledge(incident, by=make_person("d@example.com", password=None).as_actor())
    assert rows()[-1].state == "waiting"
    actions.post_update(incident, by=maya.as_actor(), body="Still looking.", audience="internal")
    db.session.refresh(reminder)
    assert (reminder.state, reminder.reason) == ("skipped", "Answered before it was due")


def test_where_no_address_works_the_accounts_e_mail_is_left_and_the_timeline_says_so(maya: Person) -> None:
    hook = an_address(maya, "webhook", HOOK, high=5)
    suppress("webhook", hook.destination)
    incident = an_incident(by=maya)
    assert ways() == [("email", 0), ("webhook", 5)]
    assert entries(incident, "told")[0].detail["by_account"] == ["Maya"]


def test_who_never_chose_another_address_falls_back_from_nothing(maya: Person) -> None:
    suppress("email", maya.email)
    incident = an_incident(by=maya)
    assert "by_account" not in entries(incident, "told")[0].detail


def test_an_address_that_cannot_work_makes_the_next_one_come_in_its_place(maya: Person) -> None:
    hook = an_address(maya, "webhook", HOOK, high=1)
    an_address(maya, "apprise", SMS, high=6)
    suppress("webhook", hook.destination)
    an_incident(by=maya)
    assert ways() == [("webhook", 0), ("apprise", 1)]


def suppress(channel: str, destination: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    db.session.add(
        Destination(
            channel=channel, destination=destination, suppressed_at=now, suppressed_reason="It is gone", updated_at=now
        )
    )
    db.session.commit()


def test_somebody_counts_as_told_once_any_address_got_it_and_as_missed_when_all_failed(maya: Person) -> None:
    an_address(maya, "apprise", SMS, high=3)
    by_account(maya, high=0)
    incident = an_incident(by=maya)
    email, text = rows()
    assert told(incident).waiting == ["Maya"]
    email.state, email.reason = outbox.FAILED, "No such mailbox."
    db.session.commit()
    assert told(incident).waiting == ["Maya"]
    text.state, text.reason = outbox.FAILED, "The number is unknown"
    db.session.commit()
    assert told(incident).missed == [("Maya", "no such mailbox; the number is unknown")]
    text.state, text.reason, text.sent_at = outbox.SENT, None, email.created_at
    db.session.commit()
    assert told(incident).told == ["Maya"]


def test_two_people_may_share_an_address_and_each_gets_a_message_of_their_own(maya: Person) -> None:
    daniel = make_person("daniel@example.com", name="Daniel", password=None)
    for person in (maya, daniel):
        an_address(person, "email", "ops@example.com", high=0)
    matrix.change_levels(
        "P1", by=maya.as_actor(), levels=[{"label": "All", "after_minutes": 0, "tell": ["responders"]}]
    )
    an_incident(by=maya)
    assert [row.person_id for row in rows() if row.destination == "ops@example.com"] == [daniel.id, maya.id]


def test_a_text_message_says_what_where_until_when_and_where_to_answer(maya: Person) -> None:
    maya.zone = "Europe/Berlin"
    an_address(maya, "apprise", SMS, high=0)
    an_incident(by=maya, title="Database connection failure", components={a_component("Web app"): "major_outage"})
    short = rows()[0].payload["short"]
    assert short.startswith("P1 Database connection failure. Web app. Ack by 03:29 CET: http://127.0.0.1:8000/ack/")
    assert len(short) <= 140


def test_a_long_title_leaves_the_whole_address_in_a_text_message(maya: Person) -> None:
    an_address(maya, "apprise", SMS, high=0)
    an_incident(by=maya, title="W" * 150)
    short = rows()[0].payload["short"]
    assert "W…. Ack by 02:29 UTC: http://127.0.0.1:8000/ack/" in short
    assert len(short) <= 140
