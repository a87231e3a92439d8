"""The figures of insights, held against a slow and obvious count; and the clocks they are counted by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, true

from incidents.kernel.database import db
from incidents.policy import nights, periods
from incidents.policy.insights import Share, Spread, spread
from incidents.policy.lifecycle import STEPS, Step
from incidents.policy.postmortems import DurationState
from incidents.records.incidents import Incident, Target
from incidents.records.timeline import TimelineEntry
from incidents.reports import insights
from incidents.reports.insights import Selection
from incidents.reports.postmortem import lengths
from tests.conftest import WoundClock

BERLIN = ZoneInfo("Europe/Berlin")
BASE = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
# minutes, and seconds with a fraction: a time is often before the one that it should follow
offsets = st.integers(-5_400_000, 40_000_000).map(lambda milliseconds: BASE + timedelta(milliseconds=milliseconds))
steps = st.sampled_from([step for step in STEPS if step not in (Step.DETECTION, Step.RESOLUTION)])


@st.composite
def strange_incidents(draw: Any) -> dict[str, Any]:
    """One whose times are in any order and mostly missing, with what stands on its timeline and its deadlines."""
    outcome = draw(st.sampled_from([None, "resolved", "resolved", "false_alarm"]))
    cycle = draw(st.sampled_from([1, 1, 2, 3]))
    entered = draw(st.lists(st.tuples(offsets, steps), max_size=5))
    again = [(draw(offsets), Step.RESOLUTION) for _ in range(cycle - (outcome is None))]
    return {
        "severity": draw(st.sampled_from(["P1", "P2", "P3", "P4"])),
        "outcome": outcome,
        "cycle": cycle,
        "is_drill": draw(st.sampled_from([False, False, False, True])),
        "pages_nobody": draw(st.booleans()),
        "declared_at": draw(offsets),
        "detected_at": draw(offsets),
        "impact_started_at": draw(st.none() | offsets),
        "acknowledged_at": draw(st.none() | offsets),
        "first_communicated_at": draw(st.none() | offsets),
        "mitigated_at": draw(st.none() | offsets),
        "resolved_at": again[-1][0] if outcome else None,
        "closed_at": draw(st.none() | offsets) if outcome else None,
        "fixes": draw(st.lists(offsets, max_size=2)),
        "entered": [*entered, *again],
        "targets": draw(st.lists(st.tuples(offsets, st.none() | offsets, st.booleans()), max_size=2)),
    }


@pytest.fixture
def database_url(tmp_path: Any, sqlite_schema: Path) -> str:
    """What PostgreSQL answers is held against this by the screens' own tests."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def write(drawn: Sequence[dict[str, Any]]) -> None:
    for number, each in enumerate(drawn, 1):
        known = {name: value for name, value in each.items() if name not in ("fixes", "entered", "targets")}
        rest = dict.fromkeys(("watch_started_at", "last_human_entry_at", "created_at"), BASE)
        by = {"declared_by_kind": "clock", "declared_by_name": "", "detected_by": ""}
        db.session.execute(insert(Incident).values(id=number, title="x", rules={}, **known, **rest, **by))
        entries: list[tuple[str, datetime, dict[str, str]]] = [("mitigated", at, {}) for at in each["fixes"]]
        for at, step in each["entered"]:
            kind = "resolved" if step is Step.RESOLUTION else "step"
            entries.append((kind, at, {"after": step} if kind == "step" else {}))
        for kind, at, detail in entries:
            row = {"at": at, "recorded_at": at, "kind": kind, "detail": detail, "by_kind": "clock", "by_name": ""}
            db.session.execute(insert(TimelineEntry).values(incident_id=number, **row))
        for deadline, met, breached in each["targets"]:
            frozen = {"kind": "respond", "severity": each["severity"], "cycle": 1, "started_at": deadline}
            late = {"deadline_at": deadline, "met_at": met, "breached_at": deadline if breached else None}
            db.session.execute(insert(Target).values(incident_id=number, **frozen, **late))


def obvious(seconds: Sequence[int]) -> Spread:
    """The smallest that nine tenths do not exceed, tried one by one; and what is left when both ends are taken off in turn."""
    if not seconds:
        return Spread()
    p90 = next(v for v in sorted(seconds) if sum(other <= v for other in seconds) >= 0.9 * len(seconds))
    left = sorted(seconds)
    while len(left) > 2:
        left = left[1:-1]
    return Spread(len(seconds), int(sum(left) / len(left)), p90)


def obvious_steps(drawn: dict[str, Any], step: Step) -> list[int]:
    """Every stay at the step, one after the other; [] where there was none."""
    visits = [(drawn["declared_at"], Step.DETECTION), *sorted(drawn["entered"], key=lambda each: each[0])]
    ends = [at for at, _step in visits[1:]]
    if visits[-1][1] is Step.POSTMORTEM and drawn["closed_at"]:
        ends.append(drawn["closed_at"])
    stays = [end - at for (at, here), end in zip(visits, ends, strict=False) if here is step and end >= at]
    return [int(sum(stays, timedelta(0)).total_seconds())] if stays else []


