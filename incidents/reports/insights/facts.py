"""What insights are counted from: one query a fact, with the columns it needs and no objects, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, case, func, literal_column, select, text, type_coerce
from sqlalchemy.types import UserDefinedType

from ...kernel import clock
from ...kernel.database import db
from ...policy.components import ComponentStatus
from ...policy.postmortems import State
from ...records.incidents import Incident, IncidentComponent, Target
from ...records.postmortems import Postmortem
from ...records.timeline import COURSE, MITIGATED, TimelineEntry
from ...records.updates import Update
from .selection import Selection

Rows = Sequence[Any]  # named tuples of what the query selects


class Bare(UserDefinedType[datetime]):
    """A time as the driver has it: of tens of thousands only differences are wanted, and a zone each would cost most."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _read if dialect.name == "sqlite" else None


class BareAndAlways(Bare):
    """The same where there always is one, which is read without asking."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return datetime.fromisoformat if dialect.name == "sqlite" else None


def _read(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class Fact(NamedTuple):
    """What is asked of one incident. Its times have no zone where the database keeps none; they are in UTC."""

    id: int
    severity: str
    cause: str | None
    outcome: str | None
    is_drill: bool
    pages_nobody: bool
    cycle: int
    declared_at: datetime
    detected_at: datetime
    impact_started_at: datetime | None
    acknowledged_at: datetime | None
    first_communicated_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    first_fix_at: datetime | None  # on the timeline


def incidents(selection: Selection) -> list[Fact]:
    """All that was asked about, drills, false alarms and merged ones too, by when it was detected."""
    wanted = select(*map(_column, Fact._fields[:-1]), _first_fix())
    found = _plainly(wanted.where(*selection.asked).order_by(Incident.detected_at, Incident.id))
    # a name looked up in a row of the database's costs many times one of ours
    return list(map(Fact._make, found))


def _plainly(wanted: Select[Any]) -> Iterator[Any]:
    """In the session's transaction, without the session's look at each row: it would look for objects in it.

    A few rows at a time: so many that are kept at once keep the garbage collector busy for longer than all the rest.
    """
    return chain.from_iterable(db.session.connection().execute(wanted).partitions(500))


def _column(name: str) -> Any:
    column = Incident.__table__.c[name]
    return type_coerce(column, Bare() if column.nullable else BareAndAlways()) if name.endswith("_at") else column


def _first_fix() -> Any:
    """When the first fix was in place: a reopening forgets the one that did not hold, the timeline keeps it."""
    entries = select(type_coerce(func.min(TimelineEntry.at), Bare()))
    return entries.where(text(MITIGATED), TimelineEntry.incident_id == Incident.id).scalar_subquery()


def course(selection: Selection) -> Iterator[Any]:
    """Every step that was entered (incident, time, step), in the order of each incident.

    A resolution that stands is left out, for the incident itself has its time; those before a reopening are here.
    """
    detail = TimelineEntry.detail
    step = case(
        (TimelineEntry.kind == "step", detail["after"].as_string()),
        (TimelineEntry.kind == "reopened", detail["step"].as_string()),
        else_=literal_column("'resolution'"),
    )
    is_here = (TimelineEntry.kind != "resolved") | (Incident.cycle > 1)
    wanted = (
        select(TimelineEntry.incident_id, type_coerce(TimelineEntry.at, BareAndAlways()), step)
        .join(Incident, Incident.id == TimelineEntry.incident_id)
        # spelt as the index spells it: with values that are bound later it could not be used
        .where(text(COURSE), is_here, *selection.counted)
        .order_by(Incident.detected_at, Incident.id, TimelineEntry.at, TimelineEntry.id)
    )
    return _plainly(wanted)


def targets(selection: Selection) -> Rows:
    """By severity and kind: how many were met, of how many that are decided. A reopening asks anew.

    Nobody had to answer what was declared when it was over.
    """
    late = Target.breached_at.is_not(None) | (func.coalesce(Target.met_at, clock.now()) > Target.deadline_at)
    decided = late | Target.met_at.is_not(None)
    wanted = (
        select(
            Incident.severity,
            Target.kind,
            func.count(case((decided & ~late, 1))).label("met"),
            func.count(case((decided, 1))).label("of"),
        )
        .join(Incident, Incident.id == Target.incident_id)
        .where(
            Target.replaced_at.is_(None),
            (Target.kind == "resolve") | Incident.pages_nobody.is_(False),
            *selection.counted,
        )
        .group_by(Incident.severity, Target.kind)
    )
    return db.session.execute(wanted).all()


def updates(selection: Selection) -> Rows:
    """By severity: how many of the updates that were owed came in time."""
    wanted = (
        select(
            Incident.severity,
            func.count(case((Update.was_on_time.is_(True), 1))).label("met"),
            func.count(Update.was_on_time).label("of"),
        )
        .join(Incident, Incident.id == Update.incident_id)
        .where(Update.state == "published", Update.was_on_time.is_not(None), *selection.counted)
        .group_by(Incident.severity)
    )
    return db.session.execute(wanted).all()


def postmortems(selection: Selection) -> Rows:
    """By severity: how many post-mortems are published or waived, of those that were owed or begun."""
    done = (Postmortem.state == State.PUBLISHED) | Incident.postmortem_waived_reason.is_not(None)
    wanted = (
        select(Incident.severity, func.count(case((done, 1))).label("met"), func.count().label("of"))
        .outerjoin(Postmortem, Postmortem.incident_id == Incident.id)
        .where(Incident.postmortem_due_at.is_not(None) | Postmortem.id.is_not(None), *selection.counted)
        .group_by(Incident.severity)
    )
    return db.session.execute(wanted).all()


def components(selection: Selection) -> Rows:
    """How many incidents touched each component, by its public id."""
    wanted = (
        select(IncidentComponent.component_id, func.count().label("n"))
        .join(Incident, Incident.id == IncidentComponent.incident_id)
        .where(IncidentComponent.status != ComponentStatus.OPERATIONAL, *selection.counted)
        .group_by(IncidentComponent.component_id)
        .order_by(literal_column("n").desc(), IncidentComponent.component_id)
    )
    return db.session.execute(wanted).all()
