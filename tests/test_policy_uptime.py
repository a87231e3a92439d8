"""Ninety days and a percentage, and what the page says of everything at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy.components import BADNESS, ComponentStatus, Impact
from incidents.policy.overall import HEADLINES, impact_of, overall
from incidents.policy.uptime import (
    Day,
    Interval,
    Weights,
    days,
    last_hours,
    overlay,
    percentage,
    together,
)

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPERATIONAL, DEGRADED, PARTIAL, MAJOR, MAINTENANCE = (
    ComponentStatus.OPERATIONAL,
    ComponentStatus.DEGRADED,
    ComponentStatus.PARTIAL,
    ComponentStatus.MAJOR,
    ComponentStatus.MAINTENANCE,
)
WINDOW = 89 * 24 * HOUR + 12 * HOUR  # 89 whole days and today up to noon


def seen(
    *intervals: Interval,
    created_at: datetime = LONG_AGO,
    now: datetime = NOW,
    zone: ZoneInfo = UTC_ZONE,
    count: int = 90,
) -> tuple[Day, ...]:
    return days(intervals, created_at=created_at, now=now, zone=zone, count=count)


def hours_ago(start: int, end: int | None, status: ComponentStatus) -> Interval:
    return Interval(status, NOW - start * HOUR, None if end is None else NOW - end * HOUR)


def uptime(down: timedelta, of: timedelta = WINDOW) -> Decimal:
    """The percentage by hand, cut down to two places."""
    return Decimal(int((of - down) / timedelta.resolution * 10000) // int(of / timedelta.resolution)) / 100


def test_without_trouble_it_is_ninety_good_days_and_a_hundred_per_cent() -> None:
    found = seen()

    assert len(found) == 90
    assert (found[0].date, found[-1].date) == (date(2026, 8, 26), date(2026, 11, 23))
    assert {day.worst for day in found} == {OPERATIONAL}
    assert str(percentage(found)) == "100.00"


def test_today_counts_up_to_now() -> None:
    assert seen()[-1].observed == 12 * HOUR
    assert seen()[-2].observed == 24 * HOUR


def test_a_major_outage_counts_in_full() -> None:
    found = seen(hours_ago(30, 20, MAJOR))

    assert found[-2].worst is MAJOR
    assert found[-2].down() == 10 * HOUR
    assert found[-1].worst is OPERATIONAL
    assert percentage(found) == uptime(10 * HOUR)


def test_a_partial_outage_counts_30_per_cent_or_what_the_page_says() -> None:
    found = seen(hours_ago(30, 20, PARTIAL))

    assert percentage(found) == uptime(3 * HOUR)
    assert percentage(found, Weights(partial=100)) == uptime(10 * HOUR)
    assert percentage(found, Weights(partial=0)) == 100
    assert found[-2].down(Weights(partial=50)) == 5 * HOUR


def test_degraded_shows_and_counts_nothing() -> None:
    found = seen(hours_ago(30, 20, DEGRADED))

    assert found[-2].worst is DEGRADED
    assert percentage(found) == 100


def test_maintenance_leaves_both_sides_of_the_fraction() -> None:
    found = seen(hours_ago(30, 20, MAINTENANCE), hours_ago(50, 40, MAJOR))

    assert found[-2].worst is MAINTENANCE
    assert percentage(found) == uptime(10 * HOUR, of=WINDOW - 10 * HOUR)


def test_overlaps_count_once_by_the_worst() -> None:
    found = seen(
        hours_ago(30, 20, MAJOR), hours_ago(30, 20, PARTIAL), hours_ago(25, 15, MAJOR), hours_ago(22, 14, MAINTENANCE)
    )

    assert found[-2].spent == {MAJOR: 15 * HOUR, MAINTENANCE: 1 * HOUR}
    assert percentage(found) == uptime(15 * HOUR, of=WINDOW - 1 * HOUR)


def test_what_still_runs_counts_until_now() -> None:
    found = seen(hours_ago(2, None, MAJOR))

    assert found[-1].spent == {MAJOR: 2 * HOUR}
    assert percentage(found) == uptime(2 * HOUR)


def test_what_began_this_very_minute_is_seen_at_once() -> None:
    found = seen(Interval(MAJOR, NOW + timedelta(seconds=20)))

    assert found[-1].worst is MAJOR
    assert percentage(found) == 100


def test_what_has_not_begun_is_not_seen() -> None:
    found = seen(Interval(MAINTENANCE, NOW + 2 * HOUR, NOW + 3 * HOUR))

    assert found[-1].worst is OPERATIONAL


def test_days_before_the_component_existed_are_grey_and_left_out() -> None:
    created = NOW - 36 * HOUR  # at midnight two days back
    found = seen(Interval(MAJOR, NOW - 100 * HOUR, NOW - 24 * HOUR), created_at=created)

    assert [day.worst for day in found[-3:]] == [None, MAJOR, OPERATIONAL]
    assert found[-3].observed == timedelta(0)
    assert percentage(found) == uptime(12 * HOUR, of=36 * HOUR)


def test_a_component_made_this_minute_has_no_percentage_yet() -> None:
    assert percentage(seen(created_at=NOW)) is None
    assert seen(created_at=NOW)[-1].worst is OPERATIONAL


def test_a_component_made_within_the_printed_minute_has_no_negative_time() -> None:
    found = seen(created_at=NOW + timedelta(seconds=40))

    assert found[-1].worst is OPERATIONAL
    assert found[-1].observed == timedelta(0)
    assert percentage(found) is None


def test_a_window_full_of_maintenance_has_no_percentage() -> None:
    assert percentage(seen(Interval(MAINTENANCE, LONG_AGO))) is None


def test_the_shortest_outage_never_reads_as_a_hundred_per_cent() -> None:
    assert str(percentage(seen(Interval(MAJOR, NOW - timedelta(seconds=1), NOW)))) == "99.99"


def test_what_lies_before_the_window_is_cut() -> None:
    assert percentage(seen(Interval(MAJOR, LONG_AGO, NOW - 90 * 24 * HOUR))) == 100


def test_a_day_is_a_day_of_the_pages_zone() -> None:
    # 23:30 UTC is half past midnight in Berlin
    outage = Interval(MAJOR, datetime(2026, 11, 21, 23, 30, tzinfo=UTC), datetime(2026, 11, 21, 23, 45, tzinfo=UTC))

    assert seen(outage)[-3].worst is MAJOR
    assert seen(outage, zone=BERLIN)[-2].worst is MAJOR


def test_today_is_the_pages_today() -> None:
    late_evening = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)

    assert seen(now=late_evening)[-1].date == date(2026, 11, 23)
    assert seen(now=late_evening, zone=BERLIN)[-1].date == date(2026, 11, 24)
    assert seen(now=late_evening, zone=BERLIN)[-1].observed == HOUR / 2


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2027, 3, 28), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
        ("Africa/Cairo", date(2026, 4, 24), 23),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: date, hours: float) -> None:
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=3)
    found = {each.date: each for each in seen(Interval(MAJOR, LONG_AGO), now=now, zone=ZoneInfo(zone))}

    assert found[day].observed == found[day].spent[MAJOR] == hours * HOUR


statuses = st.sampled_from([*ComponentStatus])
moments = st.integers(-100 * 24 * 60, 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
intervals = st.lists(
    st.builds(Interval, statuses, moments, st.none() | moments),
    max_size=8,
)
some_zone = st.sampled_from([UTC_ZONE, BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/New_York")])


@settings(deadline=None)
@given(intervals, moments.filter(lambda moment: moment <= NOW), some_zone)
def test_the_days_add_up_to_the_time_there_was(found: list[Interval], created_at: datetime, zone: ZoneInfo) -> None:
    result = seen(*found, created_at=created_at, zone=zone)

    window_start = NOW - sum((day.observed for day in result), timedelta(0))
    assert window_start >= created_at
    assert all(sum(day.spent.values(), timedelta(0)) <= day.observed for day in result)
    assert [day.worst is None for day in result] == sorted((day.worst is None for day in result), reverse=True)
    share = percentage(result)
    assert share is None or 0 <= share <= 100


@settings(deadline=None)
@given(intervals, st.integers(0, 100 * 24 * 60 - 1))
def test_any_moment_is_counted_by_the_worst_that_ran(found: list[Interval], minutes_ago: int) -> None:
    """Beside a slow reading of the same rule, one minute at a time."""
    start = NOW - timedelta(minutes=minutes_ago + 1)
    middle = start + timedelta(seconds=30)
    running = [each.status for each in found if each.start <= middle < (each.end or NOW)]
    expected = max(running, key=BADNESS.__getitem__, default=OPERATIONAL)

    only_this_minute = days(found, created_at=start, now=start + timedelta(minutes=1), zone=UTC_ZONE)[-1]
    held = {status for status, length in only_this_minute.spent.items() if length} or {OPERATIONAL}
    assert held == {expected}


def test_a_component_shows_the_worst_of_its_baseline_and_what_was_published() -> None:
    assert overlay(OPERATIONAL, []) is OPERATIONAL
    assert overlay(OPERATIONAL, [DEGRADED, MAJOR]) is MAJOR
    assert overlay(PARTIAL, [OPERATIONAL]) is PARTIAL
    assert overlay(OPERATIONAL, [MAINTENANCE, DEGRADED]) is DEGRADED


@pytest.mark.parametrize(
    ("status", "headline", "indicator", "description"),
    [
        ("operational", "All systems operational", "none", "All Systems Operational"),
        ("degraded_performance", "Some systems are degraded", "minor", "Partially Degraded Service"),
        ("partial_outage", "Part of the service is down", "major", "Partial System Outage"),
        ("major_outage", "The service is down", "critical", "Major System Outage"),
        ("under_maintenance", "Maintenance in progress", "maintenance", "Service Under Maintenance"),
    ],
)
def test_the_page_says_the_worst_it_shows(status: str, headline: str, indicator: str, description: str) -> None:
    state = overall(["operational", status, "operational"])

    assert (state.status, state.headline) == (status, headline)
    assert (state.indicator, state.description) == (indicator, description)


def test_an_open_incident_that_names_nothing_counts_as_minor_at_least() -> None:
    state = overall(["operational"], unnamed=["none"])

    assert (state.headline, state.indicator) == ("We are looking into a problem", "minor")
    assert overall(["under_maintenance"], unnamed=["none"]).headline == "We are looking into a problem"
    assert overall(["degraded_performance"], unnamed=["none"]).headline == HEADLINES[DEGRADED]
    assert overall(["operational"], unnamed=["critical"]).headline == HEADLINES[MAJOR]
    assert overall(["operational"], unnamed=["maintenance"]).indicator is Impact.MINOR
    assert overall([]).headline == "All systems operational"


def test_an_incidents_impact_is_its_worst_component_and_never_maintenance() -> None:
    assert impact_of([]) is Impact.NONE
    assert impact_of(["degraded_performance", "major_outage", "operational"]) is Impact.CRITICAL
    assert impact_of(["partial_outage"]) is Impact.MAJOR
    assert impact_of(["degraded_performance"]) is Impact.MINOR
    assert impact_of(["under_maintenance", "operational"]) is Impact.NONE


# -- beside a slow and obvious reading of the written formula ----------------------------------------------------------

zones_that_change = st.sampled_from([ZoneInfo("America/New_York"), BERLIN, ZoneInfo("Australia/Lord_Howe"), UTC_ZONE])
# around the changes of the clocks in these zones, in both directions
nights = st.sampled_from(
    [datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 10, 25, 9, tzinfo=UTC), datetime(2027, 3, 29, tzinfo=UTC),
     datetime(2027, 4, 4, 3, tzinfo=UTC), datetime(2026, 10, 4, 2, tzinfo=UTC)]
)  # fmt: skip
some_weights = st.builds(Weights, st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
stretches = st.lists(
    st.tuples(statuses, st.integers(-6 * 1440, 30), st.none() | st.integers(-6 * 1440, 30)), max_size=6
)


def slowly(
    found: list[Interval], *, created_at: datetime, now: datetime, since: datetime, weights: Weights
) -> Decimal | None:
    """One minute after the other: what was the worst in it, and is that up, down, or left out?"""
    weight_of = {MAJOR: weights.major, PARTIAL: weights.partial, DEGRADED: weights.degraded, OPERATIONAL: 0}
    minute, counted, down = max(since, created_at), 0, Fraction(0)
    while minute < now:
        running = [each.status for each in found if each.start <= minute and (each.end is None or minute < each.end)]
        state = max(running, key=BADNESS.__getitem__, default=OPERATIONAL)
        if state != MAINTENANCE:
            counted += 1
            down += Fraction(weight_of[state], 100)
        minute += timedelta(minutes=1)
    if not counted:
        return None
    share = (1 - down / counted) * 100
    return Decimal(share * 100 // 1) / 100


def first_minute_of(day: date, zone: ZoneInfo, near: datetime) -> datetime:
    """The first minute whose calendar day, by the clocks of the zone, is that day."""
    minute = near - timedelta(days=10)
    while minute.astimezone(zone).date() < day:
        minute += timedelta(minutes=1)
    return minute


@settings(deadline=None, max_examples=40)
@given(stretches, st.integers(-7 * 1440, 0), nights, zones_that_change, some_weights, st.integers(1, 4))
def test_the_figure_is_exactly_what_the_formula_says(
    told: list[tuple[ComponentStatus, int, int | None]],
    age: int,
    now: datetime,
    zone: ZoneInfo,
    weights: Weights,
    count: int,
) -> None:
    minute = timedelta(minutes=1)
    found = [
        Interval(status, now + start * minute, None if end is None else now + end * minute)
        for status, start, end in told
    ]
    created_at = now + age * minute
    first = first_minute_of(now.astimezone(zone).date() - timedelta(days=count - 1), zone, now)

    seen_days = days(found, created_at=created_at, now=now, zone=zone, count=count)
    lately = last_hours(found, created_at=created_at, now=now, zone=zone, hours=24)

    assert percentage(seen_days, weights) == slowly(found, created_at=created_at, now=now, since=first, weights=weights)
    assert percentage([lately], weights) == slowly(
        found, created_at=created_at, now=now, since=now - timedelta(hours=24), weights=weights
    )


@settings(deadline=None, max_examples=25)
@given(stretches, stretches, st.integers(-4 * 1440, 0), some_weights)
def test_a_group_is_exactly_its_worst_member_at_each_moment(
    one: list[tuple[ComponentStatus, int, int | None]],
    other: list[tuple[ComponentStatus, int, int | None]],
    age: int,
    weights: Weights,
) -> None:
    minute = timedelta(minutes=1)
    members = [
        (
            [
                Interval(status, NOW + start * minute, None if end is None else NOW + end * minute)
                for status, start, end in each
            ],
            created_at,
        )
        for each, created_at in ((one, NOW - timedelta(days=3)), (other, NOW + age * minute))
    ]
    lived = [
        Interval(each.status, max(each.start, created_at), each.end) for found, created_at in members for each in found
    ]
    since, first = NOW - timedelta(days=2, hours=12), min(created_at for _found, created_at in members)

    together_found, began_at = together(members)

    assert began_at == first
    seen_days = days(together_found, created_at=began_at, now=NOW, zone=UTC_ZONE, count=3)
    assert percentage(seen_days, weights) == slowly(lived, created_at=first, now=NOW, since=since, weights=weights)


def test_each_weight_counts() -> None:
    found = seen(hours_ago(30, 20, DEGRADED), hours_ago(60, 50, MAJOR))
    chosen = Weights(partial=30, degraded=10, major=90)

    assert percentage(found, chosen) == uptime(10 * HOUR)


def test_the_last_hours_are_not_the_calendar_day() -> None:
    late_outage = hours_ago(25, 23, MAJOR)

    assert last_hours([late_outage], created_at=LONG_AGO, now=NOW, zone=UTC_ZONE).spent == {MAJOR: HOUR}
    assert last_hours([late_outage], created_at=NOW - HOUR, now=NOW, zone=UTC_ZONE).observed == HOUR
