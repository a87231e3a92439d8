"""The four severities, their targets, and what they owe afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy.severity import (
    DEFAULTS,
    Severity,
    SlaState,
    at_risk_at,
    from_snapshot,
    next_sla_change_at,
    owes_postmortem,
    postmortem_due,
    sla_state,
    to_snapshot,
)

START = datetime(2026, 11, 23, 2, 14, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "label", "respond", "cadence", "resolve", "first"),
    [
        ("P1", "Critical", 15, 30, 4 * 60, "on_call"),
        ("P2", "High", 60, 30, 12 * 60, "on_call"),
        ("P3", "Medium", 4 * 60, None, 3 * 24 * 60, "any_responder"),
        ("P4", "Low", 24 * 60, None, None, "any_responder"),
    ],
)
def test_the_defaults_are_the_manuals(
    name: str, label: str, respond: int, cadence: int | None, resolve: int | None, first: str
) -> None:
    rule = DEFAULTS[Severity(name)]

    def minutes(length: timedelta | None) -> int | None:
        return None if length is None else length // timedelta(minutes=1)

    assert (rule.label, rule.severity.label, rule.first_responder) == (label, label, first)
    assert minutes(rule.respond_within) == respond
    assert minutes(rule.cadence) == cadence
    assert minutes(rule.resolve_within) == resolve


def test_targets_count_from_detection() -> None:
    assert DEFAULTS[Severity.P1].respond_by(START) == START + timedelta(minutes=15)
    assert DEFAULTS[Severity.P1].resolve_by(START) == START + timedelta(hours=4)
    assert DEFAULTS[Severity.P4].resolve_by(START) is None


def test_the_worst_comes_first() -> None:
    assert sorted([Severity.P3, Severity.P1, Severity.P2], key=lambda each: each.rank) == ["P1", "P2", "P3"]
    assert Severity.P1.is_worse_than(Severity.P2)
    assert not Severity.P2.is_worse_than(Severity.P2)


@pytest.mark.parametrize(
    ("minutes", "state"), [(0, "on_track"), (11.99, "on_track"), (12, "at_risk"), (14.99, "at_risk"), (15, "breached")]
)
def test_a_target_is_at_risk_from_four_fifths_and_breached_at_its_deadline(minutes: float, state: str) -> None:
    now = START + timedelta(minutes=minutes)

    assert sla_state(started_at=START, deadline_at=START + timedelta(minutes=15), now=now) == state


def test_a_target_once_met_stays_met() -> None:
    deadline = START + timedelta(minutes=15)
    later = START + timedelta(days=3)

    assert sla_state(started_at=START, deadline_at=deadline, met_at=deadline, now=later) is SlaState.MET
    just_late = deadline + timedelta(seconds=1)
    assert sla_state(started_at=START, deadline_at=deadline, met_at=just_late, now=later) is SlaState.BREACHED


def test_a_later_deadline_undoes_no_breach() -> None:
    state = sla_state(
        started_at=START,
        deadline_at=START + timedelta(hours=24),
        breached_at=START + timedelta(minutes=15),
        met_at=START + timedelta(minutes=20),
        now=START + timedelta(minutes=21),
    )

    assert state is SlaState.BREACHED


@settings(deadline=None)
@given(st.integers(1, 10_000), st.integers(0, 20_000))
def test_the_state_changes_exactly_when_it_was_said_to(length: int, elapsed: int) -> None:
    deadline, now = START + timedelta(minutes=length), START + timedelta(minutes=elapsed)
    change = next_sla_change_at(started_at=START, deadline_at=deadline, now=now)
    before = sla_state(started_at=START, deadline_at=deadline, now=now)

    if change is None:
        assert before is SlaState.BREACHED
        return
    instant = timedelta.resolution
    assert change > now
    assert sla_state(started_at=START, deadline_at=deadline, now=max(now, change - instant)) is before
    assert sla_state(started_at=START, deadline_at=deadline, now=change) is not before


def test_at_risk_is_80_percent_of_the_way() -> None:
    assert at_risk_at(START, START + timedelta(minutes=15)) == START + timedelta(minutes=12)


def test_p1_and_p2_owe_a_post_mortem() -> None:
    assert [severity.value for severity in Severity if owes_postmortem(severity)] == ["P1", "P2"]


def test_a_p1_post_mortem_is_due_three_calendar_days_later_at_the_same_time_of_day() -> None:
    # Thursday before the clocks go forward in Berlin: three days are 71 hours
    resolved = datetime(2027, 3, 26, 11, 0, tzinfo=UTC)

    assert postmortem_due(Severity.P1, resolved, BERLIN) == datetime(2027, 3, 29, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("resolved_day", "due_day"), [(23, 30), (27, 34), (28, 34), (29, 34)], ids=["Mon", "Fri", "Sat", "Sun"]
)
def test_a_p2_post_mortem_is_due_five_business_days_later(resolved_day: int, due_day: int) -> None:
    first = datetime(2026, 11, 1, 14, 30, tzinfo=UTC)
    resolved, due = first + timedelta(days=resolved_day - 1), first + timedelta(days=due_day - 1)

    assert postmortem_due(Severity.P2, resolved, ZoneInfo("UTC")) == due


def test_the_business_day_is_that_of_the_zone() -> None:
    # Sunday evening in London is Monday morning in Tokyo
    resolved = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)

    assert postmortem_due(Severity.P2, resolved, ZoneInfo("Asia/Tokyo")) == datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
    assert postmortem_due(Severity.P2, resolved, ZoneInfo("UTC")) == datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def test_p3_and_p4_have_no_due_date() -> None:
    assert postmortem_due(Severity.P3, START, BERLIN) is None
    assert postmortem_due(Severity.P4, START, BERLIN) is None


def test_a_snapshot_survives_json_word_for_word() -> None:
    kept = json.loads(json.dumps(to_snapshot(DEFAULTS)))

    assert from_snapshot(kept) == DEFAULTS
    assert kept["P1"]["respond_within"] == 900
    assert kept["P3"]["cadence"] is None
