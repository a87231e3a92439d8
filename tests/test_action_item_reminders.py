"""Who owes an action item is reminded in the morning until it is done; a week late, the commander; on Monday, everybody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from slack_sdk.models.blocks import Block
from sqlalchemy import select

from incidents import actions
from incidents.actions import action_items, people
from incidents.jobs.action_items import remind_owners_of_action_items, write_the_weeks_digest
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox.messages import OutboxMessage
from incidents.records.action_items import ActionItem
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import entries, main_of, room
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, sign_in

FRIDAY = date(2026, 11, 27)


def letters() -> list[tuple[str, str]]:
    """Address and subject of each letter about items, in order."""
    db.session.expire_all()
    found = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "email").order_by(OutboxMessage.id))
    told = ((each.destination, str(each.payload["subject"])) for each in found)
    return [(address, subject) for address, subject in told if "action items" in subject.lower() or "“" in subject]


def commanded(by: Person) -> Incident:
    """An incident whose commander is that person."""
    incident = an_incident(by=by)
    actions.acknowledge(incident, by=by.as_actor())
    db.session.commit()
    return incident


def add(incident: Incident, **more: Any) -> None:
    given = {"title": "Alert early", "kind": "detect", "due_on": FRIDAY, "by": incident_actor(incident)} | more
    action_items.add(incident, **given)
    db.session.commit()


def incident_actor(incident: Incident) -> Any:
    return db.session.get_one(Person, incident.declared_by_id).as_actor()


def look_every_three_hours(clock: WoundClock, *, days: int) -> None:
    for _time in range(8 * days):
        clock.forward(hours=3)
        remind_owners_of_action_items()


def test_its_owner_hears_until_it_is_done_and_the_commander_when_it_is_a_week_late(
    app: Flask, clock: WoundClock
) -> None:
    maya, bob = make_person(), make_person("bob@example.com", zone="Europe/Berlin")
    incident = commanded(maya)
    add(incident, owner=bob)
    clock.set(datetime(2026, 11, 24, 23, 0, tzinfo=UTC))

    look_every_three_hours(clock, days=20)

    said = [subject.partition("” ")[2] for address, subject in letters() if address == "bob@example.com"]
    assert said == [
        *("is due tomorrow", "is due today", "is 1 day late", "is 3 days late", "is 7 days late", "is 14 days late"),
    ]
    assert [subject for address, subject in letters() if address == "maya@example.com"] == [
        "INC-1: “Alert early” is 7 days late",
        "INC-1: “Alert early” is 14 days late",
    ]
    at = db.session.scalars(select(OutboxMessage.created_at).order_by(OutboxMessage.id.desc()).limit(1)).one()
    assert at.astimezone(bob.time_zone).hour in (9, 10, 11)
    remind_owners_of_action_items()
    assert len(letters()) == 8
    assert len([entry for entry in entries(incident, "action_item") if entry.detail["did"] == "reminded"]) == 6


def test_after_a_night_of_two_weeks_each_hears_once_of_all_that_is_owed(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    incident = commanded(maya)
    add(incident, owner=maya)
    add(incident, owner=maya, title="Write it down", due_on=date(2026, 11, 30))
    clock.set(datetime(2026, 12, 10, 3, tzinfo=UTC))
    remind_owners_of_action_items()
    assert letters() == []  # it is night
    clock.forward(hours=7)
    remind_owners_of_action_items()
    remind_owners_of_action_items()

    assert letters() == [("maya@example.com", "INC-1: 2 action items are due or late")]
    text = str(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first().payload["text"])  # type: ignore[union-attr]
    assert "- Alert early: is 13 days late." in text
    assert "- Write it down: is 10 days late." in text


def test_without_an_owner_the_commander_hears_and_without_one_the_admins(app: Flask, clock: WoundClock) -> None:
    helena = make_person("helena@example.com", role="admin")
    maya, bob = make_person(), make_person("bob@example.com")
    incident, other = commanded(maya), an_incident(by=bob)
    add(incident, owner=bob, title="Left behind")
    add(other, title="Nobody's")
    bob.disabled_at = clock.moment
    db.session.commit()
    clock.set(datetime(2026, 11, 27, 9, 0, tzinfo=UTC))
    remind_owners_of_action_items()

    assert letters() == [
        ("maya@example.com", "INC-1: “Left behind” is due today"),
        ("helena@example.com", "INC-2: “Nobody's” is due today"),
    ]
    text = str(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first().payload["text"])  # type: ignore[union-attr]
    assert "Nobody owns it yet." in text
    client = sign_in(app.test_client(), helena)
    for page in (room(incident), "/console/action-items/1"):
        said = main_of(client.get(page))
        assert "<b>Left behind</b>: <b>Maya</b> could not be told: no mail server" in said


def test_what_is_done_dropped_or_given_another_day_is_not_asked_for(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    incident = commanded(maya)
    for title in ("Done", "Dropped", "Moved"):
        add(incident, owner=maya, title=title)
    done, dropped, moved = db.session.scalars(select(ActionItem)).all()
    action_items.finish(done, by=maya.as_actor())
    action_items.drop(dropped, by=maya.as_actor(), reason="Bought")
    action_items.change(moved, by=maya.as_actor(), due_on=date(2026, 12, 4))
    db.session.commit()
    clock.set(datetime(2026, 11, 28, 9, 0, tzinfo=UTC))
    remind_owners_of_action_items()
    assert letters() == []

    clock.set(datetime(2026, 12, 4, 10, 0, tzinfo=UTC))
    remind_owners_of_action_items()
    action_items.change(moved, by=maya.as_actor(), due_on=date(2026, 12, 5))  # its day before has passed this morning
    db.session.commit()
    clock.forward(minutes=5)
    remind_owners_of_action_items()
    assert letters() == [("maya@example.com", "INC-1: “Moved” is due today")]


def test_of_a_restricted_incident_only_the_named_hear(app: Flask, clock: WoundClock) -> None:
    maya, bob = make_person(), make_person("bob@example.com")
    make_person("helena@example.com", role="admin")
    incident = commanded(maya)
    add(incident, owner=bob)
    actions.change_visibility(incident, to="restricted", by=maya.as_actor(), viewer_person=maya)
    db.session.commit()
    clock.set(datetime(2026, 11, 30, 9, 0, tzinfo=UTC))
    remind_owners_of_action_items()
    assert {address for address, _subject in letters()} == {"maya@example.com"}


# ---- the week's digest ----

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return environ | {"SLACK_BOT_TOKEN": "xoxb-1"}


def of_digest() -> list[OutboxMessage]:
    db.session.expire_all()
    wanted = select(OutboxMessage).where(OutboxMessage.event.startswith("digest/")).order_by(OutboxMessage.id)
    return [*db.session.scalars(wanted)]


def test_on_monday_everybody_who_wants_it_and_the_channel_read_what_is_late_due_and_done(
    app: Flask, clock: WoundClock
) -> None:
    maya, bob = make_person(), make_person("bob@example.com")
    make_person("amira@example.com", role="viewer")
    quiet = make_person("quiet@example.com")
    people.change_preferences(quiet, weekly_digest=False, by=quiet.as_actor())
    incident, secret = commanded(maya), commanded(maya)
    add(incident, owner=bob, title="Late one")
    add(incident, title="Later one", due_on=None)
    add(incident, owner=maya, title="Done one")
    action_items.finish(db.session.get_one(ActionItem, 3), by=maya.as_actor())
    add(secret, owner=maya, title="The secret one")
    actions.change_visibility(secret, to="restricted", by=maya.as_actor(), viewer_person=maya)
    db.session.commit()

    clock.set(MONDAY)
    write_the_weeks_digest()
    assert of_digest() == []  # it is eight
    clock.forward(hours=1)
    write_the_weeks_digest()
    write_the_weeks_digest()

    told = {each.destination: each for each in of_digest()}
    assert [*told] == ["bob@example.com", "maya@example.com", "team"]
    assert told["bob@example.com"].payload["subject"] == "Action items: 1 late, 2 open, 1 done last week"
    text = str(told["bob@example.com"].payload["text"])
    assert "Yours: 1\n- Late one (INC-1, Bob, 3 days late)" in text
    assert "Done last week: 1\n- Done one (INC-1, Maya)" in text
    assert "The secret one" not in text + str(told["team"].payload)
    assert "The secret one" in str(told["maya@example.com"].payload["text"])
    assert told["team"].purpose == outbox.TEAM
    for block in Block.parse_all(told["team"].payload["blocks"]):
        block.validate_json()


def test_a_week_with_nothing_in_it_is_not_told_and_one_missed_by_more_than_a_day_neither(
    app: Flask, clock: WoundClock
) -> None:
    maya = make_person()
    incident = commanded(maya)
    add(incident, title="Some day", due_on=None)
    clock.set(MONDAY)
    clock.forward(hours=2)
    write_the_weeks_digest()
    assert of_digest() == []

    add(incident, title="Late", due_on=FRIDAY)
    write_the_weeks_digest()
    assert of_digest() == []  # this week's was written, and held nothing
    clock.forward(days=9)
    write_the_weeks_digest()
    assert of_digest() == []  # it is Wednesday
    clock.forward(days=6)
    write_the_weeks_digest()
    assert [each.event for each in of_digest()] == ["digest/2026-12-14", "digest/2026-12-14/team"]


def test_a_digest_that_waits_is_not_sent_once_an_incident_in_it_is_restricted(app: Flask, clock: WoundClock) -> None:
    from incidents.jobs import deliveries

    maya, _bob = make_person(), make_person("bob@example.com")
    incident = commanded(maya)
    add(incident, title="Late", due_on=FRIDAY)
    clock.set(MONDAY)
    clock.forward(hours=2)
    write_the_weeks_digest()
    actions.change_visibility(incident, to="restricted", by=maya.as_actor(), viewer_person=maya)
    db.session.commit()
    claims = [
        *outbox.claim(worker="test", channel="email", limit=10),
        *outbox.claim(worker="test", channel="slack", limit=10),
    ]
    about = {claimed.id: claimed.destination for claimed in claims if claimed.event.startswith("digest/")}
    unwelcome = deliveries._unwelcome(claims)
    assert {about[number] for number in about if number in unwelcome} == {"bob@example.com", "team"}
