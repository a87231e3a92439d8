"""Who is told at which minute while nobody has acknowledged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy.escalation import (
    DEFAULT_LEVELS,
    Level,
    Levels,
    Trigger,
    acknowledgement_expires_at,
    due_levels,
    from_snapshot,
    is_word,
    ladder,
    next_level_at,
    next_untold,
    to_snapshot,
    told_again,
)
from incidents.policy.severity import Severity

START = datetime(2026, 11, 23, 2, 14, tzinfo=UTC)
P1, P2, P3, P4 = (DEFAULT_LEVELS[severity] for severity in Severity)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def keys(levels: Sequence[Level]) -> list[str]:
    return [level.key for level in levels]


def told(**minutes: float) -> dict[str, datetime]:
    """told(on_call=0, engineering_lead=15): keys of levels with the instant of their telling."""
    return {
        name if name in ("on_call", "responders", "any_responder") else f"role:{name}": after(at)
        for name, at in minutes.items()
    }


def test_the_defaults_are_the_manuals_escalation_matrix() -> None:
    def table(levels: Levels) -> list[tuple[int | str, ...]]:
        return [(level.after // timedelta(minutes=1), *level.tell) for level in levels]

    assert table(P1) == [(0, "on_call"), (15, "role:engineering_lead"), (30, "role:cto")]
    assert table(P2) == [(0, "on_call"), (60, "role:engineering_lead")]
    assert table(P3) == [(0, "any_responder"), (240, "role:engineering_lead")]
    assert table(P4) == [(0, "any_responder")]


def test_the_first_level_is_told_at_once_and_the_others_in_their_minute() -> None:
    assert keys(due_levels(P1, started_at=START, now=START, told={})) == ["on_call"]

    so_far = told(on_call=0)
    assert next_level_at(P1, started_at=START, told=so_far) == after(15)
    assert due_levels(P1, started_at=START, now=after(14.99), told=so_far) == ()
    assert keys(due_levels(P1, started_at=START, now=after(15), told=so_far)) == ["role:engineering_lead"]


def test_acknowledging_stops_it_where_it_stands() -> None:
    so_far = told(on_call=0)

    assert due_levels(P1, started_at=START, now=after(500), told=so_far, acknowledged=True) == ()
    assert next_level_at(P1, started_at=START, told=so_far, acknowledged=True) is None


def test_after_the_last_level_nothing_is_due() -> None:
    everybody = told(on_call=0, engineering_lead=15, cto=30)

    assert next_level_at(P1, started_at=START, told=everybody) is None
    assert due_levels(P1, started_at=START, now=after(500), told=everybody) == ()


def test_an_expired_acknowledgement_tells_those_told_again_and_keeps_the_next_gap() -> None:
    so_far = told(on_call=0)
    resumed = after(40)

    assert keys(told_again(P1, so_far)) == ["on_call"]
    at = next_level_at(P1, started_at=START, told=so_far, resumed_at=resumed)
    assert at == resumed + timedelta(minutes=15)
    assert due_levels(P1, started_at=START, now=resumed, told=so_far, resumed_at=resumed) == ()
    so_far |= {"role:engineering_lead": at}
    assert next_level_at(P1, started_at=START, told=so_far, resumed_at=resumed) == resumed + timedelta(minutes=30)


def test_the_gap_after_an_expiry_is_that_of_the_level_not_reached() -> None:
    so_far = told(on_call=0, engineering_lead=15)

    assert next_level_at(P1, started_at=START, told=so_far, resumed_at=after(60)) == after(75)


def test_an_expiry_before_anybody_was_told_starts_from_the_first_level() -> None:
    assert next_level_at(P1, started_at=START, told={}, resumed_at=after(40)) == after(40)


@pytest.mark.parametrize(("severity", "minutes"), [("P1", 30), ("P2", 60)])
def test_an_acknowledgement_expires_without_an_entry_by_a_person(severity: str, minutes: int) -> None:
    assert acknowledgement_expires_at(Severity(severity), START) == after(minutes)


@pytest.mark.parametrize("severity", ["P3", "P4"])
def test_on_p3_and_p4_an_acknowledgement_holds(severity: str) -> None:
    assert acknowledgement_expires_at(Severity(severity), START) is None


def test_raising_the_severity_tells_at_once_what_is_already_due() -> None:
    so_far = told(on_call=0)

    assert due_levels(P2, started_at=START, now=after(40), told=so_far) == ()
    assert keys(due_levels(P1, started_at=START, now=after(40), told=so_far)) == ["role:engineering_lead", "role:cto"]


def test_raising_p3_to_p1_pages_the_on_call_engineer_though_its_first_level_was_told() -> None:
    so_far = told(responders=0)

    assert keys(due_levels(P1, started_at=START, now=after(5), told=so_far)) == ["on_call"]


def test_nobody_is_told_the_same_level_twice_by_a_change_of_severity() -> None:
    so_far = told(on_call=0, engineering_lead=15)

    assert due_levels(P2, started_at=START, now=after(100), told=so_far) == ()


def test_a_level_that_reaches_nobody_does_not_hold_up_the_next() -> None:
    due = due_levels(P1, started_at=START, now=START, told={}, reaches_nobody=["on_call"])
    assert keys(due) == ["on_call", "role:engineering_lead"]

    both = ["on_call", "role:engineering_lead"]
    assert len(due_levels(P1, started_at=START, now=START, told={}, reaches_nobody=both)) == 3

    so_far = told(on_call=0)
    due = due_levels(P1, started_at=START, now=after(15), told=so_far, reaches_nobody=["role:engineering_lead"])
    assert keys(due) == ["role:engineering_lead", "role:cto"]


def test_after_a_catch_up_the_next_level_waits_ten_minutes() -> None:
    so_far = told(on_call=29, engineering_lead=29)

    assert next_level_at(P1, started_at=START, told=so_far, quiet_until=after(39)) == after(39)
    assert due_levels(P1, started_at=START, now=after(38), told=so_far, quiet_until=after(39)) == ()


def test_escalating_by_hand_tells_the_first_level_not_told() -> None:
    assert next_untold(P1, told(on_call=0)) == P1[1]
    assert next_untold(P4, told(any_responder=0)) is None
    assert [trigger.value for trigger in Trigger] == [
        "target_passed",
        "access_missing",
        "customer",
        "security",
        "data_integrity",
    ]
    assert all(trigger.label for trigger in Trigger)


def test_the_ladder_shows_when_each_was_told_or_will_be() -> None:
    assert [at for _, at in ladder(P1, started_at=START, told=told(on_call=1))] == [after(1), after(15), after(30)]


def test_a_level_is_known_by_whom_it_tells() -> None:
    first = Level(timedelta(0), ("role:cto", "person:maya@example.com"))
    second = Level(timedelta(minutes=9), ("person:maya@example.com", "role:cto"), "The boss")
    many = Level(timedelta(0), tuple(f"person:{name}@example.com" for name in "abcdefgh"))

    assert first.key == second.key
    assert len(many.key) <= 48


@pytest.mark.parametrize("local_part", ["maya#2", "maya/lead", "mäyä", "m" * 60])
def test_the_key_of_a_level_holds_nothing_that_other_keys_are_built_with(local_part: str) -> None:
    key = Level(timedelta(0), (f"person:{local_part}@example.com",)).key

    assert key.isascii()
    assert not set("#/ ") & set(key)


@pytest.mark.parametrize(
    "word",
    ["on_call", "responders", "any_responder", "role:cto", "rotation:7", "group:2", "person:maya@example.com"],
)
def test_these_words_name_somebody(word: str) -> None:
    assert is_word(word)


@pytest.mark.parametrize(
    "word", ["", "everybody", "role:", "role:CTO", "person:maya", "on_call ", "person:a b@c", "role:x\n"]
)
def test_these_words_name_nobody(word: str) -> None:
    assert not is_word(word)


def test_a_snapshot_of_the_levels_survives_json() -> None:
    kept = json.loads(json.dumps(to_snapshot(DEFAULT_LEVELS)))

    assert from_snapshot(kept) == DEFAULT_LEVELS
    assert kept["P1"][1] == {"after_minutes": 15, "tell": ["role:engineering_lead"], "label": "Engineering lead"}


ladders = st.lists(st.integers(0, 300), min_size=1, max_size=6).map(
    lambda gaps: tuple(Level(timedelta(minutes=m), (f"role:r{i}",)) for i, m in enumerate(sorted(gaps)))
)


@settings(deadline=None)
@given(ladders, st.lists(st.integers(1, 120), max_size=12))
def test_however_the_clock_is_run_each_level_is_told_once_and_never_early(levels: Levels, waits: list[int]) -> None:
    so_far: dict[str, datetime] = {}
    now = START
    for wait in [0, *waits, 400]:
        now += timedelta(minutes=wait)
        expected = next_level_at(levels, started_at=START, told=so_far)
        due = due_levels(levels, started_at=START, now=now, told=so_far)
        assert bool(due) is (expected is not None and expected <= now)
        for level in due:
            assert level.key not in so_far
            assert START + level.after <= now
            so_far[level.key] = now
    assert set(so_far) == {level.key for level in levels}
