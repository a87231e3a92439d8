"""Who is on call when: turns, layers that lie on one another, and covers, as shifts without holes.

A hand-over is a time on the wall of a named zone. One that a clock change leaves out happens at the first instant after
the gap, one that occurs twice at the first of the two (``zones.instant``). People are numbers here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count, pairwise
from zoneinfo import ZoneInfo

from . import zones

_DAY = timedelta(days=1)
_ALWAYS = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class Every(StrEnum):
    """What a turn is counted in."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


LENGTHS: Mapping[str, timedelta] = {Every.HOUR: timedelta(hours=1), Every.DAY: _DAY, Every.WEEK: timedelta(weeks=1)}


class Source(StrEnum):
    """Why somebody, or nobody, is on call."""

    LAYER = "layer"
    COVER = "cover"
    IMPORTED = "imported"
    GAP = "gap"


@dataclass(frozen=True)
class Turn:
    """How long one person stays on: ``count`` hours, days or weeks by the wall clock, handed over at ``at``.

    ``weekday`` (0 is Monday) is the day of the hand-over where turns last weeks; None: the one on which the layer starts.
    """

    every: str
    count: int = 1
    weekday: int | None = None
    at: time = time(9)

    @property
    def length(self) -> timedelta:
        """On the wall clock; a turn over a clock change is longer or shorter."""
        return LENGTHS[self.every] * self.count


