"""The owner of a post-mortem is reminded, in the morning, once a day, until it is published or waived."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.jobs.timetable import remind_owners_of_postmortems
from incidents.kernel.database import db
from incidents.kernel.outbox.messages import OutboxMessage
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person


def letters() -> list[tuple[str, str]]:
    """Address and subject of each letter about a post-mortem, in order."""
    db.session.expire_all()
    found = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    told = ((each.destination, str(each.payload["subject"])) for each in found)
    return [(address, subject) for address, subject in told if "post-mortem" in subject]


def owed(by: Person, clock: WoundClock) -> Incident:
    incident = an_incident(by=by, severity="P1")
    clock.forward(minutes=30)
    actions.acknowledge(incident, by=by.as_actor())
    actions.resolve(incident, by=by.as_actor(), summary="Fixed", reason="Quick")
    db.session.commit()
    return incident


def look_every_hour(clock: WoundClock, *, days: int) -> None:
    for _hour in range(24 * days):
        clock.forward(hours=1)
        remind_owners_of_postmortems()


def test_its_owner_is_told_the_day_before_on_the_day_and_each_day_late(app: Flask, clock: WoundClock) -> None:
    maya = make_person(zone="Europe/Berlin")
    owed(maya, clock)
    look_every_hour(clock, days=7)

    assert letters() == [
        ("maya@example.com", "INC-1: the post-mortem is due tomorrow"),
        ("maya@example.com", "INC-1: the post-mortem is due today"),
        ("maya@example.com", "INC-1: the post-mortem is 1 day late"),
        ("maya@example.com", "INC-1: the post-mortem is 2 days late"),
        ("maya@example.com", "INC-1: the post-mortem is 3 days late"),
    ]
    at = db.session.scalars(select(OutboxMessage.created_at).order_by(OutboxMessage.id.desc()).limit(1)).one()
    assert at.astimezone(maya.time_zone).hour == 9
    remind_owners_of_postmortems()
    assert len(letters()) == 5


def test_days_that_were_missed_are_one_letter_and_it_ends_after_two_weeks(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    owed(maya, clock)
    clock.forward(days=8)
    remind_owners_of_postmortems()
    assert letters() == []  # it is night
    clock.forward(hours=8)
    remind_owners_of_postmortems()
    assert letters() == [("maya@example.com", "INC-1: the post-mortem is 5 days late")]

    look_every_hour(clock, days=20)
    assert len(letters()) == 1 + 9


def test_publishing_or_waiving_ends_it_and_drafting_does_not(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    first, second, third = (owed(maya, clock) for _ in range(3))
    actions.publish_postmortem(first, by=maya.as_actor())
    actions.waive_postmortem(second, by=maya.as_actor(), reason="Known")
    actions.begin_postmortem(third, by=maya.as_actor())
    db.session.commit()

    clock.forward(days=4, hours=8)
    remind_owners_of_postmortems()

    assert [subject.partition(":")[0] for _address, subject in letters()] == [third.ref]


def test_it_goes_to_the_chosen_owner_and_to_all_responders_when_nobody_is_left(app: Flask, clock: WoundClock) -> None:
    maya, jonas = make_person(), make_person("jonas@example.com")
    make_person("priya@example.com")
    incident = owed(maya, clock)
    postmortem = actions.begin_postmortem(incident, by=maya.as_actor())
    actions.set_postmortem_owner(postmortem, person=jonas, by=maya.as_actor())
    db.session.commit()
    clock.forward(days=3, hours=8)
    remind_owners_of_postmortems()
    assert [address for address, _subject in letters()] == ["jonas@example.com"]

    for person in (maya, jonas):
        person.disabled_at = datetime.now(UTC)
    db.session.commit()
    clock.forward(days=1)
    remind_owners_of_postmortems()
    assert [address for address, _subject in letters()][1:] == ["priya@example.com"]


def test_a_restricted_one_is_told_to_the_named_alone(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    make_person("jonas@example.com")
    incident = an_incident(by=maya, is_security=True)
    actions.resolve(incident, by=maya.as_actor(), summary="Fixed", reason="Quick")
    maya.disabled_at = datetime.now(UTC)
    db.session.commit()

    clock.forward(days=4, hours=8)
    remind_owners_of_postmortems()

    assert letters() == []


def test_reopening_begins_anew(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    incident = owed(maya, clock)
    clock.forward(days=3, hours=8)
    remind_owners_of_postmortems()
    actions.reopen(incident, by=maya.as_actor(), reason="Not over")
    db.session.commit()
    clock.forward(days=1)
    remind_owners_of_postmortems()
    assert len(letters()) == 1

    actions.resolve(incident, by=maya.as_actor(), summary="Now", reason="Quick")
    db.session.commit()
    clock.forward(days=3, hours=8)
    remind_owners_of_postmortems()
    assert len(letters()) == 2
