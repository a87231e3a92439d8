"""Everything that was recorded of one incident, read in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ...kernel.database import db
from ...kernel.outbox import OutboxMessage
from ...published.components import Component
from ...published.page_settings import page_settings
from ...records.incidents import Incident, IncidentComponent, IncidentRole, Target
from ...records.people import Person
from ...records.postmortem_writing import PostmortemLine
from ...records.postmortems import Postmortem
from ...records.timeline import TimelineEntry
from ...records.updates import Update
from .lines import Line, lines_of


@dataclass(frozen=True)
class Seat:
    """Who held a role, from when until when (None: to the end)."""

    role: str
    name: str
    since: datetime
    until: datetime | None
    person_id: int

    @property
    def label(self) -> str:
        """The role as people read it."""
        return self.role.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Sent:
    """Messages of one kind, counted: none of their addresses is read."""

    channel: str
    purpose: str
    state: str
    person_id: int | None
    number: int


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
    kept: Mapping[int, PostmortemLine] = field(default_factory=dict)  # lines that somebody changed, by entry
    sent: Sequence[Sent] = ()

    @cached_property
    def lines(self) -> list[Line]:
        """The post-mortem's timeline, with what is left out of it."""
        return lines_of(self.entries, self.kept)

    def of_kind(self, *kinds: str) -> list[TimelineEntry]:
        """The entries of these kinds, in order."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def first(self, kind: str) -> TimelineEntry | None:
        """The first entry of a kind."""
        return next((entry for entry in self.entries if entry.kind == kind), None)


def read(incident: Incident) -> Record:
    """Eight queries, however long the timeline is."""
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
        select(IncidentRole.role, Person.name, IncidentRole.since, IncidentRole.until, Person.id)
        .join(Person, Person.id == IncidentRole.person_id)
        .where(IncidentRole.incident_id == incident.id)
        .order_by(IncidentRole.since, IncidentRole.id)
    )
    targets = select(Target).where(Target.incident_id == incident.id).order_by(Target.id)
    lines = (
        select(PostmortemLine)
        .join(Postmortem, Postmortem.id == PostmortemLine.postmortem_id)
        .where(Postmortem.incident_id == incident.id)
    )
    return Record(
        incident=incident,
        entries=entries,
        updates=db.session.scalars(known.order_by(Update.published_at, Update.id)).all(),
        components=[(row.name, row.status) for row in db.session.execute(touched)],
        seats=[Seat(row.role, row.name, row.since, row.until, row.id) for row in db.session.execute(held)],
        targets=db.session.scalars(targets).all(),
        zone=ZoneInfo(page_settings().zone),
        kept={line.entry_id: line for line in db.session.scalars(lines)},
        sent=_sent(incident),
    )


def _sent(incident: Incident) -> list[Sent]:
    kind = (OutboxMessage.channel, OutboxMessage.purpose, OutboxMessage.state, OutboxMessage.person_id)
    counted = select(*kind, func.count()).where(OutboxMessage.incident_id == incident.id).group_by(*kind)
    return [Sent(*row) for row in db.session.execute(counted)]
