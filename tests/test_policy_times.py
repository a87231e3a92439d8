"""Lengths in words, and wall-clock times as instants that exist."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import zones
from incidents.policy.attention import earliest, is_catch_up, quiet_after
from incidents.policy.durations import countdown, duration, to_the_minute

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "under 1 min"),
        (59.9, "under 1 min"),
        (60, "1 min"),
        (48 * 60 + 59, "48 min"),
        (3600, "1 h"),
        (3600 + 12 * 60, "1 h 12 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (86_400 + 59 * 60, "1 d"),
        (86_400 + 3 * 3600 + 59 * 60, "1 d 3 h"),
        (-72 * 60, "1 h 12 min"),
    ],
)
def test_a_length_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (11 * 60 + 56, "11:56"),
        (6.9, "0:06"),
        (3599, "59:59"),
        (3900, "1 h 05"),
        (-400, "6:40"),
        (86_400 + 3 * 3600, "1 d 3 h"),
    ],
)
def test_a_countdown_ticks_in_seconds_under_an_hour(seconds: float, shown: str) -> None:
    assert countdown(timedelta(seconds=seconds)) == shown


@settings(deadline=None)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(1)))
def test_words_never_say_more_than_passed(length: timedelta, more: timedelta) -> None:
    def minutes(said: str) -> int:
        if said == "under 1 min":
            return 0
        words = said.split()
        return sum(
            int(n) * {"d": 1440, "h": 60, "min": 1}[unit] for n, unit in zip(words[::2], words[1::2], strict=True)
        )

    assert minutes(duration(length)) * 60 <= length.total_seconds()
    assert minutes(duration(length)) <= minutes(duration(length + more))


def test_a_minute_is_cut_not_rounded() -> None:
    assert to_the_minute(NOON + timedelta(seconds=59, microseconds=999_999)) == NOON


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        # left out: the first instant after the gap
        ("Europe/Berlin", datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 3, 28, 2, 0), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 3, 28, 1, 59), datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2027, 3, 28, 3, 0), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        # twice: the first of the two
        ("America/New_York", datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2027, 4, 4, 1, 45), datetime(2027, 4, 3, 14, 45, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_time_is_an_instant_that_exists(zone: str, local: datetime, expected: datetime) -> None:
    assert zones.instant(local, ZoneInfo(zone)) == expected


def test_a_day_without_midnight_begins_when_the_gap_ends() -> None:
    # in Cairo the clocks go from 23:59 to 01:00 on the last Friday of April
    assert zones.start_of_day(date(2026, 4, 24), ZoneInfo("Africa/Cairo")) == datetime(2026, 4, 23, 22, 0, tzinfo=UTC)
    assert zones.local_day(datetime(2026, 4, 23, 22, 0, tzinfo=UTC), ZoneInfo("Africa/Cairo")) == date(2026, 4, 24)


ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Pacific/Apia",
]


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2037, 1, 1)))
def test_every_instant_lies_in_the_day_that_began_last(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    start = zones.start_of_day(day, zone)

    assert zones.local_day(start, zone) >= day
    assert zones.local_day(start - timedelta(seconds=1), zone) < day
    assert start <= zones.start_of_day(day + timedelta(days=1), zone)


def test_the_clock_looks_again_at_the_first_thing_due() -> None:
    assert earliest(None, NOON, None, NOON - timedelta(minutes=5)) == NOON - timedelta(minutes=5)
    assert earliest(None) is None
    assert earliest() is None


def test_a_late_look_is_a_catch_up_and_ten_minutes_of_quiet_follow() -> None:
    assert not is_catch_up(NOON, NOON + timedelta(seconds=60))
    assert quiet_after(NOON, NOON + timedelta(seconds=60)) is None
    assert is_catch_up(NOON, NOON + timedelta(seconds=61))
    assert quiet_after(NOON, NOON + timedelta(hours=2)) == NOON + timedelta(hours=2, minutes=10)
