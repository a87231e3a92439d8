"""All announced work that is kept in memory: what it does to components, and how far it is at a minute.

Most changes of the page touch none of it, while a series that comes daily is a hundred pieces of work in ninety days: as
long as their rows are the same, so is this object, and all that was found out about them stays.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from incidents.policy.maintenance import RUNNING, State
from incidents.policy.uptime import Interval

from .story import EPOCH, Names
from .work import Work
from .work_records import WorkRow

_MOST_MONTHS = 4


@dataclass(frozen=True)
class Standing:
    """The announced work at one minute: its states in the order of ``Told.works``, what runs, and what that touches."""

    minute: datetime
    states: tuple[State, ...]
    in_order: tuple[tuple[Work, State], ...]  # the same with its work, the earliest first
    running: tuple[Work, ...]  # the first to have begun first
    touched: frozenset[str]


class Announced:
    """The work, the latest first. Nothing in here depends on the minute but what asks for it."""

    def __init__(self, works: tuple[Work, ...], names: Names) -> None:
        self.works = works
        self.names = names
        self.rows = tuple(work.row for work in works)
        self.ids = frozenset(row.public_id for row in self.rows)
        self._standing: Standing | None = None
        self._updated_at: tuple[datetime, datetime] | None = None
        self._told: dict[str, tuple[Hashable, dict[Hashable, str]]] = {}
        self._months: dict[tuple[datetime, datetime], tuple[Work, ...]] = {}

    @cached_property
    def stretches(self) -> Mapping[str, tuple[Interval, ...]]:
        """Per component (by public id), when it was under maintenance, or will be."""
        found: dict[str, list[Interval]] = {}
        for work in self.works:
            if work.stretch is not None:
                for one in work.components:
                    found.setdefault(one, []).append(work.stretch)
        return {component: tuple(each) for component, each in found.items()}

    @cached_property
    def touching(self) -> Mapping[str, tuple[str, ...]]:
        """Per component the ids of that work."""
        found: dict[str, list[str]] = {}
        for work in self.works:
            for one in work.components if work.stretch is not None else ():
                found.setdefault(one, []).append(work.id)
        return {component: tuple(each) for component, each in found.items()}

    @cached_property
    def by_series(self) -> Mapping[int, list[Work]]:
        """The occurrences of each series, the earliest first."""
        found: dict[int, list[Work]] = {}
        for work in reversed(self.works):
            if work.row.series_id is not None:
                found.setdefault(work.row.series_id, []).append(work)
        return found

    def begun_in(self, start: datetime, end: datetime, minute: datetime) -> tuple[Work, ...]:
        """What began in ``[start, end)`` and until that minute."""
        found = self._months.get((start, end))
        if found is None:
            if len(self._months) >= _MOST_MONTHS:
                self._months.clear()
            found = self._months[start, end] = tuple(work for work in self.works if start <= work.began_at < end)
        return found if end <= minute else tuple(work for work in found if work.began_at <= minute)

    def standing(self, minute: datetime) -> Standing:
        """How far it is at this minute; asked for each component, so it is kept for the minute."""
        found = self._standing
        if found is None or found.minute != minute:
            found = self._standing = self._stand(minute)
        return found

    def _stand(self, minute: datetime) -> Standing:
        # most of it is over, and no minute changes that any more
        states = tuple(work.at_last if work.settles_at <= minute else work.state(minute) for work in self.works)
        in_order = tuple(zip(reversed(self.works), reversed(states), strict=True))
        running = tuple(work for work, state in in_order if state in RUNNING)
        return Standing(
            minute, states, in_order, running, frozenset(one for work in running for one in work.components)
        )

    def once(self, part: str, what: Hashable, standing: Hashable, make: Callable[[], str]) -> str:
        """A part that tells of several at once: made once while no state and nothing else of ``standing`` changes."""
        kept = self._told.get(part)  # looked at once: another thread may be drawing another minute
        if kept is None or kept[0] != standing:
            kept = self._told[part] = (standing, {})
        if what not in kept[1]:
            kept[1][what] = make()
        return kept[1][what]

    def updated_at(self, minute: datetime) -> datetime:
        """When any of it last changed."""
        found = self._updated_at
        if found is None or found[0] != minute:
            last = max((work.updated_at(minute) for work in self.works), default=EPOCH)
            found = self._updated_at = (minute, last)
        return found[1]


def told(rows: Iterable[WorkRow], names: Names, before: Announced | None) -> Announced:
    """The work of these rows; what was told before and has not changed stays the same object."""
    rows = tuple(rows)
    alike = before if before is not None and before.names is names else None
    if alike is not None and rows == alike.rows:
        return alike
    kept = {work.id: work for work in alike.works} if alike is not None else {}
    return Announced(tuple(_of(row, names, kept.get(row.public_id)) for row in rows), names)


def _of(row: WorkRow, names: Names, kept: Work | None) -> Work:
    return kept if kept is not None and (row is kept.row or row == kept.row) else Work(row, names)
