"""The days of a component or group: what each was like, and the percentage by the formula that the page prints."""

from __future__ import annotations

import bisect
import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from . import zones
from .components import ComponentStatus, worst

DAYS = 90
WINDOWS = (7, 30, 90, 365)  # calendar days for which a figure is given, besides the last 24 hours
_NOTHING = timedelta(0)


@dataclass(frozen=True)
class Weights:
    """How many per cent of the time in each state count as down; 30 for a partial outage as Statuspage does."""

    partial: int = 30
    degraded: int = 0
    major: int = 100

    def __iter__(self) -> Iterator[tuple[ComponentStatus, int]]:
        yield ComponentStatus.MAJOR, self.major
        yield ComponentStatus.PARTIAL, self.partial
        yield ComponentStatus.DEGRADED, self.degraded


USUAL = Weights()


@dataclass(frozen=True)
class Interval:
    """A stretch of time in which something put the component into ``status``; no ``end``: it still does.

    Intervals may overlap and stand in any order; where none is, the component was operational.
    """

    status: ComponentStatus
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class Day:
    """One calendar day of the page's zone; ``worst`` is None before the component existed.

    ``spent`` says how long it was in each status other than operational, each moment counted by the worst.
    ``observed`` is how much of the day there was to see: less on the first day, and today up to now.
    """

    date: date
    worst: ComponentStatus | None
    observed: timedelta = _NOTHING
    spent: Mapping[ComponentStatus, timedelta] = field(default_factory=dict)

    def down(self, weights: Weights = USUAL) -> timedelta:
        """The time that counts as down: each state's by its weight."""
        return sum((self.spent.get(status, _NOTHING) * weight for status, weight in weights), _NOTHING) / 100

    @property
    def counted(self) -> timedelta:
        """The time that the percentage is a share of: what was observed, without maintenance."""
        return self.observed - self.spent.get(ComponentStatus.MAINTENANCE, _NOTHING)


def days(
    intervals: Iterable[Interval], *, created_at: datetime, now: datetime, zone: ZoneInfo, count: int = DAYS
) -> tuple[Day, ...]:
    """The last ``count`` calendar days of ``zone``, oldest first, today last and up to ``now``.

    A day lasts from its own midnight to the next, 23 or 25 hours where a clock change says so.
    """
    today = zones.local_day(now, zone)
    dates, starts = _calendar(today, zone, count)
    stretches = tuple(intervals)
    spent = _spent_by_day(_worst_at_each_moment(stretches, max(created_at, starts[0]), now), starts)
    found = [
        _day(day, (max(start, created_at), end), now, spent[place])
        for place, (day, start, end) in enumerate(zip(dates, starts, starts[1:], strict=False))
    ]
    # what began within this very minute has lasted no time yet, and is seen all the same
    running = (each.status for each in stretches if starts[-2] <= each.start < starts[-1] and _is_running(each, now))
    if found[-1].worst is not None:
        found[-1] = replace(found[-1], worst=worst((found[-1].worst, *running)))
    return tuple(found)


def last_hours(
    intervals: Iterable[Interval], *, created_at: datetime, now: datetime, zone: ZoneInfo, hours: int = 24
) -> Day:
    """The last ``hours`` up to now, as if they were one day."""
    since = max(created_at, now - timedelta(hours=hours))
    spent: dict[ComponentStatus, timedelta] = {}
    for start, end, status in _worst_at_each_moment(intervals, since, now):
        spent[status] = spent.get(status, _NOTHING) + (end - start)
    return Day(zones.local_day(now, zone), worst(spent), max(now - since, _NOTHING), spent)


def together(members: Iterable[tuple[Iterable[Interval], datetime]]) -> tuple[tuple[Interval, ...], datetime]:
    """What a group went through, given the intervals and the beginning of each member: all of them at once.

    Each moment is then counted by the worst member. The group began with its first; there is always one.
    """
    found: list[Interval] = []
    began: list[datetime] = []
    for intervals, created_at in members:
        began.append(created_at)
        # what is said of a member before it existed is no trouble of the group's either
        lived = (each for each in intervals if each.end is None or each.end > created_at)
        found += [replace(each, start=max(each.start, created_at)) for each in lived]
    return tuple(found), min(began)


def percentage(observed: Iterable[Day], weights: Weights = USUAL) -> Decimal | None:
    """The uptime of these days in per cent, two places, cut down so that any outage shows; None without any time."""
    seen = tuple(observed)
    counted = sum((day.counted for day in seen), _NOTHING) // timedelta.resolution
    if counted <= 0:
        return None
    down = sum(weight * _total(seen, status) for status, weight in weights)
    return Decimal(100 * (100 * counted - down) // counted).scaleb(-2)


def overlay(baseline: str, impacts: Iterable[str]) -> ComponentStatus:
    """What a component shows: its baseline, or whatever worse comes from open incidents and running maintenance."""
    return worst((baseline, *impacts))


def _is_running(each: Interval, now: datetime) -> bool:
    # what somebody says has begun counts within its minute; what was planned, from its own minute on
    return each.end is None or each.start <= now < each.end


def _total(observed: Sequence[Day], status: ComponentStatus) -> int:
    """Microseconds spent in a status: whole numbers, so that no rounding hides a short outage."""
    return sum((day.spent.get(status, _NOTHING) for day in observed), _NOTHING) // timedelta.resolution


def _day(
    day: date, existed: tuple[datetime, datetime], now: datetime, spent: Mapping[ComponentStatus, timedelta]
) -> Day:
    start, end = existed
    if start >= end:
        return Day(day, None)
    return Day(day, worst(spent), max(min(end, now) - start, _NOTHING), spent)


@functools.lru_cache(maxsize=64)
def _calendar(today: date, zone: ZoneInfo, count: int) -> tuple[tuple[date, ...], tuple[datetime, ...]]:
    """The days, oldest first, and the instants at which they begin; one instant more, the end of today."""
    dates = tuple(today - timedelta(days=back) for back in range(count - 1, -1, -1))
    starts = tuple(zones.start_of_day(day, zone) for day in (*dates, today + timedelta(days=1)))
    return dates, starts


def _worst_at_each_moment(
    intervals: Iterable[Interval], since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, ComponentStatus]]:
    """Stretches of one status each, in order and without overlap, leaving out the operational ones."""
    changes: list[tuple[datetime, int, ComponentStatus]] = []
    for each in intervals:
        start, end = max(each.start, since), min(each.end or until, until)
        if start < end and each.status != ComponentStatus.OPERATIONAL:
            changes += [(start, 1, each.status), (end, -1, each.status)]
    changes.sort(key=lambda change: change[0])
    running: Counter[ComponentStatus] = Counter()
    before = since
    for at, step, status in changes:
        if at > before and +running:
            yield before, at, worst(+running)
        running[status] += step
        before = at


def _spent_by_day(
    stretches: Iterable[tuple[datetime, datetime, ComponentStatus]], starts: Sequence[datetime]
) -> list[dict[ComponentStatus, timedelta]]:
    """For each day, how long each status held in it; stretches may reach over many days."""
    spent: list[dict[ComponentStatus, timedelta]] = [{} for _ in starts[1:]]
    for start, end, status in stretches:
        place = bisect.bisect_right(starts, start) - 1
        while place < len(spent) and starts[place] < end:
            length = min(end, starts[place + 1]) - max(start, starts[place])
            spent[place][status] = spent[place].get(status, _NOTHING) + length
            place += 1
    return spent