@dataclass(frozen=True)
class Layer:
    """People who take turns, from ``at`` on ``starts_on``, the first person first, to the end of ``ends_on``.

    Where ``starts_on`` is not the weekday of the hand-over the first turn is cut short. With ``weekdays`` or ``hours``
    the layer has somebody only then; hours that end at or before they start last into the next day, and belong to
    the day on which they start.
    """

    people: tuple[int, ...]
    turn: Turn
    starts_on: date
    ends_on: date | None = None
    weekdays: frozenset[int] | None = None
    hours: tuple[time, time] | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there are times in its life at which it has nobody."""
        return self.weekdays is not None or self.hours is not None


@dataclass(frozen=True)
class Cover:
    """Somebody else for a while; with ``instead_of`` only where that person would be on call."""

    person: int
    instead_of: int | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Shift:
    """A stretch with one person, or (None) with nobody. ``absent`` names who would be on call, had they an account."""

    starts_at: datetime
    ends_at: datetime
    person: int | None
    source: str = Source.LAYER
    absent: str = ""


def schedule(
    layers: Sequence[Layer], zone: ZoneInfo, covers: Sequence[Cover], *, since: datetime, until: datetime
) -> list[Shift]:
    """The shifts from ``since`` to ``until``, without holes: a later layer lies on the earlier ones.

    ``covers`` stand in the order in which they were made: the later made holds.
    """
    pieces = [piece for layer in layers for piece in _of_layer(layer, zone, since, until)]
    return laid_out(pieces, covers, since=since, until=until)


def laid_out(pieces: Sequence[Shift], covers: Sequence[Cover], *, since: datetime, until: datetime) -> list[Shift]:
    """The same from pieces that may overlap: a later one of the sequence holds; one without a person hides nobody."""
    return merged(_swept(pieces, covers, since, until))


def merged(shifts: Iterable[Shift]) -> list[Shift]:
    """Neighbours that say the same, as one."""
    return _joined(shifts, lambda shift: (shift.person, shift.source, shift.absent))


def by_person(shifts: Iterable[Shift]) -> list[Shift]:
    """Neighbours with the same person as one, whatever put them there: their edges are the hand-overs."""
    return _joined(shifts, lambda shift: (shift.person, shift.absent))


def _joined(shifts: Iterable[Shift], said: Callable[[Shift], object]) -> list[Shift]:
    whole: list[Shift] = []
    for shift in shifts:
        before = whole[-1] if whole else None
        if before is not None and before.ends_at == shift.starts_at and said(before) == said(shift):
            whole[-1] = replace(before, ends_at=shift.ends_at)
        else:
            whole.append(shift)
    return whole


def _swept(pieces: Sequence[Shift], covers: Sequence[Cover], since: datetime, until: datetime) -> Iterator[Shift]:
    """One stretch after the other between all the instants at which something may change."""
    upcoming = sorted(range(len(pieces)), key=lambda place: pieces[place].starts_at, reverse=True)
    made = [cover for cover in covers if cover.starts_at < until and cover.ends_at > since]
    holding: list[tuple[bool, int]] = []  # a heap: whoever is somebody first, then the later of the sequence
    for start, end in pairwise(_edges(pieces, made, since, until)):
        while upcoming and pieces[upcoming[-1]].starts_at <= start:
            place = upcoming.pop()
            heapq.heappush(holding, (pieces[place].person is None, -place))
        while holding and pieces[-holding[0][1]].ends_at <= start:
            heapq.heappop(holding)
        below = pieces[-holding[0][1]] if holding else Shift(start, end, None, Source.GAP)
        yield replace(_covered(below, made, start), starts_at=start, ends_at=end)


def _edges(pieces: Sequence[Shift], covers: Sequence[Cover], since: datetime, until: datetime) -> list[datetime]:
    stretches = [(each.starts_at, each.ends_at) for each in pieces] + [
        (each.starts_at, each.ends_at) for each in covers
    ]
    ends = {edge for stretch in stretches for edge in stretch if since < edge < until}
    return sorted({since, until, *ends}) if since < until else []


def _covered(shift: Shift, covers: Sequence[Cover], moment: datetime) -> Shift:
    for cover in covers:
        if cover.starts_at <= moment < cover.ends_at and cover.instead_of in (None, shift.person):
            shift = replace(shift, person=cover.person, source=Source.COVER, absent="")
    return shift


def _of_layer(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Shift]:
    if layer.people:
        yield from _within(_turns(layer, zone, since, until), _windows(layer, zone, since, until))


def _turns(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Shift]:
    """The turns that touch the stretch. A turn that a clock change swallows is left out, and its person waits."""
    first = datetime.combine(layer.starts_on, layer.turn.at)
    begins_at, anchor, length = zones.instant(first, zone), first - _lead(layer), layer.turn.length
    # a day early, since the wall clock may have been moved in between; too early only costs a step
    skipped = max(0, (since.astimezone(zone).replace(tzinfo=None) - _DAY - anchor) // length)
    starts_at = zones.instant(anchor + skipped * length, zone)
    for number in count(skipped):
        if starts_at >= until:
            return
        ends_at = zones.instant(anchor + (number + 1) * length, zone)
        if max(starts_at, begins_at) < ends_at:
            yield Shift(max(starts_at, begins_at), ends_at, layer.people[number % len(layer.people)])
        starts_at = ends_at


def _lead(layer: Layer) -> timedelta:
    """How long before the layer starts its first turn would have begun, for hand-overs to be on their weekday."""
    if layer.turn.every != Every.WEEK or layer.turn.weekday is None:
        return timedelta(0)
    return timedelta(days=(layer.starts_on.weekday() - layer.turn.weekday) % 7)


def _windows(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When the layer has somebody, in order."""
    if not layer.is_limited:
        yield _ALWAYS[0], _ALWAYS[1] if layer.ends_on is None else zones.start_of_day(layer.ends_on + _DAY, zone)
        return
    day = max(layer.starts_on, zones.local_day(since, zone) - 2 * _DAY)
    last = min(layer.ends_on or date.max - _DAY, zones.local_day(until, zone))
    while day <= last:
        if layer.weekdays is None or day.weekday() in layer.weekdays:
            yield _window(day, layer.hours, zone)
        day += _DAY


def _window(day: date, hours: tuple[time, time] | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if hours is None:
        return zones.start_of_day(day, zone), zones.start_of_day(day + _DAY, zone)
    begins, ends = hours
    last = day if ends > begins else day + _DAY
    return zones.instant(datetime.combine(day, begins), zone), zones.instant(datetime.combine(last, ends), zone)


def _within(turns: Iterable[Shift], windows: Iterable[tuple[datetime, datetime]]) -> Iterator[Shift]:
    """What of the turns lies in a window; both come in order, and nothing of one overlaps another of its kind."""
    rest = iter(windows)
    window = next(rest, None)
    for turn in turns:
        while window is not None and window[0] < turn.ends_at:
            starts_at, ends_at = max(turn.starts_at, window[0]), min(turn.ends_at, window[1])
            if starts_at < ends_at:
                yield replace(turn, starts_at=starts_at, ends_at=ends_at)
            if window[1] > turn.ends_at:
                break
            window = next(rest, None)
