"""Published records and a minute become one immutable picture, from which every form of the page is made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy import Connection

from incidents.kernel.clock import to_the_minute
from incidents.policy import uptime
from incidents.policy.components import BADNESS, IMPACT_OF, ComponentStatus, Impact, worst
from incidents.policy.uptime import Day, Interval

from . import records as rows
from .records import BaselineRow, ComponentRow, GroupRow, IncidentRow, Records, SettingsRow
from .times import zone_named

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OVER = ("resolved", "postmortem")
OPERATIONAL = ComponentStatus.OPERATIONAL


@dataclass(frozen=True)
class Change:
    """What one update did to one component."""

    component: str
    old: str
    new: str


@dataclass(frozen=True)
class Update:
    """One public text and what it changed."""

    id: str
    status: str
    body: str
    body_html: str
    display_at: datetime
    created_at: datetime
    edited_at: datetime | None
    promised_at: datetime | None
    notify: bool
    changes: tuple[Change, ...]

    @property
    def updated_at(self) -> datetime:
        return max(self.created_at, self.edited_at or self.created_at)


@dataclass(frozen=True)
class Stretch:
    """A component in trouble through this incident, from and until; no end: it still is."""

    component: str
    status: ComponentStatus
    start: datetime
    end: datetime | None


@dataclass(frozen=True, eq=False)
class Incident:
    """One published incident, its updates newest first.

    ``now`` maps components to what they are through it at present (those in trouble only), ``worst_of`` to the worst
    they were. ``status`` is the newest update's, or resolved where it ended without one.
    """

    row: IncidentRow
    updates: tuple[Update, ...]
    stretches: tuple[Stretch, ...]
    now: Mapping[str, ComponentStatus]
    worst_of: Mapping[str, ComponentStatus]
    names: Names = field(repr=False)

    @property
    def id(self) -> str:
        return self.row.public_id

    @property
    def title(self) -> str:
        return self.row.title

    @property
    def began_at(self) -> datetime:
        return self.row.began_at

    @property
    def ended_at(self) -> datetime | None:
        return self.row.ended_at

    @property
    def is_open(self) -> bool:
        return self.row.ended_at is None

    @property
    def names_none(self) -> bool:
        """Whether no component that the public knows was ever named."""
        return not self.worst_of

    @cached_property
    def status(self) -> str:
        newest = self.updates[0].status
        return newest if self.is_open or newest in OVER else "resolved"

    @cached_property
    def impact(self) -> Impact:
        """Its worst component so far, never its severity; at least minor while it is open and names none."""
        if self.names_none and self.is_open:
            return Impact.MINOR
        return IMPACT_OF[self.worst]

    @cached_property
    def worst(self) -> ComponentStatus:
        return worst(self.worst_of.values())

    @cached_property
    def state(self) -> ComponentStatus:
        """What it looks like at present: the worst it does now, operational once it is over."""
        if not self.is_open:
            return OPERATIONAL
        return ComponentStatus.DEGRADED if self.names_none else worst(self.now.values())

    @property
    def promise(self) -> datetime | None:
        """When the next update is due, while that means something."""
        return self.updates[0].promised_at if self.is_open else None

    def lasted(self, minute: datetime) -> timedelta:
        """From its beginning to its end, or until now."""
        return (self.row.ended_at or minute) - self.row.began_at


@dataclass(frozen=True, eq=False)
class Component:
    """A component with its ninety days, oldest first; ``uptime`` is None before there was anything to measure."""

    row: ComponentRow
    group: GroupRow | None
    status: ComponentStatus
    days: tuple[Day, ...]
    uptime: Decimal | None

    @property
    def id(self) -> str:
        return self.row.public_id

    @property
    def name(self) -> str:
        return self.row.name


@dataclass(frozen=True, eq=False)
class Group:
    """A heading (None: none) and the components under it."""

    row: GroupRow | None
    components: tuple[Component, ...]

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

    @property
    def settings(self) -> SettingsRow:
        return self.told.records.settings

    @property
    def records(self) -> Records:
        return self.told.records

    @property
    def zone(self) -> ZoneInfo:
        return self.told.zone

    @property
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
    def state(self) -> ComponentStatus:
        """The worst shown component; an open incident that names none counts as its impact, at least minor."""
        unnamed = (ComponentStatus.DEGRADED for incident in self.open_incidents if incident.names_none)
        return worst([*(component.status for component in self.components), *unnamed])

    @property
    def indicator(self) -> Impact:
        return IMPACT_OF[self.state]

    @cached_property
    def updated_at(self) -> datetime:
        """When anything shown last changed: moves with the records, never with the minute."""
        times = [each.row.updated_at for each in self.incidents[: rows.MOST_RECENT]]
        times += [each.row.updated_at for each in self.components]
        times += [each for each in (self.settings.updated_at,) if each]
        return max(times, default=EPOCH)


class Names(dict[str, str]):
    """What components are called, by public id, in the order of the page."""

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Where each stands on the page."""
        return {public_id: place for place, public_id in enumerate(self)}

    def sorted(self, which: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Pairs of component and status, in the order of the page; those the public does not know are left out."""
        known = (pair for pair in which if pair[0] in self)
        return sorted(known, key=lambda pair: self.place[pair[0]])


class Told:
    """The records, read once: what each update did, and when each component was in which trouble.

    Nothing in here depends on the minute, so it is kept from one change of the records to the next.
    """

    def __init__(self, records: Records, before: Told | None = None) -> None:
        self.records = records
        self.zone = zone_named(records.settings.zone)
        in_order = _in_page_order(records)
        self.by_id = {component.public_id: component for component in in_order}
        self.names = Names({component.public_id: component.name for component in in_order})
        self.incidents = tuple(tell(row, self.names) for row in records.incidents)
        self.shown = tuple(each for each in in_order if each.archived_at is None)
        self.shown_ids = frozenset(each.public_id for each in self.shown)
        self._troubles = _troubles(records, self.incidents)
        self._causes = self._what_each_depends_on()
        self._past: dict[str, tuple[date, tuple[Day, ...], Day]] = {}
        self._by_day: dict[str, dict[date, list[tuple[Incident, ComponentStatus]]]] | None = None
        self.drawings: dict[str, tuple[date, Markup, list[str]]] = {}  # a component's bars before that day
        if before is not None and before.zone == self.zone:
            self._keep_from(before)

    def _what_each_depends_on(self) -> dict[str, Hashable]:
        incidents: dict[str, list[str]] = {}
        for incident in self.incidents:
            for each in incident.stretches:
                incidents.setdefault(each.component, []).append(incident.id)
        return {
            one: (row.created_at, self._troubles.get(one, ()), tuple(incidents.get(one, ()))) for one, row in self.by_id.items()
        }

    def _keep_from(self, before: Told) -> None:
        """Most changes touch few components: the past of the others stays as it was computed."""
        same = [one for one, causes in self._causes.items() if before._causes.get(one) == causes]
        self._past = {one: before._past[one] for one in same if one in before._past}
        self.drawings = {one: before.drawings[one] for one in same if one in before.drawings}

    def days(self, component: ComponentRow, minute: datetime) -> tuple[tuple[Day, ...], Decimal | None]:
        """Ninety days and their uptime; what lies before today is computed once a day."""
        troubles = self._troubles.get(component.public_id, ())
        today = minute.astimezone(self.zone).date()
        kept = self._past.get(component.public_id)
        if kept is None or kept[0] != today:
            found = uptime.days(troubles, created_at=component.created_at, now=minute, zone=self.zone)
            kept = (today, found[:-1], _as_one(found[:-1], today))
            self._past[component.public_id] = kept
        now = uptime.days(troubles, created_at=component.created_at, now=minute, zone=self.zone, count=1)
        share = uptime.percentage((kept[2], *now), partial_weight=self.records.settings.partial_weight)
        return (*kept[1], *now), share

    def status(self, component: ComponentRow) -> ComponentStatus:
        """Its baseline, overlaid by the impact of open incidents."""
        impacts = (incident.now[component.public_id] for incident in self._open if component.public_id in incident.now)
        return uptime.overlay(component.status, impacts)

    def incidents_by_day(self, component: str) -> Mapping[date, list[tuple[Incident, ComponentStatus]]]:
        """On which days which incident troubled this component, and into which state."""
        if self._by_day is None:
            self._by_day = {}
            for incident in self.incidents:
                for each in incident.stretches:
                    found = self._by_day.setdefault(each.component, {})
                    for day in self._days_of(each):
                        found.setdefault(day, []).append((incident, each.status))
        return self._by_day.get(component, {})

    def _days_of(self, stretch: Stretch) -> Iterable[date]:
        first = stretch.start.astimezone(self.zone).date()
        # an open one reaches to any day that may still be drawn from these records
        last = stretch.end.astimezone(self.zone).date() if stretch.end else first + rows.REACH
        return (first + timedelta(days=day) for day in range((min(last, first + rows.REACH) - first).days + 1))

    @cached_property
    def knows_maintenance(self) -> bool:
        """Whether any component was under maintenance in the time that is drawn."""
        return any(each.status == ComponentStatus.MAINTENANCE for troubles in self._troubles.values() for each in troubles)

    @cached_property
    def _open(self) -> list[Incident]:
        return [incident for incident in self.incidents if incident.is_open]


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
    drawn = (Group(groups.get(group) if group is not None else None, tuple(found)) for group, found in by_group.items())
    return Picture(told, minute, tuple(group for group in drawn if group.components), dark_since)


def _component(told: Told, row: ComponentRow, group: GroupRow | None, minute: datetime) -> Component:
    days, share = told.days(row, minute)
    return Component(row, group, told.status(row), days, share)


def _as_one(days: Sequence[Day], today: date) -> Day:
    """Many days as a single long one, with the same share of trouble."""
    spent: dict[ComponentStatus, timedelta] = {}
    for day in days:
        for status, length in day.spent.items():
            spent[status] = spent.get(status, timedelta()) + length
    return Day(today, None, sum((day.observed for day in days), timedelta()), spent)


def tell(row: IncidentRow, names: Names) -> Incident:
    """Follow the updates from the first to the last: each changes what it names, a resolution ends it all."""
    updates: list[Update] = []
    stretches: list[Stretch] = []
    now: dict[str, tuple[ComponentStatus, datetime]] = {}
    worst_of: dict[str, ComponentStatus] = {}
    for update in row.updates:
        # what the first update tells of has been so since the incident began
        at = update.display_at if updates else row.began_at
        said = {one: ComponentStatus(status) for one, status in names.sorted(update.components)}
        wanted = dict.fromkeys(now, OPERATIONAL) if update.public_status in OVER else said
        worst_of.update({one: worst((worst_of.get(one, OPERATIONAL), status)) for one, status in said.items()})
        changes = _apply(wanted, at, now, stretches)
        updates.append(_update(update, changes))
    if row.ended_at is not None:
        _apply(dict.fromkeys(now, OPERATIONAL), row.ended_at, now, stretches)
    stretches += [Stretch(one, status, start, None) for one, (status, start) in now.items()]
    return Incident(
        row=row,
        updates=tuple(reversed(updates)),
        stretches=tuple(sorted(stretches, key=lambda each: (each.start, names.place[each.component]))),
        now={one: status for one, (status, _since) in now.items()},
        worst_of=worst_of,
        names=names,
    )


def _apply(
    wanted: Mapping[str, ComponentStatus],
    at: datetime,
    now: dict[str, tuple[ComponentStatus, datetime]],
    stretches: list[Stretch],
) -> tuple[Change, ...]:
    """Move ``now`` to what is wanted, closing the stretches that end."""
    changes = []
    for component, status in wanted.items():
        old, since = now.get(component, (OPERATIONAL, at))
        if status == old:
            continue
        changes.append(Change(component, str(old), str(status)))
        if old != OPERATIONAL:
            stretches.append(Stretch(component, old, since, max(at, since)))
            del now[component]
        if status != OPERATIONAL:
            now[component] = (status, at)
    return tuple(changes)


def _update(row: rows.UpdateRow, changes: tuple[Change, ...]) -> Update:
    return Update(
        id=row.public_id,
        status=row.public_status,
        body=row.body,
        body_html=row.body_html,
        display_at=row.display_at,
        created_at=row.created_at,
        edited_at=row.edited_at,
        promised_at=row.next_update_at,
        notify=row.notify,
        changes=changes,
    )


def _in_page_order(records: Records) -> list[ComponentRow]:
    """Without a group first, then group by group."""
    places = {group.id: place for place, group in enumerate(records.groups, start=1)}
    return sorted(records.components, key=lambda each: (places.get(each.group_id or 0, 0), each.position, each.id))


def _troubles(records: Records, incidents: Iterable[Incident]) -> dict[str, tuple[Interval, ...]]:
    """Per component (by public id), every stretch in which something put it into another state."""
    found: dict[str, list[Interval]] = {}
    for incident in incidents:
        for each in incident.stretches:
            found.setdefault(each.component, []).append(Interval(each.status, each.start, each.end))
    baselines: dict[int, list[BaselineRow]] = {}
    for change in records.baselines:
        baselines.setdefault(change.component_id, []).append(change)
    for component in records.components:
        found.setdefault(component.public_id, []).extend(_baseline_stretches(baselines.get(component.id, [])))
    return {component: tuple(intervals) for component, intervals in found.items()}


def _baseline_stretches(changes: Sequence[BaselineRow]) -> Iterable[Interval]:
    ends: list[datetime | None] = [*(change.at for change in changes[1:]), None]
    for change, end in zip(changes, ends, strict=False):
        if change.status != OPERATIONAL:
            yield Interval(ComponentStatus(change.status), change.at, end)


_HARDNESS: Mapping[Impact, int] = {IMPACT_OF[status]: badness for status, badness in BADNESS.items()}
_hardness: Callable[[Impact], int] = _HARDNESS.__getitem__
