"""When the next update is owed, and every stage of a reminder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy.attention import quiet_after
from incidents.policy.cadence import (
    DUE,
    NUDGE,
    Stage,
    agreement_refusal,
    due_stages,
    latest_promise,
    minutes_late,
    next_due,
    next_stage_at,
    overdue_levels,
    promise_after,
    promise_refusal,
    qualifies,
    rebase,
    reminded,
    share_on_time,
    snooze_refusal,
    snoozed_until,
    telling_key,
    was_on_time,
)
from incidents.policy.escalation import DEFAULT_LEVELS
from incidents.policy.severity import Severity

DUE_AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
P1 = DEFAULT_LEVELS[Severity.P1]


def at(minutes: float) -> datetime:
    """That many minutes after the due time."""
    return DUE_AT + timedelta(minutes=minutes)


def keys(stages: Sequence[Stage]) -> list[str]:
    return [stage.key for stage in stages]


def test_the_next_update_is_owed_a_cadence_later_on_the_whole_minute() -> None:
    assert next_due(datetime(2026, 11, 23, 14, 0, 59, 999, tzinfo=UTC), HALF_HOUR) == DUE_AT


def test_on_the_page_only_a_public_update_counts() -> None:
    assert qualifies(audience="public", on_page=True)
    assert not qualifies(audience="internal", on_page=True)
    assert qualifies(audience="internal", on_page=False)
    assert qualifies(audience="public", on_page=False)


def test_the_stages_come_in_their_minutes_each_once() -> None:
    rung: list[tuple[int, str]] = []
    fired: list[str] = []
    for minute in range(-10, 36):
        for stage in due_stages(DUE_AT, now=at(minute), fired=fired):
            rung.append((minute, stage.key))
            fired.append(stage.key)

    assert rung == [(-5, "nudge"), (0, "due"), (10, "overdue_10"), (20, "overdue_20"), (30, "overdue_30")]


def test_the_clock_knows_when_the_next_stage_comes() -> None:
    assert next_stage_at(DUE_AT) == at(-5)
    assert next_stage_at(DUE_AT, fired=["nudge"]) == DUE_AT
    assert next_stage_at(DUE_AT, fired=["nudge", "due"]) == at(10)
    assert next_stage_at(DUE_AT, fired=["overdue_90"]) == at(100)


def test_a_promise_made_closer_than_five_minutes_has_no_nudge() -> None:
    armed = at(-3)

    assert next_stage_at(DUE_AT, armed_at=armed) == DUE_AT
    assert due_stages(DUE_AT, now=armed, armed_at=armed) == ()
    assert next_stage_at(DUE_AT, armed_at=at(-30)) == at(-5)


def test_a_snooze_swallows_the_stages_inside_and_rings_once_at_its_end() -> None:
    until = snoozed_until(10, at(-4) + timedelta(seconds=40))

    assert until == at(6)
    assert next_stage_at(DUE_AT, fired=["nudge"], snoozed_until=until) == at(6)
    assert due_stages(DUE_AT, now=at(5.9), fired=["nudge"], snoozed_until=until) == ()
    assert keys(due_stages(DUE_AT, now=at(6), fired=["nudge"], snoozed_until=until)) == ["due"]
    assert next_stage_at(DUE_AT, fired=["nudge", "due"], snoozed_until=until) == at(10)


def test_a_snooze_over_two_stages_rings_them_as_one() -> None:
    due = due_stages(DUE_AT, now=at(21), fired=["nudge", "due"], snoozed_until=at(21))

    assert keys(due) == ["overdue_10", "overdue_20"]


def test_a_snooze_that_is_over_holds_nothing_back() -> None:
    assert next_stage_at(DUE_AT, fired=["due"], snoozed_until=at(-2)) == at(10)


@pytest.mark.parametrize(
    ("minutes", "reason", "late", "in_a_row", "allowed"),
    [
        (10, "writing it", 0, 0, True),
        (15, "writing it", -3, 1, True),
        (10, "writing it", 60, 1, True),
        (10, "writing it", 60.1, 0, False),
        (10, "writing it", 0, 2, False),
        (5, "writing it", 0, 0, False),
        (30, "writing it", 0, 0, False),
        (10, "  ", 0, 0, False),
    ],
)
def test_a_snooze_is_10_or_15_minutes_with_a_reason_twice_at_most_and_not_beyond_60_late(
    minutes: int, reason: str, late: float, in_a_row: int, allowed: bool
) -> None:
    refusal = snooze_refusal(minutes, reason=reason, due_at=DUE_AT, now=at(late), snoozes_in_a_row=in_a_row)

    assert (refusal is None) is allowed


def test_without_a_promise_there_is_nothing_to_snooze() -> None:
    assert snooze_refusal(10, reason="x", due_at=None, now=DUE_AT, snoozes_in_a_row=0)


def test_two_hours_down_rings_once_and_the_next_comes_ten_minutes_later() -> None:
    back = at(93)
    missed = due_stages(DUE_AT, now=back)
    assert keys(missed)[0] == "nudge"
    assert keys(missed)[-1] == "overdue_90"
    assert len(missed) == 11

    quiet = quiet_after(at(-5), back)
    fired = keys(missed)
    assert quiet == at(103)
    assert next_stage_at(DUE_AT, fired=fired, quiet_until=quiet) == at(103)
    assert due_stages(DUE_AT, now=at(102.9), fired=fired, quiet_until=quiet) == ()
    due = due_stages(DUE_AT, now=at(103), fired=fired, quiet_until=quiet)
    assert keys(due) == ["overdue_100"]
    assert next_stage_at(DUE_AT, fired=[*fired, "overdue_100"], quiet_until=quiet) == at(110)


def test_the_latest_stage_told_stands_for_all_before_it() -> None:
    assert keys(due_stages(DUE_AT, now=at(100), fired=["overdue_90"])) == ["overdue_100"]


def test_a_late_nudge_does_not_move_the_due_time() -> None:
    assert next_stage_at(DUE_AT, fired=["nudge"], quiet_until=at(8)) == DUE_AT
    assert next_stage_at(DUE_AT, fired=["due"], quiet_until=at(12)) == at(12)


def test_a_clock_set_back_while_overdue_repeats_nothing_and_leaves_no_gap() -> None:
    fired = ["nudge", "due", "overdue_10", "overdue_20"]
    moved_back = at(-40)

    assert next_stage_at(DUE_AT, fired=fired, rang_at=moved_back) == at(-30)
    assert keys(due_stages(DUE_AT, now=at(-30), fired=fired, rang_at=moved_back)) == ["overdue_30"]
    # without a jump it changes nothing
    assert next_stage_at(DUE_AT, fired=fired, rang_at=at(20.5)) == at(30)
    # a promise that was not late yet stays where it was
    assert next_stage_at(DUE_AT, fired=["nudge"], rang_at=moved_back) == DUE_AT


def test_a_wall_clock_set_back_and_a_long_silence_still_ring_once() -> None:
    due = due_stages(DUE_AT, now=at(0), fired=["due"], rang_at=at(-40))

    assert keys(due) == ["overdue_10", "overdue_20", "overdue_30", "overdue_40"]


def test_each_overdue_stage_reaches_one_level_more_and_then_all() -> None:
    def reached(minutes: int, *told: str) -> list[str]:
        return [level.key for level in overdue_levels(P1, Stage(minutes), told=told)]

    assert reached(-5, "on_call") == reached(0, "on_call") == []
    assert reached(10, "on_call") == ["on_call", "role:engineering_lead"]
    assert reached(20, "on_call") == ["on_call", "role:engineering_lead", "role:cto"]
    assert reached(200, "on_call") == ["on_call", "role:engineering_lead", "role:cto"]
    assert reached(10) == ["on_call"]
    assert reached(10, "on_call", "role:engineering_lead") == ["on_call", "role:engineering_lead", "role:cto"]
    assert overdue_levels((), Stage(30)) == ()


def test_stage_keys_go_there_and_back() -> None:
    for stage in (NUDGE, DUE, Stage(10), Stage(250)):
        assert Stage.from_key(stage.key) == stage
    for nonsense in ("", "overdue", "overdue_", "overdue_0", "overdue_7", "overdue_-10", "DUE", "overdue_10 "):
        with pytest.raises(ValueError, match="no stage"):
            Stage.from_key(nonsense)


def test_a_telling_is_known_by_its_due_time_and_its_stage() -> None:
    assert telling_key(DUE_AT, Stage(10)) == "update/2026-11-23T14:30Z/overdue_10"
    elsewhere = DUE_AT.astimezone(ZoneInfo("Asia/Tokyo"))
    assert telling_key(elsewhere, DUE) == telling_key(DUE_AT, DUE)


def test_an_update_may_promise_earlier_and_later_only_under_an_agreed_cadence() -> None:
    def allowed(minutes: float, agreed: timedelta | None = None) -> bool:
        promise = at(minutes)
        return promise_refusal(promise, now=DUE_AT, cadence=HALF_HOUR, agreed=agreed) is None

    assert allowed(10)
    assert allowed(30)
    assert not allowed(31)
    assert not allowed(0)
    assert not allowed(-5)
    assert allowed(45, agreed=timedelta(minutes=45))
    assert not allowed(46, agreed=timedelta(minutes=45))


def test_where_no_update_is_owed_any_future_promise_is_free() -> None:
    assert latest_promise(DUE_AT, cadence=None) is None
    assert promise_refusal(at(9000), now=DUE_AT, cadence=None) is None
    assert promise_refusal(at(-1), now=DUE_AT, cadence=None)


def test_the_promise_follows_what_was_given_then_the_agreed_cadence_then_the_severitys() -> None:
    update_at = DUE_AT + timedelta(seconds=30)

    assert promise_after(update_at, cadence=HALF_HOUR) == at(30)
    assert promise_after(update_at, cadence=HALF_HOUR, agreed=timedelta(hours=1)) == at(60)
    assert promise_after(update_at, cadence=HALF_HOUR, given=at(12.5)) == at(12)
    assert promise_after(update_at, cadence=None) is None
    assert promise_after(update_at, cadence=None, given=at(200)) == at(200)
    assert promise_after(update_at, cadence=None, agreed=timedelta(hours=1)) is None


def test_a_change_of_severity_only_brings_the_due_time_nearer() -> None:
    assert rebase(None, cadence=HALF_HOUR, now=DUE_AT) == at(30)
    assert rebase(at(200), cadence=HALF_HOUR, now=DUE_AT) == at(30)
    assert rebase(at(10), cadence=HALF_HOUR, now=DUE_AT) == at(10)
    assert rebase(at(10), cadence=None, now=DUE_AT) == at(10)
    assert rebase(None, cadence=None, now=DUE_AT) is None


@pytest.mark.parametrize(
    ("minutes", "hours_in", "by_commander", "reason", "allowed"),
    [
        (60, 2, True, "stable", True),
        (31, 2, True, "stable", True),
        (61, 2, True, "stable", False),
        (30, 2, True, "stable", False),
        (60, 1.99, True, "stable", False),
        (60, 2, False, "stable", False),
        (60, 2, True, " ", False),
    ],
)
def test_a_slower_cadence_is_agreed_by_the_commander_after_two_hours_up_to_60_minutes(
    minutes: int, hours_in: float, by_commander: bool, reason: str, allowed: bool
) -> None:
    refusal = agreement_refusal(
        timedelta(minutes=minutes),
        cadence=HALF_HOUR,
        started_at=DUE_AT,
        now=DUE_AT + timedelta(hours=hours_in),
        by_commander=by_commander,
        reason=reason,
    )

    assert (refusal is None) is allowed


def test_where_none_is_owed_no_slower_cadence_can_be_agreed() -> None:
    now = DUE_AT + timedelta(hours=3)
    hour = timedelta(hours=1)

    assert agreement_refusal(hour, cadence=None, started_at=DUE_AT, now=now, by_commander=True, reason="x")


def test_the_due_minute_itself_is_in_time() -> None:
    assert minutes_late(DUE_AT, DUE_AT + timedelta(seconds=59.9)) == 0
    assert was_on_time(DUE_AT, DUE_AT + timedelta(seconds=59.9))
    assert minutes_late(DUE_AT, at(6.5)) == 6
    assert not was_on_time(DUE_AT, at(1))
    assert minutes_late(DUE_AT, at(-20)) == 0
    assert share_on_time([(DUE_AT, at(-1)), (DUE_AT, at(3))]) == (1, 2)


@pytest.mark.parametrize("first", ["communications_lead", "commander", "on_call", "declarer", "responders"])
def test_the_first_who_is_there_is_reminded(first: str) -> None:
    order = ["communications_lead", "commander", "on_call", "declarer", "responders"]
    there = {name: [name] if order.index(name) >= order.index(first) else [] for name in order}

    assert reminded(**there) == (first,)


def test_nobody_there_is_nobody_reminded() -> None:
    assert reminded(communications_lead=[], commander=[], on_call=[], declarer=[], responders=[]) == ()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 45), st.sampled_from([None, 10, 15])), max_size=30),
    st.booleans(),
)
def test_however_the_clock_is_run_no_stage_repeats_none_is_early_and_none_is_lost(
    looks: list[tuple[float, int | None]], quietly: bool
) -> None:
    """Random looks at the clock with snoozes between: the keys told grow in order, each at or after its minute."""
    fired: list[str] = []
    now = at(-30)
    snoozed: datetime | None = None
    quiet: datetime | None = None
    for wait, snooze in looks:
        now += timedelta(minutes=wait)
        attention = next_stage_at(DUE_AT, fired=fired, snoozed_until=snoozed, quiet_until=quiet)
        due = due_stages(DUE_AT, now=now, fired=fired, snoozed_until=snoozed, quiet_until=quiet)
        assert bool(due) is (attention <= now)
        if due:
            assert snoozed is None or now >= snoozed
            assert due[0] == (Stage.from_key(fired[-1]).next() if fired else NUDGE)
            assert all(stage.at(DUE_AT) <= now for stage in due)
            assert due[-1].next() == DUE or due[-1].next().at(DUE_AT) > now or quiet is not None
            fired += keys(due)
            quiet = quiet_after(attention, now) if quietly else None
        if snooze:
            snoozed = snoozed_until(snooze, now)
        following = next_stage_at(DUE_AT, fired=fired, snoozed_until=snoozed, quiet_until=quiet)
        assert following > now or snoozed is not None or not due
    assert len(set(fired)) == len(fired)


@settings(deadline=None)
@given(st.floats(-4, 600), st.floats(0, 30))
def test_once_late_the_silence_is_never_longer_than_the_quiet_after_a_catch_up(back: float, more: float) -> None:
    """Down until some minute, then looking as soon as anything is due: at most 10 min between two tellings."""
    now = at(back)
    fired = keys(due_stages(DUE_AT, now=now))
    quiet = quiet_after(at(-5), now)
    told_at = []
    for _ in range(8):
        now = next_stage_at(DUE_AT, fired=fired, quiet_until=quiet)
        fired += keys(due_stages(DUE_AT, now=now, fired=fired, quiet_until=quiet))
        told_at.append(now)

    gaps = [later - earlier for earlier, later in itertools.pairwise(told_at)]
    assert all(timedelta(0) < gap <= timedelta(minutes=11) for gap in gaps)
