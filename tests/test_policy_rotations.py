"""Who is on call when: against a slow and obvious way of asking, and on the days on which clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy import zones
from incidents.policy.rotations import Cover, Every, Layer, Shift, Source, Turn, by_person, laid_out, schedule

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
LORD_HOWE, CAIRO = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Cairo")
ALICE, BOB, CAROL = 1, 2, 3
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(*people: int, every: str = "day", count: int = 1, starts_on: str = "2026-01-01", at: str = "09:00") -> Layer:
    return Layer(people, Turn(every, count, None, time.fromisoformat(at)), date.fromisoformat(starts_on))


def hand_overs(layers: Sequence[Layer], zone: ZoneInfo, since: str, until: str) -> list[str]:
    """When somebody else comes on, as the wall in the zone and as UTC."""
    found = by_person(schedule(layers, zone, [], since=utc(since), until=utc(until)))
    return [f"{shift.starts_at.astimezone(zone):%d %H:%M} = {shift.starts_at:%H:%M}" for shift in found[1:]]


def lengths(layers: Sequence[Layer], zone: ZoneInfo, since: str, until: str) -> list[timedelta]:
    """How long each whole shift lasts."""
    found = schedule(layers, zone, [], since=utc(since), until=utc(until))
    return [shift.ends_at - shift.starts_at for shift in found[1:-1]]


# -- turns ---------------------------------------------------------------------------------------------------------


def test_daily_turns_are_handed_over_at_their_time_and_begin_with_the_first_person() -> None:
    shifts = schedule(
        [layer(ALICE, BOB, starts_on="2026-11-23")], BERLIN, [], since=utc("2026-11-23"), until=utc("2026-11-26")
    )

    assert [(shift.starts_at, shift.person) for shift in shifts] == [
        (utc("2026-11-23"), None),
        (utc("2026-11-23T08:00"), ALICE),
        (utc("2026-11-24T08:00"), BOB),
        (utc("2026-11-25T08:00"), ALICE),
    ]
    assert shifts[0].source == Source.GAP
    assert shifts[1].source == Source.LAYER


def test_weekly_turns_are_handed_over_on_their_weekday_and_the_first_is_cut_short() -> None:
    begun_on_wednesday = Layer((ALICE, BOB), Turn(Every.WEEK, 1, 0, time(9)), date(2026, 11, 25))

    shifts = schedule([begun_on_wednesday], NEW_YORK, [], since=utc("2026-11-25T14:00"), until=utc("2026-12-08"))

    assert [(shift.starts_at, shift.person) for shift in shifts] == [
        (utc("2026-11-25T14:00"), ALICE),
        (utc("2026-11-30T14:00"), BOB),
        (utc("2026-12-07T14:00"), ALICE),
    ]


def test_a_weekly_turn_without_a_weekday_is_handed_over_on_the_day_on_which_it_started() -> None:
    assert hand_overs(
        [layer(ALICE, BOB, every="week", starts_on="2026-11-25")], BERLIN, "2026-11-26", "2026-12-04"
    ) == ["02 09:00 = 08:00"]


def test_turns_of_several_weeks_and_of_hours() -> None:
    two_weeks = layer(ALICE, BOB, every="week", count=2, starts_on="2026-11-02")
    twelve_hours = layer(ALICE, BOB, every="hour", count=12)

    assert hand_overs([two_weeks], BERLIN, "2026-11-03", "2026-12-02") == ["16 09:00 = 08:00", "30 09:00 = 08:00"]
    assert hand_overs([twelve_hours], BERLIN, "2026-11-23T09:00", "2026-11-24T09:00") == [
        "23 21:00 = 20:00",
        "24 09:00 = 08:00",
    ]


def test_somebody_who_stands_twice_in_a_row_has_one_long_shift() -> None:
    found = schedule([layer(ALICE, ALICE, BOB)], BERLIN, [], since=utc("2026-11-01"), until=utc("2026-11-10"))

    assert {shift.ends_at - shift.starts_at for shift in found[1:-1] if shift.person == ALICE} == {2 * DAY}


# -- clock changes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "since", "until", "expected"),
    [
        # New York, back on 1 Nov 2026 at 02:00 and forward on 14 Mar 2027 at 02:00
        (NEW_YORK, "09:00", "2026-10-31", "2026-11-03", ["31 09:00 = 13:00", "01 09:00 = 14:00", "02 09:00 = 14:00"]),
        (NEW_YORK, "01:30", "2026-10-31", "2026-11-03", ["31 01:30 = 05:30", "01 01:30 = 05:30", "02 01:30 = 06:30"]),
        (NEW_YORK, "02:30", "2027-03-13", "2027-03-16", ["13 02:30 = 07:30", "14 03:00 = 07:00", "15 02:30 = 06:30"]),
        # Berlin, forward on 28 Mar 2027 and back on 25 Oct 2026, both at 01:00 UTC
        (BERLIN, "02:30", "2027-03-27", "2027-03-30", ["27 02:30 = 01:30", "28 03:00 = 01:00", "29 02:30 = 00:30"]),
        (BERLIN, "02:30", "2026-10-24", "2026-10-27", ["24 02:30 = 00:30", "25 02:30 = 00:30", "26 02:30 = 01:30"]),
        # Lord Howe moves by half an hour: back on 4 Apr 2027 at 02:00, forward on 4 Oct 2026 at 02:00
        (LORD_HOWE, "01:45", "2027-04-02T18:00", "2027-04-05T00:00", ["04 01:45 = 14:45"]),
        (LORD_HOWE, "02:15", "2026-10-02T18:00", "2026-10-05T00:00", ["04 02:30 = 15:30"]),
        # Cairo skips midnight on 30 Apr 2027
        (
            CAIRO,
            "00:00",
            "2027-04-28T12:00",
            "2027-05-01T12:00",
            ["29 00:00 = 22:00", "30 01:00 = 22:00", "01 00:00 = 21:00"],
        ),
    ],
)
def test_a_hand_over_on_the_day_of_a_clock_change(
    zone: ZoneInfo, at: str, since: str, until: str, expected: list[str]
) -> None:
    assert set(expected) <= set(hand_overs([layer(ALICE, BOB, at=at)], zone, since, until))


def test_a_shift_over_a_clock_change_is_longer_or_shorter_by_it() -> None:
    def daily(zone: ZoneInfo, since: str, until: str) -> set[timedelta]:
        return set(lengths([layer(ALICE, BOB)], zone, since, until))

    assert daily(NEW_YORK, "2026-10-30", "2026-11-04") == {DAY, DAY + HOUR}
    assert daily(NEW_YORK, "2027-03-12", "2027-03-17") == {DAY, DAY - HOUR}
    assert daily(BERLIN, "2027-03-26", "2027-03-31") == {DAY, DAY - HOUR}
    assert daily(BERLIN, "2026-10-23", "2026-10-28") == {DAY, DAY + HOUR}
    assert daily(LORD_HOWE, "2027-04-02", "2027-04-07") == {DAY, DAY + HOUR / 2}
    assert daily(LORD_HOWE, "2026-10-02", "2026-10-07") == {DAY, DAY - HOUR / 2}


def test_an_hourly_turn_that_the_clock_swallows_is_left_out() -> None:
    hourly = layer(1, 2, 3, 4, every="hour", at="00:00", starts_on="2027-03-14")

    shifts = schedule([hourly], NEW_YORK, [], since=utc("2027-03-14T05:00"), until=utc("2027-03-14T09:00"))

    # 00:00, 01:00 and then 03:00: the third person's hour does not exist
    assert [shift.person for shift in shifts] == [1, 2, 4, 1]
    assert {shift.ends_at - shift.starts_at for shift in shifts} == {HOUR}


# -- layers ---------------------------------------------------------------------------------------------------------


def test_a_later_layer_holds_where_it_has_somebody() -> None:
    nights = Layer((CAROL,), Turn(Every.DAY), date(2026, 1, 1), hours=(time(22), time(6)))

    shifts = schedule([layer(ALICE), nights], BERLIN, [], since=utc("2026-11-23T12:00"), until=utc("2026-11-24T12:00"))

    assert [(shift.starts_at, shift.person) for shift in shifts] == [
        (utc("2026-11-23T12:00"), ALICE),
        (utc("2026-11-23T21:00"), CAROL),
        (utc("2026-11-24T05:00"), ALICE),
    ]


def test_hours_across_midnight_belong_to_the_day_on_which_they_start() -> None:
    friday_nights = Layer(
        (ALICE,), Turn(Every.DAY), date(2026, 1, 1), weekdays=frozenset({4}), hours=(time(22), time(6))
    )

    shifts = schedule([friday_nights], BERLIN, [], since=utc("2026-11-26"), until=utc("2026-11-30"))

    assert [(s.starts_at, s.ends_at) for s in shifts if s.person] == [
        (utc("2026-11-27T21:00"), utc("2026-11-28T05:00"))
    ]


def test_hours_that_end_when_they_start_last_a_whole_day() -> None:
    fridays = Layer((ALICE,), Turn(Every.DAY), date(2026, 1, 1), weekdays=frozenset({4}), hours=(time(9), time(9)))

    shifts = schedule([fridays], BERLIN, [], since=utc("2026-11-26"), until=utc("2026-11-30"))

    assert [(s.starts_at, s.ends_at) for s in shifts if s.person] == [
        (utc("2026-11-27T08:00"), utc("2026-11-28T08:00"))
    ]


def test_a_layer_on_weekdays_leaves_the_others_to_nobody() -> None:
    working_days = Layer((ALICE,), Turn(Every.DAY), date(2026, 1, 1), weekdays=frozenset({0, 1, 2, 3, 4}))

    shifts = schedule([working_days], BERLIN, [], since=utc("2026-11-27"), until=utc("2026-12-01"))

    assert [(s.starts_at, s.person) for s in shifts] == [
        (utc("2026-11-27"), ALICE),
        (utc("2026-11-27T23:00"), None),
        (utc("2026-11-29T23:00"), ALICE),
    ]


def test_a_layer_ends_with_its_last_day() -> None:
    until_tuesday = Layer((ALICE,), Turn(Every.DAY), date(2026, 11, 23), ends_on=date(2026, 11, 24))

    shifts = schedule([until_tuesday], BERLIN, [], since=utc("2026-11-24"), until=utc("2026-11-26"))

    assert [(s.ends_at, s.person) for s in shifts] == [(utc("2026-11-24T23:00"), ALICE), (utc("2026-11-26"), None)]


def test_a_rotation_with_nobody_in_it_is_one_gap() -> None:
    empty = [Layer((), Turn(Every.DAY), date(2026, 1, 1))]

    for layers in ([], empty):
        assert schedule(layers, BERLIN, [], since=utc("2026-11-23"), until=utc("2026-11-24")) == [
            Shift(utc("2026-11-23"), utc("2026-11-24"), None, Source.GAP)
        ]


# -- covers ---------------------------------------------------------------------------------------------------------


def test_of_two_covers_that_overlap_the_later_made_holds() -> None:
    covers = [
        Cover(BOB, None, utc("2026-11-23T10:00"), utc("2026-11-23T14:00")),
        Cover(CAROL, None, utc("2026-11-23T12:00"), utc("2026-11-23T13:00")),
    ]

    shifts = schedule([layer(ALICE)], BERLIN, covers, since=utc("2026-11-23T09:00"), until=utc("2026-11-23T15:00"))

    assert [shift.person for shift in shifts] == [ALICE, BOB, CAROL, BOB, ALICE]
    assert [shift.source for shift in shifts] == ["layer", "cover", "cover", "cover", "layer"]


def test_a_cover_for_somebody_holds_only_where_they_would_be_on_call() -> None:
    alternating = layer(ALICE, BOB, every="hour", count=12, at="00:00", starts_on="2026-11-23")
    whole_day = utc("2026-11-23T00:00"), utc("2026-11-24T00:00")
    cover = Cover(CAROL, ALICE, *whole_day)

    shifts = schedule([alternating], ZoneInfo("UTC"), [cover], since=whole_day[0], until=whole_day[1])

    assert [shift.person for shift in shifts] == [CAROL, BOB]


def test_whoever_took_a_shift_can_be_covered_in_turn() -> None:
    covers = [
        Cover(BOB, ALICE, utc("2026-11-23T10:00"), utc("2026-11-23T14:00")),
        Cover(CAROL, BOB, utc("2026-11-23T10:00"), utc("2026-11-23T14:00")),
    ]

    shifts = schedule([layer(ALICE)], BERLIN, covers, since=utc("2026-11-23T10:00"), until=utc("2026-11-23T14:00"))

    assert [shift.person for shift in shifts] == [CAROL]


def test_an_unknown_name_of_a_calendar_hides_nobody_who_is_known() -> None:
    stretch = utc("2026-11-23T10:00"), utc("2026-11-23T14:00")
    pieces = [Shift(*stretch, ALICE, Source.IMPORTED), Shift(*stretch, None, Source.IMPORTED, "Zorg")]

    shifts = laid_out(pieces, [], since=utc("2026-11-23T09:00"), until=utc("2026-11-23T14:00"))

    assert [(shift.person, shift.absent) for shift in shifts] == [(None, ""), (ALICE, "")]


# -- against a slow and obvious way ---------------------------------------------------------------------------------

QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
DAYS = st.integers(0, 20).map(lambda days: date(2026, 10, 20) + days * DAY)
ZONES = st.sampled_from([NEW_YORK, BERLIN, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")])


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    every = draw(st.sampled_from([*Every]))
    weekday = draw(st.none() | st.integers(0, 6)) if every == Every.WEEK else None
    return Turn(every, draw(st.integers(1, 5)), weekday, draw(QUARTERS))


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    starts_on = draw(DAYS)
    return Layer(
        people=tuple(draw(st.lists(st.integers(1, 4), max_size=4))),
        turn=draw(turns()),
        starts_on=starts_on,
        ends_on=draw(st.none() | st.integers(0, 9).map(lambda days: starts_on + days * DAY)),
        weekdays=draw(st.none() | st.frozensets(st.integers(0, 6))),
        hours=draw(st.none() | st.tuples(QUARTERS, QUARTERS)),
    )


@st.composite
def covers(draw: st.DrawFn) -> Cover:
    starts_at = utc("2026-10-20") + draw(st.integers(0, 20 * 96)) * HOUR / 4
    ends_at = starts_at + draw(st.integers(1, 400)) * HOUR / 4
    return Cover(draw(st.integers(1, 5)), draw(st.none() | st.integers(1, 5)), starts_at, ends_at)


@settings(max_examples=60, deadline=None)
@given(st.lists(layers(), max_size=3), ZONES, st.lists(covers(), max_size=3), DAYS, st.integers(1, 12))
def test_every_instant_has_whom_a_walk_through_all_hand_overs_finds(
    layered: list[Layer], zone: ZoneInfo, covered: list[Cover], first: date, days: int
) -> None:
    since = datetime.combine(first, time(0), UTC)
    until = since + days * DAY

    shifts = schedule(layered, zone, covered, since=since, until=until)

    assert shifts[0].starts_at == since
    assert shifts[-1].ends_at == until
    assert all(before.ends_at == after.starts_at for before, after in pairwise(shifts))
    moment = since
    for shift in shifts:
        assert shift.starts_at < shift.ends_at
        while moment < shift.ends_at:
            assert shift.person == slowly(layered, zone, covered, moment), moment
            moment += HOUR * 3 / 4


def slowly(layered: Sequence[Layer], zone: ZoneInfo, covered: Sequence[Cover], moment: datetime) -> int | None:
    """Who is on call at the moment, found by walking."""
    person = None
    for each in layered:
        person = _slowly_in(each, zone, moment) or person
    for cover in covered:
        if cover.starts_at <= moment < cover.ends_at and cover.instead_of in (None, person):
            person = cover.person
    return person


def _slowly_in(each: Layer, zone: ZoneInfo, moment: datetime) -> int | None:
    if not each.people or not _has_somebody(each, zone, moment):
        return None
    if moment < zones.instant(datetime.combine(each.starts_on, each.turn.at), zone):
        return None
    wall = datetime.combine(each.starts_on, each.turn.at)
    while each.turn.weekday is not None and wall.weekday() != each.turn.weekday:
        wall -= DAY
    turn = -1
    while zones.instant(wall, zone) <= moment:
        turn += 1
        wall += {"hour": HOUR, "day": DAY, "week": 7 * DAY}[each.turn.every] * each.turn.count
    return each.people[turn % len(each.people)]


def _has_somebody(each: Layer, zone: ZoneInfo, moment: datetime) -> bool:
    day = each.starts_on
    while day <= (each.ends_on or date(2026, 12, 1)):
        begins, ends = each.hours or (time(0), time(0))
        last = day if ends > begins else day + DAY
        is_its_day = each.weekdays is None or day.weekday() in each.weekdays
        start, end = (zones.instant(datetime.combine(d, at), zone) for d, at in ((day, begins), (last, ends)))
        if is_its_day and start <= moment < end:
            return True
        day += DAY
    return False
