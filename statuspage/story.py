"""What one incident's updates tell: which component was in which trouble, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from incidents.policy.components import IMPACT_OF, ComponentStatus, Impact, worst
from incidents.policy.uptime import Interval

from . import records as rows
from .records import IncidentRow

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

    @cached_property
    def interval(self) -> Interval:
        """The same as the figures want it."""
        return Interval(self.status, self.start, self.end)


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

    @cached_property
    def rca(self) -> Update | None:
        """The root cause analysis: the newest text with that status."""
        return next((update for update in self.updates if update.status == "postmortem"), None)

    @property
    def promise(self) -> datetime | None:
        """When the next update is due, while that means something."""
        return self.updates[0].promised_at if self.is_open else None

    def lasted(self, minute: datetime) -> timedelta:
        """From its beginning to its end, or until now."""
        return (self.row.ended_at or minute) - self.row.began_at


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
