"""Everything that was recorded of one incident, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ...kernel.database import db
from ...published.components import Component
from ...published.page_settings import page_settings
from ...records.incidents import Incident, IncidentComponent, IncidentRole, Target
from ...records.people import Person
from ...records.timeline import TimelineEntry
from ...records.updates import Update


@dataclass(frozen=True)
class Seat:
    """Who held a role, from when until when (None: to the end)."""

    role: str
    name: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Record:
    """What the draft is made of; ``zone`` is the page's, in which times are told beside UTC."""

    incident: Incident
    entries: Sequence[TimelineEntry]  # by the time at which they happened
    updates: Sequence[Update]  # those made known, by the time that they bear
    components: Sequence[tuple[str, str]]  # name, worst state as the team sees it
    seats: Sequence[Seat]
    targets: Sequence[Target]
    zone: ZoneInfo

    def of_kind(self, *kinds: str) -> list[TimelineEntry]:
        """The entries of these kinds, in order."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def first(self, kind: str) -> TimelineEntry | None:
        """The first entry of a kind."""
        return next((entry for entry in self.entries if entry.kind == kind), None)


def read(incident: Incident) -> Record:
    """Six queries, however long the timeline is."""
    mine = TimelineEntry.incident_id == incident.id
    entries = db.session.scalars(select(TimelineEntry).where(mine).order_by(TimelineEntry.at, TimelineEntry.id)).all()
    known = select(Update).where(Update.incident_id == incident.id, Update.state == "published")
    touched = (
        select(Component.name, IncidentComponent.status)
        .join(Component, Component.public_id == IncidentComponent.component_id)
        .where(IncidentComponent.incident_id == incident.id)
        .order_by(Component.group_id, Component.position)
    )
    held = (
        select(IncidentRole.role, Person.name, IncidentRole.since, IncidentRole.until)
        .join(Person, Person.id == IncidentRole.person_id)
        .where(IncidentRole.incident_id == incident.id)
        .order_by(IncidentRole.since, IncidentRole.id)
    )
    targets = select(Target).where(Target.incident_id == incident.id).order_by(Target.id)
    return Record(
        incident=incident,
        entries=entries,
        updates=db.session.scalars(known.order_by(Update.published_at, Update.id)).all(),
        components=[(row.name, row.status) for row in db.session.execute(touched)],
        seats=[Seat(row.role, row.name, row.since, row.until) for row in db.session.execute(held)],
        targets=db.session.scalars(targets).all(),
        zone=ZoneInfo(page_settings().zone),
    )
