"""Announced work: its states at each minute, and its repetition, held against another library and the clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import recurrence
from incidents.policy.maintenance import State, Times, problems_with

NEW_YORK, BERLIN, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
TEN, ELEVEN, NOON = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (10, 11, 12))
MINUTE = timedelta(minutes=1)


def states(times: Times, *moments: datetime) -> list[str]:
    return [times.state(moment) for moment in moments]


def test_it_begins_and_ends_at_its_minutes() -> None:
    plan = Times(TEN, NOON)
    assert states(plan, TEN - MINUTE, TEN, NOON - MINUTE, NOON) == [
        "scheduled",
        "in_progress",
        "in_progress",
        "completed",
    ]


def test_it_is_verified_only_when_somebody_says_so_or_it_was_planned() -> None:
    said = Times(TEN, NOON, verifying_at=ELEVEN)
    planned = Times(TEN, NOON, verify_minutes=30)
    assert states(said, ELEVEN - MINUTE, ELEVEN, NOON) == ["in_progress", "verifying", "completed"]
    assert states(planned, NOON - 31 * MINUTE, NOON - 30 * MINUTE) == ["in_progress", "verifying"]
    assert Times(TEN, ELEVEN, verify_minutes=600).verifies_at == TEN


def test_it_begins_and_ends_before_its_time_by_hand() -> None:
    early = Times(ELEVEN, NOON, begun_at=TEN, finished_at=ELEVEN)
    assert states(early, TEN, ELEVEN) == ["in_progress", "completed"]


def test_what_waits_for_somebody_is_late_until_it_is_said_to_be_over() -> None:
    open_ended = Times(TEN, ELEVEN, ends_by_itself=False)
    assert open_ended.state(NOON) == State.IN_PROGRESS
    assert open_ended.late_by(NOON) == timedelta(hours=1)
    assert open_ended.late_by(ELEVEN) is None
    assert Times(TEN, ELEVEN, ends_by_itself=False, finished_at=NOON).late_by(NOON) is None


def test_what_is_called_off_before_it_begins_never_began() -> None:
    called_off = Times(ELEVEN, NOON, cancelled_at=TEN)
    assert states(called_off, TEN - MINUTE, TEN, NOON) == ["scheduled", "cancelled", "cancelled"]
    assert called_off.never_began
    assert not Times(TEN, NOON, cancelled_at=ELEVEN).never_began


def test_an_end_before_the_beginning_is_refused() -> None:
    assert problems_with(TEN, TEN) == {"ends_at": "It has to end after it begins."}
    assert "31 days" in problems_with(TEN, TEN + timedelta(days=32))["ends_at"]
    assert problems_with(TEN, NOON) == {}


# -- repetition --------------------------------------------------------------------------------------------------------


def starts(rule: str, begins: str, zone: ZoneInfo, count: int) -> list[str]:
    found = recurrence.occurrences(recurrence.parse(rule), datetime.fromisoformat(begins), zone)
    return [f"{at:%Y-%m-%dT%H:%M}" for _local, at in islice(found, count)]


def test_the_wall_clock_stays_and_the_distance_to_utc_changes() -> None:
    weekly = "FREQ=WEEKLY;BYDAY=TU"
    assert starts(weekly, "2026-10-20T22:00", BERLIN, 2) == ["2026-10-20T20:00", "2026-10-27T21:00"]
    assert starts(weekly, "2026-10-27T22:00", NEW_YORK, 2) == ["2026-10-28T02:00", "2026-11-04T03:00"]
    # half an hour of change
    assert starts(weekly, "2026-09-29T22:00", LORD_HOWE, 2) == ["2026-09-29T11:30", "2026-10-06T11:00"]


def test_a_time_that_a_clock_leaves_out_is_the_first_after_the_gap_and_only_on_that_day() -> None:
    daily = "FREQ=DAILY"
    assert starts(daily, "2026-03-28T02:30", BERLIN, 3) == ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
    assert starts(daily, "2027-03-13T02:30", NEW_YORK, 3) == [
        "2027-03-13T07:30",
        "2027-03-14T07:00",
        "2027-03-15T06:30",
    ]
    # clocks go from 02:00 to 02:30
    assert starts(daily, "2026-10-03T02:15", LORD_HOWE, 3) == [
        "2026-10-02T15:45",
        "2026-10-03T15:30",
        "2026-10-04T15:15",
    ]


def test_a_time_that_occurs_twice_is_the_first_of_the_two() -> None:
    daily = "FREQ=DAILY;COUNT=2"
    assert starts(daily, "2026-10-25T02:30", BERLIN, 2) == ["2026-10-25T00:30", "2026-10-26T01:30"]
    assert starts(daily, "2026-11-01T01:30", NEW_YORK, 2) == ["2026-11-01T05:30", "2026-11-02T06:30"]
    assert starts(daily, "2026-04-05T01:45", LORD_HOWE, 2) == ["2026-04-04T14:45", "2026-04-05T15:15"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=WEEKLY;UNTIL=20200101",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=7",
    ],
)
def test_a_rule_that_never_comes_true_is_known_at_once(rule: str) -> None:
    assert recurrence.never_comes_true(recurrence.parse(rule), datetime(2026, 11, 24, 22), BERLIN)


def test_a_leap_day_comes_true_and_an_endless_rule_ends_at_the_horizon() -> None:
    assert not recurrence.never_comes_true(
        recurrence.parse("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"), datetime(2026, 11, 24, 22), BERLIN
    )
    endless = list(recurrence.occurrences(recurrence.parse("FREQ=DAILY;COUNT=10000"), datetime(2026, 1, 1, 9), BERLIN))
    assert len(endless) == 10_000
    last = list(recurrence.occurrences(recurrence.parse("FREQ=YEARLY"), datetime(2026, 1, 1, 9), BERLIN))[-1]
    assert last[0].year == 2026 + recurrence.HORIZON


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every tuesday",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;COUNT=99",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=2TU",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=3;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20271399",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;COUNT=99999999999",
        "FREQ=DAILY;X-" + "A" * 400 + "=1",
        "FREQ=DAILY\nATTACH=1",
    ],
)
def test_what_is_no_rule_of_ours_is_refused_with_a_sentence(rule: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        recurrence.parse(rule)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 3))}"]
    days = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
    counted = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
    if draw(st.booleans()):
        named = draw(st.lists(days, min_size=1, max_size=3, unique=True))
        nth = draw(st.sampled_from(["1", "2", "-1", "4"])) if counted else ""
        parts.append("BYDAY=" + ",".join(nth + day for day in named))
    elif frequency != "WEEKLY" and draw(st.booleans()):
        parts.append(f"BYMONTHDAY={draw(st.sampled_from([1, 15, 28, 31, -1, -3]))}")
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True))
        parts.append("BYMONTH=" + ",".join(map(str, sorted(months))))
    if frequency in ("MONTHLY", "YEARLY") and any(each.startswith("BY") for each in parts) and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from([1, 2, -1]))}")
    return ";".join(parts)


@settings(max_examples=120, deadline=None)
@given(rules(), st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_the_days_are_those_of_another_library(rule: str, first: date) -> None:
    begins = datetime.combine(first, datetime.min.time()).replace(hour=22)
    until = begins + timedelta(days=1200)
    ours = [local for local, _at in recurrence.occurrences(recurrence.parse(rule), begins, BERLIN) if local <= until]
    theirs = rrulestr(f"{rule};UNTIL={until:%Y%m%dT%H%M%S}", dtstart=begins)
    assert ours == list(theirs)