def test_figures_agree_with_a_slow_and_obvious_count_whatever_the_times_say(app: Flask, clock: WoundClock) -> None:
    @settings(max_examples=20, deadline=None, database=None)
    @given(st.lists(strange_incidents(), max_size=5))
    def agree(drawn: list[dict[str, Any]]) -> None:
        try:
            write(drawn)
            found = insights.count(Selection(visible=true()))
            known = {each.id: each for each in db.session.scalars(select(Incident).order_by(Incident.id))}
            counted = {n: i for n, i in known.items() if not i.is_drill and i.outcome in (None, "resolved")}
            told = [lengths.durations(each) for each in counted.values()]
            for name in lengths.NAMES:
                states = [each[name].state for each in told]
                mine = found.everything.lengths[name]
                assert mine.spread == obvious([s for each in told if (s := each[name].seconds) is not None])
                assert mine.spread.median is None or mine.spread.median >= 0
                assert [mine.pending, mine.not_applicable, mine.invalid] == [
                    states.count(state)
                    for state in (DurationState.PENDING, DurationState.NOT_APPLICABLE, DurationState.INVALID)
                ]
            went = [drawn[n - 1] for n in counted if not counted[n].pages_nobody]
            for step in STEPS:
                assert found.steps[step] == obvious([s for each in went for s in obvious_steps(each, step)]), step
            assert found.everything.answered == answered(drawn, counted, clock())
            assert sum(group.n for group in found.by_severity.values()) == found.everything.n == len(counted)
        finally:
            db.session.rollback()

    agree()


def answered(drawn: Sequence[dict[str, Any]], counted: dict[int, Incident], now: datetime) -> Share:
    met = of = 0
    for number, incident in counted.items():
        for deadline, met_at, breached in [] if incident.pages_nobody else drawn[number - 1]["targets"]:
            is_late = breached or (met_at or now) > deadline
            of += is_late or met_at is not None
            met += not is_late and met_at is not None
    return Share(met, of)


def test_the_median_is_the_middle_a_percentile_is_a_length_that_happened_and_nothing_has_none() -> None:
    assert spread([]) == Spread(0, None, None)
    assert spread([90.9]) == Spread(1, 90, 90)
    assert spread([40, 10, 30, 20]) == Spread(4, 25, 40)
    assert spread(range(1, 11)) == Spread(10, 5, 9)
    assert Share(199, 200).percent == 99
    assert Share(0, 0).percent is None


def test_weekdays_and_hours_are_those_of_the_wall_clock_on_the_day_it_is_changed() -> None:
    # Sunday 25 Oct 2026: 02:30 comes twice in Berlin, and the evening of Saturday 22:30 UTC is Sunday there
    moments = [datetime(2026, 10, 24, 22, 30), datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30)]
    facts: list[Any] = [SimpleNamespace(detected_at=at, severity="P1") for at in moments]

    when = insights.when(facts, periods.Period(date(2026, 10, 20), date(2026, 10, 26), BERLIN))

    assert when.weekdays == [0, 0, 0, 0, 0, 0, 3]
    assert (when.hours[0], when.hours[2]) == (1, 2)
    assert [sum(counts.values()) for counts in when.parts.values()] == [3, 0]
    assert list(when.parts) == [date(2026, 10, 19), date(2026, 10, 26)]


def test_night_hours_are_those_of_the_persons_zone_and_longer_when_the_clock_goes_back() -> None:
    whole_day = datetime(2026, 10, 24, 10, tzinfo=UTC), datetime(2026, 10, 25, 10, tzinfo=UTC)

    assert nights.within(*whole_day, BERLIN) == timedelta(hours=9)
    assert nights.within(*whole_day, ZoneInfo("UTC")) == timedelta(hours=8)
    assert nights.within(BASE, BASE + timedelta(hours=1), BERLIN) == timedelta(hours=1)
    assert nights.is_night(datetime(2026, 7, 1, 3, 59, tzinfo=UTC), BERLIN)
    assert not nights.is_night(datetime(2026, 7, 1, 4, 0, tzinfo=UTC), BERLIN)


def test_a_period_knows_the_one_before_it_its_weeks_and_its_name() -> None:
    week = periods.named("2026-W53", BERLIN)
    month = periods.named("2026-02", BERLIN)
    assert week is not None
    assert month is not None

    assert (week.first, week.last) == (date(2026, 12, 28), date(2027, 1, 3))
    assert week.before.first == date(2026, 12, 21)
    assert (month.last, month.days) == (date(2026, 2, 28), 28)
    assert month.parts[0] == date(2026, 1, 26)
    year = periods.ending(date(2026, 11, 27), days=365, zone=BERLIN)
    assert [len(year.parts), year.parts[0], year.parts[-1]] == [13, date(2025, 11, 1), date(2026, 11, 1)]
    wrong = ("2025-W53", "2026-13", "0000-01", "9999-12", "2026", "W47")
    assert [periods.named(name, BERLIN) for name in wrong] == [None] * 6
