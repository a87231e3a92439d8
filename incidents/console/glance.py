"""Incidents at a glance: one row of a list each, gathered with a fixed number of questions whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from ..kernel import clock
from ..kernel.database import db
from ..policy.lifecycle import STEPS, Outcome, Step, Visibility
from ..published.components import Component
from ..published.incidents import PublishedIncident, PublishedUpdate
from ..records.incidents import Incident, IncidentComponent, IncidentRole
from ..records.people import Person
from . import sla_badges
from .sla_badges import Badge


@dataclass(frozen=True)
class Mark:
    """One of the seven on a stepper: ``state`` is done, skipped, current, next or later."""

    step: Step
    state: str
    note: str = ""

    @property
    def word(self) -> str:
        return self.step.label


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a list prints of an incident."""

    incident: Incident
    components: Sequence[str]
    commander: Person | None
    published_at: datetime | None  # the newest public update; None while nothing is public
    marks: Sequence[Mark]
    sla: Badge | None = None  # of an open one, where a target is at risk or missed

    @property
    def lasted(self) -> timedelta:
        """From the impact's start to the resolution, or until now."""
        return (self.incident.resolved_at or clock.now()) - self.incident.began_at

    @property
    def state_word(self) -> str:
        """Where an incident that is over stands."""
        if self.incident.outcome == Outcome.FALSE_ALARM:
            return "False alarm"
        if self.incident.outcome == Outcome.MERGED:
            return "Merged"
        if self.incident.closed_at is not None:
            return "Closed"
        return "Post-mortem" if self.incident.postmortem_due_at else "Resolved"

    @property
    def is_kept_internal(self) -> bool:
        return self.incident.visibility != Visibility.PUBLIC or self.incident.is_drill


def rows(incidents: Sequence[Incident]) -> list[Row]:
    """The rows of these incidents, in their order."""
    ids = [incident.id for incident in incidents]
    components, commanders, published = _component_names(ids), _commanders(ids), _published(ids)
    badges = sla_badges.of(incidents)
    return [
        Row(
            incident=incident,
            components=components[incident.id],
            commander=commanders.get(incident.id),
            published_at=published.get(incident.id),
            marks=marks(Step(incident.step)),
            sla=badges.get(incident.id),
        )
        for incident in incidents
    ]


def marks(step: Step) -> list[Mark]:
    """The seven steps as they stand at ``step``."""
    return [Mark(each, _state(each.number - step.number)) for each in STEPS]


def _state(distance: int) -> str:
    if distance < 0:
        return "done"
    return ("current", "next")[distance] if distance < 2 else "later"


def _component_names(ids: Sequence[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    named = (
        select(IncidentComponent.incident_id, Component.name)
        .join(Component, Component.public_id == IncidentComponent.component_id)
        .where(IncidentComponent.incident_id.in_(ids))
        .order_by(Component.position, Component.id)
    )
    for incident_id, name in db.session.execute(named):
        names[incident_id].append(name)
    return names


def _commanders(ids: Sequence[int]) -> dict[int, Person]:
    held = (
        select(IncidentRole.incident_id, Person)
        .join(Person, Person.id == IncidentRole.person_id)
        .where(IncidentRole.incident_id.in_(ids), IncidentRole.role == "commander", IncidentRole.until.is_(None))
    )
    return {row[0]: row[1] for row in db.session.execute(held)}


def _published(ids: Sequence[int]) -> dict[int, datetime]:
    newest = (
        select(PublishedIncident.incident_id, func.max(PublishedUpdate.display_at))
        .join(PublishedUpdate, PublishedUpdate.published_incident_id == PublishedIncident.id)
        .where(PublishedIncident.incident_id.in_(ids))
        .group_by(PublishedIncident.incident_id)
    )
    return {row[0]: row[1] for row in db.session.execute(newest)}
