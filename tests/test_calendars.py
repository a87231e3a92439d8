"""Schedules as calendars: read from elsewhere, and given to calendar programs at a secret address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from incidents.actions import calendars, foreign_calendar, oncall, overrides, people, rotations
from incidents.jobs import holding, timetable
from incidents.jobs import oncall as jobs
from incidents.kernel import http
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.kernel.http import wire
from incidents.messages import oncall_calendar
from incidents.records.actors import COMMAND_LINE
from incidents.records.audit import AuditEntry
from incidents.records.oncall import CalendarFeed, ImportedShift, Rotation
from incidents.records.people import Person
from tests.conftest import WoundClock
from tests.factories import a_person
from tests.on_call import a_rotation, utc
from tests.receivers import Receiver, answer, receiver
from tests.test_foreign_calendar import calendar

__all__ = ["receiver"]

ALICE_UNTIL_WEDNESDAY = "DTSTART:20261122T080000Z\nDTEND:20261125T080000Z\nSUMMARY:Alice"
BOB_ON_MONDAY = "DTSTART:20261123T000000Z\nDTEND:20261124T000000Z\nSUMMARY:[L2] bob@example.com"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "OUTBOUND_ALLOW": "127.0.0.0/8"}


@pytest.fixture
def alice(app: Flask) -> Person:
    return a_person("Alice")


@pytest.fixture
def bob(app: Flask) -> Person:
    return a_person("Bob")


# -- in -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(app: Flask, receiver: Receiver, alice: Person, bob: Person) -> Rotation:
    """A rotation whose schedule is kept at the receiver."""
    rotation = rotations.create_rotation(
        by=COMMAND_LINE, name="Elsewhere", zone="Europe/Berlin", source_url=f"{receiver.url}/on-call.ics"
    )
    db.session.commit()
    return rotation


def on_call(rotation: Rotation, moment: str) -> str | None:
    db.session.commit()
    person = oncall.on_call_at(rotation, utc(moment))
    return person.name if person else None


def test_a_calendar_is_read_every_ten_minutes_and_the_greater_priority_holds(
    elsewhere: Rotation, receiver: Receiver, clock: WoundClock
) -> None:
    receiver.says(answer(200, calendar(ALICE_UNTIL_WEDNESDAY, BOB_ON_MONDAY)))

    jobs.read_calendars()
    clock.forward(minutes=9)
    jobs.read_calendars()

    assert [each.path for each in receiver.asked] == ["/on-call.ics"]
    assert [on_call(elsewhere, moment) for moment in ("2026-11-22T12:00", "2026-11-23T12:00", "2026-11-24T12:00")] == [
        "Alice",
        "Bob",
        "Alice",
    ]
    assert on_call(elsewhere, "2026-11-26T12:00") is None
    assert (elsewhere.source_problem, elsewhere.source_read_at) == (None, utc("2026-11-23T02:14"))
    clock.forward(minutes=1)
    jobs.read_calendars()
    assert len(receiver.asked) == 2


def test_a_clock_that_leaves_reads_no_further_calendar(app: Flask, elsewhere: Rotation, receiver: Receiver) -> None:
    rotations.create_rotation(by=COMMAND_LINE, name="Another", zone="UTC", source_url=f"{receiver.url}/another.ics")
    db.session.commit()
    receiver.says(answer(200, calendar(ALICE_UNTIL_WEDNESDAY)))
    mine = holding.Holding("clock-1")
    mine.keep()
    held = mine.held

    def read_and_be_told_to_leave(*asked: Any, **how: Any) -> bytes:
        mine.is_leaving = True
        return real(*asked, **how)

    real = http.get
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "get", read_and_be_told_to_leave)
        timetable.do(app, jobs.read_calendars, held, mine)

    assert [each.path for each in receiver.asked] == ["/on-call.ics"]
    assert on_call(elsewhere, "2026-11-24T12:00") == "Alice"


def test_an_override_lies_on_what_was_read(elsewhere: Rotation, receiver: Receiver, bob: Person) -> None:
    receiver.says(answer(200, calendar(ALICE_UNTIL_WEDNESDAY)))
    jobs.read_calendars()

    overrides.add_override(
        elsewhere, by=COMMAND_LINE, person=bob, starts_at=utc("2026-11-23T12:00"), ends_at=utc("2026-11-23T13:00")
    )

    assert on_call(elsewhere, "2026-11-23T12:30") == "Bob"
    assert on_call(elsewhere, "2026-11-23T13:30") == "Alice"


@pytest.mark.parametrize(
    "event",
    [
        "SUMMARY:alice@example.com",
        "SUMMARY:On call: Alice (primary)",
        "SUMMARY:ALICE",
        "SUMMARY:[L1] alice",
        "SUMMARY:Someone\nATTENDEE:mailto:Alice@example.com",
    ],
)
def test_a_title_means_somebody_by_address_name_or_attendee(
    elsewhere: Rotation, receiver: Receiver, event: str
) -> None:
    receiver.says(answer(200, calendar(f"DTSTART:20261123T000000Z\nDTEND:20261124T000000Z\n{event}")))

    jobs.read_calendars()

    assert on_call(elsewhere, "2026-11-23T12:00") == "Alice"


def test_a_name_that_nobody_here_goes_by_is_a_gap_and_is_said(elsewhere: Rotation, receiver: Receiver) -> None:
    receiver.says(answer(200, calendar("DTSTART:20261123T000000Z\nDTEND:20261124T000000Z\nSUMMARY:Zorg")))

    jobs.read_calendars()

    assert on_call(elsewhere, "2026-11-23T12:00") is None
    (shift,) = oncall.shifts(elsewhere, since=utc("2026-11-23T12:00"), until=utc("2026-11-23T13:00"))
    assert shift.absent == "Zorg"
    assert elsewhere.source_problem == "Nobody here goes by Zorg. Use a name or an e-mail address."


def test_what_is_read_again_replaces_what_is_to_come_and_keeps_what_was(
    elsewhere: Rotation, receiver: Receiver, clock: WoundClock
) -> None:
    old = "UID:old\nDTSTART:20261123T000000Z\nDTEND:20261123T020000Z\nSUMMARY:Bob"
    receiver.says(answer(200, calendar(old, ALICE_UNTIL_WEDNESDAY)))
    jobs.read_calendars()
    changed_at = elsewhere.changed_at
    clock.forward(minutes=10)
    jobs.read_calendars()
    assert elsewhere.changed_at == changed_at  # nothing is another

    clock.set(utc("2026-11-25T12:00"))
    receiver.says(answer(200, calendar("UID:new\nDTSTART:20261125T000000Z\nDTEND:20261126T000000Z\nSUMMARY:Bob")))
    jobs.read_calendars()

    assert on_call(elsewhere, "2026-11-23T01:00") == "Bob"
    assert on_call(elsewhere, "2026-11-25T12:00") == "Bob"
    assert elsewhere.changed_at == clock()
    assert {row.uid for row in db.session.scalars(select(ImportedShift))} == {"old", "new"}


def test_whatever_fails_is_said_and_the_last_good_shifts_stay(
    elsewhere: Rotation, receiver: Receiver, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "READ", 0.1)
    receiver.says(answer(200, calendar(ALICE_UNTIL_WEDNESDAY)))
    jobs.read_calendars()
    faults: dict[str, Any] = {
        "The address answered with more than 2,048 kB.": answer(200, b"BEGIN:VCALENDAR\r\n" + b"x" * 10_000_000),
        "What stands there is a page and no calendar. Use the secret address in iCal format.": answer(200, b"<html>"),
        "The address answered with status 404.": answer(404),
        "The address answered with status 302.": answer(302, headers={"Location": "http://10.0.0.1/"}),
        "The address did not answer in time.": receiver.hang,
    }
    for sentence, fault in faults.items():
        clock.forward(minutes=10)
        receiver.says(fault)
        jobs.read_calendars()

        assert on_call(elsewhere, "2026-11-24T12:00") == "Alice"
        assert elsewhere.source_problem == sentence
        assert elsewhere.source_tried_at == clock()
    assert elsewhere.source_read_at == utc("2026-11-23T02:14")

    clock.forward(minutes=10)
    receiver.says(answer(200, calendar(ALICE_UNTIL_WEDNESDAY)))
    jobs.read_calendars()
    assert (elsewhere.source_problem, elsewhere.source_read_at) == (None, clock())


def test_what_breaks_one_calendar_is_said_there_and_the_others_are_read(
    elsewhere: Rotation, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = rotations.create_rotation(
        by=COMMAND_LINE, name="Second", zone="UTC", source_url=f"{receiver.url}/second.ics"
    )
    db.session.commit()
    understood = foreign_calendar.read

    def broken_once(body: bytes, **stretch: Any) -> list[foreign_calendar.Found]:
        monkeypatch.setattr(foreign_calendar, "read", understood)
        raise RuntimeError("nobody knew")

    monkeypatch.setattr(foreign_calendar, "read", broken_once)
    receiver.says(answer(200, calendar("UID:\x00a\x1fb\n" + ALICE_UNTIL_WEDNESDAY + "\x00\x07")))

    jobs.read_calendars()

    assert str(elsewhere.source_problem).startswith("The calendar was not taken over")
    assert (on_call(second, "2026-11-23T12:00"), second.source_problem) == ("Alice", None)


def test_a_calendar_in_a_private_network_is_not_asked(app: Flask, alice: Person) -> None:
    rotation = rotations.create_rotation(
        by=COMMAND_LINE, name="Inside", zone="UTC", source_url="https://10.0.0.1/on-call.ics"
    )
    db.session.commit()

    jobs.read_calendars()

    assert str(rotation.source_problem).startswith("This address leads into a private network.")


def test_two_clocks_ask_for_a_calendar_once_in_ten_minutes(elsewhere: Rotation, receiver: Receiver) -> None:
    receiver.says(answer(200, calendar(ALICE_UNTIL_WEDNESDAY)))
    from incidents.actions import calendar_in

    first = calendar_in.due()
    jobs.read_calendars()

    assert first == [elsewhere.id]
    assert calendar_in.due() == []
    assert len(receiver.asked) == 1


def test_another_calendar_begins_anew_and_a_slow_answer_of_the_old_one_is_left(
    elsewhere: Rotation, receiver: Receiver, alice: Person
) -> None:
    def changed_meanwhile(handler: Any) -> None:
        with db.engine.begin() as connection:
            moved = Rotation.__table__.update().values(source_url=f"{receiver.url}/other.ics")  # type: ignore[attr-defined]
            connection.execute(moved)
        answer(200, calendar(ALICE_UNTIL_WEDNESDAY))(handler)

    receiver.says(changed_meanwhile)

    jobs.read_calendars()

    assert db.session.scalars(select(ImportedShift)).all() == []


# -- out ------------------------------------------------------------------------------------------------------------


def path_of(address: str) -> str:
    return "/calendars/" + address.rpartition("/")[2]


def read(client: FlaskClient, path: str) -> list[Any]:
    shown = client.get(path)
    assert (shown.status_code, shown.content_type) == (200, "text/calendar; charset=utf-8")
    return list(Calendar.from_ical(shown.text).walk("VEVENT"))


def test_a_rotation_can_be_read_as_a_calendar_without_signing_in(
    client: FlaskClient, alice: Person, bob: Person
) -> None:
    alice.name = "Alice; \\ O'Hara, the\u2028second"
    rotation = a_rotation(alice, bob, zone="America/New_York", hours=("09:00", "17:00"))
    address, _feed = calendars.write_feed(alice, rotation=rotation)

    events = read(client, path_of(address))

    by_start = {event["DTSTART"].dt: event for event in events}
    shift, gap = by_start[utc("2026-11-23T14:00")], by_start[utc("2026-11-23T22:00")]
    assert (str(shift["SUMMARY"]), shift["DTEND"].dt) == ("Bob", utc("2026-11-23T22:00"))
    assert (str(gap["SUMMARY"]), gap["DTEND"].dt) == ("Nobody is on call", utc("2026-11-24T14:00"))
    assert str(by_start[utc("2026-11-24T14:00")]["SUMMARY"]) == alice.name
    assert len({str(event["UID"]) for event in events}) == len(events)
    assert all(event["DTSTART"].dt.utcoffset() == timedelta(0) for event in events)
    # right over the clock change: 09:00 in New York is 13:00 UTC from 14 March on
    assert utc("2027-03-13T14:00") in by_start
    assert utc("2027-03-15T13:00") in by_start


def test_a_change_keeps_the_uids_and_raises_the_sequence(
    client: FlaskClient, alice: Person, bob: Person, clock: WoundClock
) -> None:
    rotation = a_rotation(alice, bob)
    path = path_of(calendars.write_feed(alice, rotation=rotation)[0])
    before = {str(event["UID"]): event for event in read(client, path)}
    clock.forward(minutes=5)

    overrides.add_override(
        rotation, by=COMMAND_LINE, person=alice, starts_at=utc("2026-11-25T09:00"), ends_at=utc("2026-11-25T21:00")
    )

    after = {str(event["UID"]): event for event in read(client, path)}
    # Bob's day now begins twelve hours later, and Alice's before it lasts twelve hours longer
    assert len(before.keys() - after.keys()) == 1
    assert len(after.keys() - before.keys()) == 1
    same = min(before.keys() & after.keys())
    assert int(after[same]["SEQUENCE"]) == int(before[same]["SEQUENCE"]) + 300
    assert after[same]["LAST-MODIFIED"].dt - before[same]["LAST-MODIFIED"].dt == timedelta(minutes=5)


def test_what_has_not_changed_is_not_sent_again(
    client: FlaskClient, alice: Person, bob: Person, clock: WoundClock
) -> None:
    rotation = a_rotation(alice, bob)
    path = path_of(calendars.write_feed(alice, rotation=rotation)[0])
    tag = client.get(path).headers["ETag"]
    clock.forward(days=2)

    again = client.get(path, headers={"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == "private, no-cache"
    people.rename(alice, "Alicia", by=COMMAND_LINE)
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_ones_own_shifts_in_all_rotations_and_nobody_elses(client: FlaskClient, alice: Person, bob: Person) -> None:
    a_rotation(alice, bob)
    a_rotation(bob, alice, name="Second")
    a_rotation(bob, name="Third")

    events = read(client, path_of(calendars.write_feed(alice)[0]))

    assert {str(event["SUMMARY"]) for event in events} == {"On call: Primary", "On call: Second"}
    monday = [str(event["SUMMARY"]) for event in events if event["DTSTART"].dt == utc("2026-11-23T09:00")]
    assert monday == ["On call: Second"]


def test_every_address_that_does_not_answer_answers_alike(client: FlaskClient, alice: Person, bob: Person) -> None:
    rotation = a_rotation(alice, bob)
    address, revoked = calendars.write_feed(alice, rotation=rotation)
    disabled_address, _feed = calendars.write_feed(bob, rotation=rotation)
    calendars.revoke_feed(revoked, by=alice.as_actor())
    people.disable(bob, by=COMMAND_LINE)

    answers = [client.get(path) for path in (path_of(address), path_of(disabled_address), "/calendars/never-was.ics")]

    assert {each.status_code for each in answers} == {404}
    assert len({each.text.partition("eference")[0] for each in answers}) == 1
    assert client.post(path_of(address)).status_code == 405


def test_only_the_digest_of_an_address_is_kept_and_whose_it_is_can_revoke_it(
    app: Flask, alice: Person, bob: Person
) -> None:
    address, feed = calendars.write_feed(alice)
    secret = address.rpartition("/")[2].removesuffix(".ics")
    db.session.commit()

    assert secret not in feed.secret_hash
    assert not any(
        secret in f"{each.what} {each.subject} {each.detail}" for each in db.session.scalars(select(AuditEntry))
    )
    with pytest.raises(NotAllowed, match="somebody else's"):
        calendars.revoke_feed(feed, by=bob.as_actor())
    assert calendars.feeds_of(alice) == [feed]
    calendars.revoke_feed(feed, by=a_person("Root", role="admin").as_actor())
    assert calendars.feeds_of(alice) == []


def test_a_reading_is_noted_once_an_hour(client: FlaskClient, alice: Person, clock: WoundClock) -> None:
    address, feed = calendars.write_feed(alice)
    first = clock()
    for _time in range(3):
        assert client.get(path_of(address)).status_code == 200
        clock.forward(minutes=25)

    db.session.refresh(feed)
    assert feed.last_read_at == first
    client.get(path_of(address))
    db.session.refresh(feed)
    assert feed.last_read_at == first + timedelta(minutes=75)


def test_a_rotation_with_years_behind_it_gives_two_months_back_and_a_year_ahead(
    client: FlaskClient, alice: Person, bob: Person
) -> None:
    rotation = a_rotation(alice, bob, every="hour", count=6, starts_on=utc("2015-01-01T00:00").date())
    for number in range(50):
        overrides.add_override(
            rotation,
            by=COMMAND_LINE,
            person=bob,
            starts_at=utc("2026-12-01T00:00") + timedelta(days=number),
            ends_at=utc("2026-12-01T12:00") + timedelta(days=number),
        )

    events = read(client, path_of(calendars.write_feed(alice, rotation=rotation)[0]))

    starts = [event["DTSTART"].dt for event in events]
    assert min(starts) == utc("2026-09-01T00:00")
    assert max(event["DTEND"].dt for event in events) == utc("2027-12-01T00:00")


def test_a_year_of_hourly_turns_asks_for_each_name_once_and_escapes_it_once(
    client: FlaskClient, alice: Person, bob: Person, count_queries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(calendars.write_feed(alice, rotation=a_rotation(alice, bob, every="hour"))[0])
    written = mock.Mock(side_effect=oncall_calendar._line)
    monkeypatch.setattr(oncall_calendar, "_line", written)
    count_queries.clear()

    shown = client.get(path)

    assert shown.data.count(b"BEGIN:VEVENT") > 8760
    assert len(count_queries) < 20
    assert written.call_count <= 3  # two people and nobody


def test_an_archived_rotation_ends_in_its_calendar(client: FlaskClient, alice: Person) -> None:
    rotation = a_rotation(alice)
    path = path_of(calendars.write_feed(alice, rotation=rotation)[0])
    rotations.archive_rotation(rotation, by=COMMAND_LINE)

    assert [event["DTEND"].dt for event in read(client, path)][-1] == utc("2026-11-23T02:14")
    assert db.session.scalars(select(CalendarFeed)).all()
