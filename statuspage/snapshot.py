"""Published records and a minute become one immutable picture, from which every form of the page is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from incidents.kernel.clock import to_the_minute
from incidents.policy.components import BADNESS, IMPACT_OF, ComponentStatus, Impact, worst
from incidents.policy.maintenance import OVER, RUNNING
from incidents.policy.uptime import Day

from . import records as rows
from .records import ComponentRow, GroupRow, Records, SettingsRow
from .story import EPOCH, Incident
from .told import Told
from .work import Work


@dataclass(frozen=True, eq=False)
class Component:
    """A component with its ninety days, oldest first; ``uptime`` is None before there was anything to measure."""

    row: ComponentRow
    group: GroupRow | None
    status: ComponentStatus
    past: tuple[Day, ...] = ()
    today: Day | None = None
    uptime: Decimal | None = None

    @property
    def days(self) -> tuple[Day, ...]:
        return _days(self.past, self.today)

    @property
    def id(self) -> str:
        return self.row.public_id

    @property
    def name(self) -> str:
        return self.row.name


@dataclass(frozen=True, eq=False)
class Group:
    """A heading (None: none) and the components under it.

    Its days count each moment by its worst component; without a heading there are none.
    """

    row: GroupRow | None
    components: tuple[Component, ...]
    past: tuple[Day, ...] = ()
    today: Day | None = None
    uptime: Decimal | None = None

    @property
    def days(self) -> tuple[Day, ...]:
        return _days(self.past, self.today)

    @property
    def id(self) -> str:
        return self.row.public_id if self.row else ""

    @property
    def name(self) -> str:
        return self.row.name if self.row else ""

    @property
    def status(self) -> ComponentStatus:
        return worst(component.status for component in self.components)


@dataclass(frozen=True, eq=False)
class Picture:
    """The whole page at one minute. ``dark_since`` is set when our database has not answered for two minutes."""

    told: Told = field(repr=False)
    minute: datetime
    groups: tuple[Group, ...]
    dark_since: datetime | None = None

    def first_address(self, base: str) -> str:
        """What the ids of entries in feeds and calendars are made of; they stay when the page moves to ``base``."""
        return self.told.records.first_address or base

    @property
    def settings(self) -> SettingsRow:
        return self.told.records.settings

    @property
    def records(self) -> Records:
        return self.told.records

    @property
    def zone(self) -> ZoneInfo:
        return self.told.zone

    @cached_property
    def today(self) -> date:
        return self.minute.astimezone(self.zone).date()

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Open, recent, and the newest fifty; newest beginning first."""
        return self.told.incidents

    @cached_property
    def components(self) -> tuple[Component, ...]:
        return tuple(component for group in self.groups for component in group.components)

    @cached_property
    def open_incidents(self) -> tuple[Incident, ...]:
        """The hardest first, then the one that began first."""
        found = (incident for incident in self.incidents if incident.is_open)
        return tuple(sorted(found, key=lambda each: (-_hardness(each.impact), each.began_at)))

    @cached_property
    def running(self) -> tuple[Work, ...]:
        """The announced work in progress, the first to have begun first."""
        return self.told.standing(self.minute).running

    @cached_property
    def upcoming(self) -> tuple[Work, ...]:
        """The announced work that has not begun, the next first; what was called off stands there until its time."""
        return tuple(
            work
            for work, state in self.told.standing(self.minute).in_order
            if work.row.ends_at > self.minute
            and state not in RUNNING
            and not (state in OVER and not work.times.never_began)  # finished before its time
        )

    @cached_property
    def state(self) -> ComponentStatus:
        """The worst shown component; an open incident that names none counts as its impact, at least minor.

        Announced work that names none counts as maintenance.
        """
        unnamed = [ComponentStatus.DEGRADED for incident in self.open_incidents if incident.names_none]
        unnamed += [ComponentStatus.MAINTENANCE for work in self.running if not work.row.components]
        return worst([*(component.status for component in self.components), *unnamed])

    @property
    def indicator(self) -> Impact:
        return IMPACT_OF[self.state]

    @cached_property
    def updated_at(self) -> datetime:
        """When anything shown last changed: moves with the records and as maintenance goes on, never with the minute."""
        times = [each.row.updated_at for each in self.incidents[: rows.MOST_RECENT]]
        times += [each.row.updated_at for each in self.components]
        times += [self.told.announced.updated_at(self.minute)] if self.told.works else []
        times += [each for each in (self.settings.updated_at,) if each]
        return max(times, default=EPOCH)


def take(connection: Connection, minute: datetime) -> Picture:
    """The page as the database knows it, at this minute."""
    return draw(Told(rows.read(connection, minute)), minute)


def draw(told: Told, minute: datetime, *, dark_since: datetime | None = None) -> Picture:
    """The page at this minute; the same records and minute always make the same picture."""
    minute = to_the_minute(minute)
    groups = {group.id: group for group in told.records.groups}
    by_group: dict[int | None, list[Component]] = {None: [], **{group.id: [] for group in told.records.groups}}
    for row in told.shown:
        heading = groups.get(row.group_id) if row.group_id is not None else None
        by_group[heading.id if heading else None].append(_component(told, row, heading, minute))
    drawn = (
        _group(told, groups.get(group) if group is not None else None, tuple(found), minute)
        for group, found in by_group.items()
        if found
    )
    return Picture(told, minute, tuple(drawn), dark_since)


def _group(told: Told, row: GroupRow | None, components: tuple[Component, ...], minute: datetime) -> Group:
    return Group(row, components, *told.days(row, minute)) if row is not None else Group(None, components)


def _component(told: Told, row: ComponentRow, group: GroupRow | None, minute: datetime) -> Component:
    return Component(row, group, told.status(row, minute), *told.days(row, minute))


def _days(past: tuple[Day, ...], today: Day | None) -> tuple[Day, ...]:
    return (*past, today) if today is not None else past


_HARDNESS: Mapping[Impact, int] = {IMPACT_OF[status]: badness for status, badness in BADNESS.items()}
_hardness: Callable[[Impact], int] = _HARDNESS.__getitem__
