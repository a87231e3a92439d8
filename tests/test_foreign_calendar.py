"""Shifts out of a calendar that somebody else keeps."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from incidents.actions import foreign_calendar
from incidents.actions.foreign_calendar import Found, Unreadable, read

BERLIN = ZoneInfo("Europe/Berlin")
SINCE = datetime(2026, 11, 22, tzinfo=UTC)


def calendar(*events: str) -> bytes:
    """A calendar with these events; each is its lines."""
    written = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//EN"]
    for number, event in enumerate(events):
        uid = [] if "UID:" in event else [f"UID:{number}@example.com"]
        written += ["BEGIN:VEVENT", *uid, *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*written, "END:VCALENDAR", ""]).encode()


def shifts(*events: str, days: int = 14, since: datetime = SINCE) -> list[Found]:
    return read(calendar(*events), zone=BERLIN, since=since, until=since + timedelta(days=days))


def starts(*events: str, days: int = 14, since: datetime = SINCE) -> list[str]:
    return [f"{each.starts_at:%d.%m. %H:%M}" for each in shifts(*events, days=days, since=since)]


def test_an_event_is_a_shift_and_its_priority_is_taken_from_its_title() -> None:
    (found,) = shifts(
        "DTSTART:20261123T080000Z\nDTEND:20261124T080000Z\nSUMMARY:[L3] Maya  Lindqvist\n"
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Maya@Example.com\nATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.com"
    )

    assert (found.title, found.priority, found.attendees) == ("Maya Lindqvist", 3, ("maya@example.com",))
    assert (found.starts_at, found.ends_at) == (
        datetime(2026, 11, 23, 8, tzinfo=UTC),
        datetime(2026, 11, 24, 8, tzinfo=UTC),
    )


def test_a_repeated_event_keeps_its_time_on_the_wall_over_a_clock_change() -> None:
    event = "DTSTART;TZID=America/New_York:20261030T090000\nDURATION:PT8H\nRRULE:FREQ=DAILY\nSUMMARY:A"

    assert starts(event, days=4, since=datetime(2026, 10, 31, tzinfo=UTC)) == [
        "31.10. 13:00",
        "01.11. 14:00",
        "02.11. 14:00",
        "03.11. 14:00",
    ]


def test_whole_days_and_times_without_a_zone_are_meant_in_the_zone_of_the_rotation() -> None:
    whole = "DTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261126\nSUMMARY:A"
    one_day = "DTSTART;VALUE=DATE:20261127\nSUMMARY:B"
    floating = "DTSTART:20261128T090000\nDTEND:20261128T100000\nSUMMARY:C"

    assert starts(whole, one_day, floating) == ["23.11. 23:00", "26.11. 23:00", "28.11. 08:00"]
    assert [each.ends_at - each.starts_at for each in shifts(whole, one_day)] == [timedelta(days=2), timedelta(days=1)]


def test_a_whole_day_over_a_clock_change_has_25_hours() -> None:
    (found,) = shifts("DTSTART;VALUE=DATE:20261025\nSUMMARY:A", since=datetime(2026, 10, 24, tzinfo=UTC))

    assert found.ends_at - found.starts_at == timedelta(hours=25)


def test_exceptions_and_changed_occurrences_are_heeded() -> None:
    series = (
        "UID:s\nDTSTART;TZID=Europe/Berlin:20261123T090000\nDTEND;TZID=Europe/Berlin:20261123T170000\nSUMMARY:Alice\n"
        "RRULE:FREQ=DAILY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20261124T090000"
    )
    moved = (
        "UID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20261125T090000\nDTSTART:20261125T120000Z\nDTEND:20261125T130000Z\n"
        "SUMMARY:Bob"
    )
    cancelled = (
        "UID:s\nRECURRENCE-ID:20261126T080000Z\nDTSTART:20261126T080000Z\nDTEND:20261126T160000Z\nSTATUS:CANCELLED\n"
        "SUMMARY:Alice"
    )

    found = shifts(series, moved, cancelled)

    assert [(f"{each.starts_at:%d %H:%M}", each.title) for each in found] == [
        ("23 08:00", "Alice"),
        ("25 12:00", "Bob"),
        ("27 08:00", "Alice"),
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,FR", ["23.11. 08:00", "27.11. 08:00", "30.11. 08:00", "04.12. 08:00"]),
        ("FREQ=WEEKLY;UNTIL=20261130T080000Z", ["23.11. 08:00", "30.11. 08:00"]),
        ("FREQ=WEEKLY;UNTIL=20261130", ["23.11. 08:00", "30.11. 08:00"]),
        ("FREQ=WEEKLY;UNTIL=20261130T075959Z", ["23.11. 08:00"]),
        ("FREQ=WEEKLY;INTERVAL=2", ["23.11. 08:00"]),
        ("FREQ=DAILY;COUNT=2", ["23.11. 08:00", "24.11. 08:00"]),
        ("FREQ=MONTHLY;BYDAY=-1MO", ["30.11. 08:00"]),
    ],
)
def test_rules_of_repetition(rule: str, expected: list[str]) -> None:
    event = f"DTSTART;TZID=Europe/Berlin:20261123T090000\nDURATION:PT8H\nRRULE:{rule}\nSUMMARY:A"

    assert starts(event) == expected


def test_a_series_that_began_years_ago_is_cut_to_the_stretch() -> None:
    event = "DTSTART;TZID=Europe/Berlin:20160104T090000\nDURATION:P7D\nRRULE:FREQ=WEEKLY\nSUMMARY:A"

    assert starts(event) == ["16.11. 08:00", "23.11. 08:00", "30.11. 08:00"]


def test_an_event_without_a_uid_or_a_title_is_read_all_the_same() -> None:
    body = calendar("DTSTART:20261123T080000Z\nDTEND:20261124T080000Z").replace(b"UID:0@example.com\r\n", b"")

    (found,) = read(body, zone=BERLIN, since=SINCE, until=SINCE + timedelta(days=3))

    assert (found.title, found.priority) == ("", 0)


def test_a_calendar_that_begins_with_a_byte_order_mark_is_read() -> None:
    body = b"\xef\xbb\xbf" + calendar("DTSTART:20261123T080000Z\nDTEND:20261124T080000Z\nSUMMARY:Zoë")

    (found,) = read(body, zone=BERLIN, since=SINCE, until=SINCE + timedelta(days=3))

    assert found.title == "Zoë"


def test_a_change_of_all_later_occurrences_is_refused_and_never_read_as_a_change_of_one() -> None:
    series = "UID:s\nDTSTART:20261123T080000Z\nDURATION:PT8H\nSUMMARY:Alice\nRRULE:FREQ=DAILY"
    later = "UID:s\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261125T080000Z\nDTSTART:20261125T080000Z\nDURATION:PT8H\nSUMMARY:Bob"

    with pytest.raises(Unreadable, match="all that follow it at once"):
        shifts(series, later)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!doctype html><html><body>Sign in</body></html>", "What stands there is a page and no calendar. Use the secret address in iCal format."),
        (b"", "What stands there is no calendar in iCal format."),
        (b'{"items": []}', "What stands there is no calendar in iCal format."),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2026", "The calendar cannot be read: it is cut off or damaged."),
        (calendar("DTSTART:tomorrow\nSUMMARY:A"), "The calendar has an event whose times cannot be read."),
        (calendar("SUMMARY:A"), "The calendar has an event whose times cannot be read."),
        (calendar("DTSTART:20261123T080000Z\nDURATION:PT1M\nRRULE:FREQ=SECONDLY\nSUMMARY:A"), "The calendar has an event that is repeated by the minute."),
        (calendar("DTSTART:19000101T080000Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY\nSUMMARY:A"), "The calendar has an event that has been repeated too often."),
        (calendar("DTSTART;TZID=Middle/Earth:20261123T080000\nDURATION:PT1H\nSUMMARY:A"), "The calendar uses a time zone that is not known here: Middle/Earth."),
        (calendar("DTSTART:20261123T080000Z\nDTEND:20261123T080500Z\nRRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))) + "\nSUMMARY:A"), "The calendar has more than 5,000 shifts in a year."),
        (calendar("DTSTART:20261123T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0;BYMONTH=2\nSUMMARY:A"), "The calendar has an event that is repeated without a step."),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_cannot_be_read_is_said_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(body, zone=BERLIN, since=SINCE, until=SINCE + timedelta(days=14))

    assert str(refused.value) == sentence


def test_a_rule_that_never_matches_ends() -> None:
    event = "DTSTART:20261123T080000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9\nSUMMARY:A"

    assert starts(event, days=400) == []


def test_a_calendar_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_calendar, "_LONGEST", -1.0)

    with pytest.raises(Unreadable, match="takes too long"):
        shifts("DTSTART:20261123T080000Z\nDTEND:20261124T080000Z\nSUMMARY:A")


def test_many_rules_under_one_uid_are_given_up_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    long_ago = "UID:1\nDTSTART:20200101T000000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY;COUNT=9\nSUMMARY:A"

    with pytest.raises(Unreadable, match="takes too long"):
        shifts(*[long_ago] * 200)
