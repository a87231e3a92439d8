"""From facts to figures: lengths of time, targets kept, and what happened when, where and why."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from ...policy.insights import Share, Spread, spread
from ...policy.lifecycle import STEPS, Outcome, Step
from ...policy.periods import Period
from ...policy.severity import Severity
from ..postmortem.lengths import NAMES
from . import facts
from .facts import Fact
from .selection import Selection


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One length of time over many incidents, and how many of them say nothing of it, and why."""

    spread: Spread
    pending: int = 0
    not_applicable: int = 0
    invalid: int = 0


@dataclass(frozen=True, kw_only=True)
class Group:
    """Incidents that are counted together: all of them, or those of one severity."""

    n: int
    lengths: Mapping[str, Measured]
    answered: Share
    resolved: Share
    updates: Share
    postmortems: Share


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was asked about and is not counted."""

    drills: int = 0
    false_alarms: int = 0
    merged: int = 0


@dataclass(frozen=True, kw_only=True)
class Insights:
    """The figures of one selection. ``worst`` are P1 and P2 together: those that call somebody."""

    everything: Group
    worst: Group
    by_severity: Mapping[str, Group]
    left_out: LeftOut
    steps: Mapping[Step, Spread] = field(default_factory=dict)
    facts: Sequence[Fact] = ()  # each that is counted


@dataclass(frozen=True, kw_only=True)
class When:
    """How many began when, by the clocks of one zone. ``parts`` are weeks or months, each with its severities."""

    parts: Mapping[date, Mapping[str, int]]
    weekdays: Sequence[int]  # Monday first
    hours: Sequence[int]


def count(selection: Selection, *, steps_of: int | None = None) -> Insights:
    """Everything about these incidents, in five queries however many they are.

    ``steps_of``: the time at each step is that of so many of the newest, for their timelines are most of the work.
    """
    asked = facts.incidents(selection)
    rows = _counted(asked)
    newest = rows if steps_of is None else rows[-steps_of:]
    since = _in_utc(newest[0].detected_at) if newest else selection.since
    stays = went(facts.course(replace(selection, since=since)), {row.id: row for row in newest})
    shares = _shares(selection)
    tallies = {each.value: tallied([row for row in rows if row.severity == each]) for each in Severity}
    return Insights(
        everything=_group(tallies, shares, *Severity),
        worst=_group(tallies, shares, *_WORST),
        by_severity={severity.value: _group(tallies, shares, severity.value) for severity in Severity},
        left_out=_left_out(asked),
        steps={step: spread(stays[step]) for step in STEPS},
        facts=rows,
    )


def counted(selection: Selection) -> list[Fact]:
    """Each incident that is counted, in one query."""
    return _counted(facts.incidents(selection))


def _counted(asked: Sequence[Fact]) -> list[Fact]:
    """As ``selection.COUNTED`` says it in SQL."""
    return [row for row in asked if not row.is_drill and row.outcome in (None, Outcome.RESOLVED)]


_WORST = (Severity.P1, Severity.P2)


def _left_out(asked: Sequence[Fact]) -> LeftOut:
    """Each once: a drill that was a false alarm is a drill."""
    outcomes = Counter(row.outcome for row in asked if not row.is_drill)
    return LeftOut(
        drills=sum(row.is_drill for row in asked),
        false_alarms=outcomes[Outcome.FALSE_ALARM],
        merged=outcomes[Outcome.MERGED],
    )


# ---- lengths ----


@dataclass(frozen=True)
class Tally:
    """One length of time of some incidents: the seconds in order, and how many say nothing of it."""

    seconds: Sequence[float]
    pending: int
    not_applicable: int
    invalid: int


def tallied(rows: Sequence[Fact]) -> dict[str, Tally]:
    """The five lengths of these, by the rules of ``reports.postmortem.lengths``; a test holds one against the other."""
    began = [row.detected_at for row in rows]
    over = [row.outcome is not None for row in rows]
    asked = [row.detected_at for row in rows if not row.pages_nobody]
    answered = _between(
        asked,
        [row.acknowledged_at for row in rows if not row.pages_nobody],
        [row.outcome is not None for row in rows if not row.pages_nobody],
    )
    never = [False] * len(began)
    return {
        "detect": _between([row.impact_started_at for row in rows], began, never),
        # nobody was to answer what was declared when it was over
        "acknowledge": replace(answered, not_applicable=answered.not_applicable + len(began) - len(asked)),
        "communicate": _between(began, [row.first_communicated_at for row in rows], over),
        "mitigate": _between(began, [row.first_fix_at or row.mitigated_at for row in rows], over),
        "resolve": _between(began, [row.resolved_at for row in rows], never),
    }


def _between(starts: Sequence[datetime | None], ends: Sequence[datetime | None], is_final: Sequence[bool]) -> Tally:
    """``is_final``: where a time is missing it will not come any more. An end before its start is Invalid."""
    pairs = zip(starts, ends, strict=True)
    found = [(end - start).total_seconds() for start, end in pairs if start is not None and end is not None]
    gone = 0
    if len(found) < len(starts):
        gone = sum(
            final for start, end, final in zip(starts, ends, is_final, strict=True) if start is None or end is None
        )
    found.sort()
    invalid = bisect_left(found, 0.0)
    return Tally(found[invalid:], len(starts) - len(found) - gone, gone, invalid)


def _group(
    tallies: Mapping[str, Mapping[str, Tally]], shares: Mapping[tuple[str, str], Share], *severities: str
) -> Group:
    """These severities together."""
    kept = {name: sum((shares.get((name, severity), Share()) for severity in severities), Share()) for name in _SHARES}
    lengths = {name: _measured([tallies[severity][name] for severity in severities]) for name in NAMES}
    return Group(n=_all_of(lengths["resolve"]), lengths=lengths, **kept)


def _measured(tallies: Sequence[Tally]) -> Measured:
    return Measured(
        spread=spread(chain.from_iterable(tally.seconds for tally in tallies)),
        pending=sum(tally.pending for tally in tallies),
        not_applicable=sum(tally.not_applicable for tally in tallies),
        invalid=sum(tally.invalid for tally in tallies),
    )


def _all_of(found: Measured) -> int:
    return found.spread.n + found.pending + found.not_applicable + found.invalid


# ---- steps ----


def went(course: Iterable[Any], rows: Mapping[int, Fact]) -> dict[str, list[float]]:
    """How many seconds each incident was at each step in all, by step; ``course`` as ``facts.course`` gives it.

    A stay ends when the next step is entered, the one at post-mortem when the incident is closed; one that goes on is
    not counted, nor is one that would end before it began. What was declared when it was over went through no steps.
    """
    by_step: dict[str, list[float]] = {step: [] for step in STEPS}
    silent = dict(rows)  # those that entered no step on the way
    for number, entered in groupby(course, key=itemgetter(0)):
        row = silent.pop(number, None)
        if row is not None:
            _add_stays(row, entered, by_step)
    for row in silent.values():
        _add_stays(row, (), by_step)
    return by_step


def _add_stays(row: Fact, entered: Iterable[Any], by_step: dict[str, list[float]]) -> None:
    if not row.pages_nobody:
        for step, seconds in _stays(row, entered).items():
            by_step[step].append(seconds)


def _stays(row: Fact, entered: Iterable[Any]) -> dict[str, float]:
    whole: dict[str, float] = {}
    here, since = Step.DETECTION.value, row.declared_at
    for at, step in _visits(row, entered):
        if at >= since:
            whole[here] = whole.get(here, 0.0) + (at - since).total_seconds()
        here, since = step, at
    return whole


def _visits(row: Fact, entered: Iterable[Any]) -> list[tuple[datetime, str]]:
    """Each step that was entered after detection, in order, and in the end that it was closed."""
    visits = [(at, step) for _number, at, step in entered]
    if row.cycle == 1 and row.resolved_at is not None:
        visits.append((row.resolved_at, Step.RESOLUTION.value))
        visits.sort()
    if visits and visits[-1][1] == Step.POSTMORTEM and row.closed_at is not None:
        visits.append((row.closed_at, ""))
    return visits


# ---- shares ----

_SHARES = ("answered", "resolved", "updates", "postmortems")


def _shares(selection: Selection) -> dict[tuple[str, str], Share]:
    """By what was to be kept, and severity."""
    kinds = {"respond": "answered", "resolve": "resolved"}
    found = {(kinds[row.kind], row.severity): Share(row.met, row.of) for row in facts.targets(selection)}
    found |= {("updates", row.severity): Share(row.met, row.of) for row in facts.updates(selection)}
    return found | {("postmortems", row.severity): Share(row.met, row.of) for row in facts.postmortems(selection)}


# ---- when ----


def when(rows: Sequence[Fact], period: Period) -> When:
    """By week or month, weekday and hour of the period's zone, as its clocks stood then."""
    days: dict[tuple[date, str], int] = defaultdict(int)
    weekdays, hours = [0] * 7, [0] * 24
    for row in rows:
        local = _in_utc(row.detected_at).astimezone(period.zone)
        days[local.date(), row.severity] += 1
        hours[local.hour] += 1
    parts: dict[date, dict[str, int]] = {part: dict.fromkeys(Severity, 0) for part in period.parts}
    for (day, severity), number in days.items():
        weekdays[day.weekday()] += number
        parts[period.part_of(day)][severity] += number
    return When(parts=parts, weekdays=weekdays, hours=hours)


def _in_utc(moment: datetime) -> datetime:
    """What SQLite gives has no zone, and is in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def causes(rows: Sequence[Fact]) -> list[tuple[str, int]]:
    """How many had each cause, the most frequent first; the empty word where none was recorded, last."""
    found = Counter(row.cause or "" for row in rows)
    return sorted(found.items(), key=lambda each: (not each[0], -each[1], each[0]))
