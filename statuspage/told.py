"""The records, read once: everything about them that does not depend on the minute."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from markupsafe import Markup

from incidents.policy import uptime, zones
from incidents.policy.components import ComponentStatus
from incidents.policy.uptime import Day, Interval

from . import announced
from . import records as rows
from .announced import Announced, Standing
from .records import BaselineRow, ComponentRow, GroupRow, Records
from .story import OPERATIONAL, Incident, Names, Stretch, tell
from .times import zone_named
from .work import Work

T = TypeVar("T")


class _Past(NamedTuple):
    """The days before ``today``, one by one and as one; what touches today, and whether it is a day like any other."""

    today: date
    days: tuple[Day, ...]
    as_one: Day
    lately: tuple[Interval, ...]
    is_quiet: bool


_WHOLE = Decimal("100.00")


class Told:
    """The records, read once: what each update did, and when each component was in which trouble.

    Nothing in here depends on the minute, so it is kept from one change of the records to the next.
    """

    def __init__(self, records: Records, before: Told | None = None) -> None:
        self.zone = zone_named(records.settings.zone)
        in_order = _in_page_order(records)
        self.by_id = {component.public_id: component for component in in_order}
        names = Names({component.public_id: component.name for component in in_order})
        alike = before if before is not None and [*before.names.items()] == [*names.items()] else None
        self.names: Names = alike.names if alike is not None else names
        self.incidents = self._incidents(records, alike)
        self.shown = tuple(each for each in in_order if each.archived_at is None)
        self.shown_ids = frozenset(each.public_id for each in self.shown)
        self.announced: Announced = announced.told(
            records.maintenances, self.names, before.announced if before else None
        )
        self.works = self.announced.works
        self.ids = self.announced.ids.union(each.row.public_id for each in self.incidents)
        # the same rows as before where they have not changed, so that whoever compares them is soon done
        self.records = replace(
            records,
            incidents=tuple(each.row for each in self.incidents),
            maintenances=self.announced.rows,
        )
        self._troubles = _together(
            troubles_of(records.components, records.baselines, self.incidents, ()), self.announced.stretches
        )
        self._members = _by_group(self.shown)
        self._of_groups: dict[str, tuple[tuple[Interval, ...], datetime]] = {}
        self._causes = self._what_each_depends_on()
        self._past: dict[str, _Past] = {}
        self._quiet_day: tuple[datetime, Day] | None = None
        self._day: tuple[datetime, date] | None = None
        self._by_day: dict[str, dict[date, list[tuple[Incident, ComponentStatus]]]] | None = None
        self._works_by_day: dict[str, dict[date, list[Work]]] | None = None
        # a component's bars before that day, and the same in the words of a language
        self.drawings: dict[tuple[str, str], tuple[date, Markup, list[str]]] = {}
        # a component's drawing, with what it was made from
        self.strips: dict[tuple[str, str], tuple[Hashable, Markup]] = {}
        # and whatever was made of an incident, announced work or component, by its id and what it is
        self._parts: dict[tuple[str, str], tuple[Hashable, Any]] = {}
        # parts of the history's months: by their first days, what they are, and the language
        self.months: dict[tuple[date, str, str], tuple[Hashable, Markup]] = {}
        if before is not None and before.zone == self.zone:
            self._keep_from(before)
        if before is not None:
            self._keep_parts(before)

    def _incidents(self, records: Records, before: Told | None) -> tuple[Incident, ...]:
        """Those that were told before and have not changed stay the same objects, which makes them cheap to compare."""
        kept = {each.id: each for each in before.incidents} if before is not None else {}
        return tuple(
            found
            if (found := kept.get(row.public_id)) is not None and (found.row is row or found.row == row)
            else tell(row, self.names)
            for row in records.incidents
        )

    def _what_each_depends_on(self) -> dict[str, Hashable]:
        incidents: dict[str, list[str]] = {}
        for incident in self.incidents:
            for each in incident.stretches:
                incidents.setdefault(each.component, []).append(incident.id)
        causes: dict[str, Hashable] = {
            one: (
                self.began(row),
                self._troubles.get(one, ()),
                tuple(incidents.get(one, ())),
                self.announced.touching.get(one, ()),
            )
            for one, row in self.by_id.items()
        }
        for group in self.records.groups:
            causes[group.public_id] = tuple(causes[one.public_id] for one in self.members(group))
        return causes

    def _keep_from(self, before: Told) -> None:
        """Most changes touch few components: the past of the others stays as it was computed."""
        same = {one for one, causes in self._causes.items() if before._causes.get(one) == causes}
        self._past = {one: before._past[one] for one in same if one in before._past}
        self.drawings = {key: drawn for key, drawn in before.drawings.items() if key[0] in same}
        self.strips = {key: kept for key, kept in before.strips.items() if key[0] in same}

    def once(self, id: str, part: str, made_from: Hashable, make: Callable[[], T]) -> T:
        """A part of some document, about one incident, announced work or component: made once while its causes are the same.

        What is not in memory, an old one that somebody asks for, is made each time.
        """
        if id not in self.ids and id not in self.by_id:
            return make()
        kept = self._parts.get((id, part))
        if kept is None or kept[0] != made_from:
            kept = self._parts[id, part] = (made_from, make())
        made: T = kept[1]
        return made

    def _keep_parts(self, before: Told) -> None:
        gone = (before.ids - self.ids) | (before.by_id.keys() - self.by_id.keys())
        kept = before._parts
        self._parts = {key: each for key, each in [*kept.items()] if key[0] not in gone} if gone else kept.copy()
        self.months = {} if gone else before.months.copy()

    def began(self, component: ComponentRow) -> datetime:
        """Since when there is something to measure: the day that was given for it, else when it was added."""
        starts_on = component.starts_on
        return zones.start_of_day(starts_on, self.zone) if starts_on is not None else component.created_at

    def members(self, group: GroupRow) -> tuple[ComponentRow, ...]:
        """The shown components under this heading."""
        return self._members.get(group.id, ())

    def troubles(self, row: ComponentRow | GroupRow) -> tuple[tuple[Interval, ...], datetime]:
        """What a component, or all of a group at once, went through; and since when there is something to measure."""
        if isinstance(row, ComponentRow):
            return self._troubles.get(row.public_id, ()), self.began(row)
        found = self._of_groups.get(row.public_id)
        if found is None:
            found = self._of_groups[row.public_id] = uptime.together(self.troubles(one) for one in self.members(row))
        return found

    def days(self, row: ComponentRow | GroupRow, minute: datetime) -> tuple[tuple[Day, ...], Day, Decimal | None]:
        """The days before today, today, and the uptime of all ninety; what lies before today is computed once a day."""
        today = self._day_of(minute)
        past = self._past.get(row.public_id)
        if past is None or past.today != today:
            past = self._past[row.public_id] = self._before(today, row, minute)
        now = self._today(row, past, minute)
        if not past.as_one.spent and not now.spent:
            return past.days, now, _WHOLE if past.as_one.observed + now.observed else None
        return past.days, now, uptime.percentage((past.as_one, now), self.records.settings.weights)

    def _before(self, today: date, row: ComponentRow | GroupRow, minute: datetime) -> _Past:
        troubles, began_at = self.troubles(row)
        days = uptime.days(troubles, created_at=began_at, now=minute, zone=self.zone)[:-1]
        start, end = (zones.start_of_day(each, self.zone) for each in (today, today + timedelta(days=1)))
        lately = tuple(each for each in troubles if each.start < end and (each.end is None or each.end > start))
        return _Past(today, days, _as_one(days, today), lately, is_quiet=began_at <= start and not lately)

    def _today(self, row: ComponentRow | GroupRow, past: _Past, minute: datetime) -> Day:
        """Today up to now; on most days it is the same for most."""
        quiet = self._quiet_day
        if past.is_quiet and quiet is not None and quiet[0] == minute:
            return quiet[1]
        _troubles, began_at = self.troubles(row)
        (now,) = uptime.days(past.lately, created_at=began_at, now=minute, zone=self.zone, count=1)
        if past.is_quiet:
            self._quiet_day = (minute, now)
        return now

    def _day_of(self, minute: datetime) -> date:
        found = self._day
        if found is None or found[0] != minute:
            found = self._day = (minute, minute.astimezone(self.zone).date())
        return found[1]

    def status(self, component: ComponentRow, minute: datetime) -> ComponentStatus:
        """Its baseline, overlaid by the impact of open incidents and by running maintenance."""
        one = component.public_id
        impacts = [incident.now[one] for incident in self._open if one in incident.now]
        if one in self.standing(minute).touched:
            impacts.append(ComponentStatus.MAINTENANCE)
        return uptime.overlay(component.status, impacts) if impacts else ComponentStatus(component.status)

    def standing(self, minute: datetime) -> Standing:
        """How far the announced work is at this minute."""
        return self.announced.standing(minute)

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

    def works_by_day(self, component: str) -> Mapping[date, list[Work]]:
        """On which days which announced work touches this component."""
        if self._works_by_day is None:
            self._works_by_day = {}
            for work in self.works:
                for day in self._days_of(work.stretch) if work.stretch is not None else ():
                    for one in work.components:
                        self._works_by_day.setdefault(one, {}).setdefault(day, []).append(work)
        return self._works_by_day.get(component, {})

    def _days_of(self, stretch: Stretch | Interval) -> Iterable[date]:
        first = stretch.start.astimezone(self.zone).date()
        # an open one reaches to any day that may still be drawn from these records; at midnight a day has not begun
        end = max(stretch.start, stretch.end - timedelta.resolution) if stretch.end else None
        last = end.astimezone(self.zone).date() if end else first + rows.REACH
        return (first + timedelta(days=day) for day in range((min(last, first + rows.REACH) - first).days + 1))

    def knows_maintenance(self, minute: datetime) -> bool:
        """Whether any component was under maintenance in the time that is drawn."""
        return any(
            each.status == ComponentStatus.MAINTENANCE and each.start <= minute
            for troubles in self._troubles.values()
            for each in troubles
        )

    @cached_property
    def _open(self) -> list[Incident]:
        return [incident for incident in self.incidents if incident.is_open]


def _in_page_order(records: Records) -> list[ComponentRow]:
    """Without a group first, then group by group."""
    places = {group.id: place for place, group in enumerate(records.groups, start=1)}
    return sorted(records.components, key=lambda each: (places.get(each.group_id or 0, 0), each.position, each.id))


def _by_group(shown: Iterable[ComponentRow]) -> dict[int | None, tuple[ComponentRow, ...]]:
    found: dict[int | None, list[ComponentRow]] = {}
    for each in shown:
        found.setdefault(each.group_id, []).append(each)
    return {group: tuple(each) for group, each in found.items()}


def _as_one(days: Sequence[Day], today: date) -> Day:
    """Many days as a single long one, with the same share of trouble."""
    spent: dict[ComponentStatus, timedelta] = {}
    for day in days:
        for status, length in day.spent.items():
            spent[status] = spent.get(status, timedelta()) + length
    return Day(today, None, sum((day.observed for day in days), timedelta()), spent)


def _together(
    troubles: Mapping[str, tuple[Interval, ...]], stretches: Mapping[str, tuple[Interval, ...]]
) -> dict[str, tuple[Interval, ...]]:
    both = {one: troubles.get(one, ()) + each for one, each in stretches.items()}
    return {**troubles, **both}


def troubles_of(
    components: Iterable[ComponentRow],
    baselines: Iterable[BaselineRow],
    incidents: Iterable[Incident],
    works: Iterable[Work],
) -> dict[str, tuple[Interval, ...]]:
    """Per component (by public id), every stretch in which something put it into another state."""
    found: dict[str, list[Interval]] = {}
    for incident in incidents:
        for each in incident.stretches:
            found.setdefault(each.component, []).append(each.interval)
    for work in works:
        if work.stretch is not None:
            for one in work.components:
                found.setdefault(one, []).append(work.stretch)
    changes: dict[int, list[BaselineRow]] = {}
    for change in baselines:
        changes.setdefault(change.component_id, []).append(change)
    for component in components:
        found.setdefault(component.public_id, []).extend(_baseline_stretches(changes.get(component.id, [])))
    return {component: tuple(intervals) for component, intervals in found.items()}


def _baseline_stretches(changes: Sequence[BaselineRow]) -> Iterable[Interval]:
    ends: list[datetime | None] = [*(change.at for change in changes[1:]), None]
    for change, end in zip(changes, ends, strict=False):
        if change.status != OPERATIONAL:
            yield Interval(ComponentStatus(change.status), change.at, end)
