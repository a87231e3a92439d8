"""Reads announced work with its updates: a few queries, none of which grows with history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, and_, bindparam, or_, select, union

from incidents.published.maintenances import Maintenance, MaintenanceSeries, MaintenanceUpdate

from . import stored
from .stored import Known, Raw


@dataclass(frozen=True, slots=True)
class WorkUpdateRow:
    """One thing said or done about announced work; the old and new times where it was moved."""

    public_id: str
    kind: str
    body: str
    body_html: str
    display_at: datetime
    was_starts_at: datetime | None
    was_ends_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    notify: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One piece of announced work with its updates, oldest first; ``repeats`` is rule, zone and local start of its series."""

    id: int
    public_id: str
    series_id: int | None
    title: str
    body: str
    body_html: str
    components: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    begun_at: datetime | None
    verifying_at: datetime | None
    finished_at: datetime | None
    cancelled_at: datetime | None
    ends_by_itself: bool
    verify_minutes: int
    notify: bool
    sequence: int
    created_at: datetime
    updated_at: datetime
    repeats: tuple[str, str, str] | None
    updates: tuple[WorkUpdateRow, ...]


def read_works(connection: Connection, since: datetime, known: Known, *, most_recent: int) -> tuple[WorkRow, ...]:
    """What runs, is still to come or ended since then, and the latest so many besides; the latest first."""
    marks = stored.rows(connection, _marks(most_recent), {"since": since})
    repeated = any(series is not None for *_mark, series in marks)
    running = {row[0]: row[1:] for row in stored.rows(connection, _running_series())} if repeated else {}
    return known.made(
        "work",
        (marks, running),
        # whoever changes one counts its version up; only its series changes beside it
        lambda: ((number, (public_id, version, running.get(series))) for number, public_id, version, series in marks),
        lambda changed: {row.id: row for row in _works(connection, _of_numbers(), numbers=list(changed))},
        newest_by=_latest,
    )


def read_work(connection: Connection, public_id: str) -> WorkRow | None:
    """One piece of announced work, however old."""
    return next(iter(_works(connection, _of_id(), public_id=public_id)), None)


def read_works_of(connection: Connection, public_ids: Collection[str], *, now: datetime) -> tuple[WorkRow, ...]:
    """These, and what runs now."""
    has_begun = or_(Maintenance.starts_at <= now, Maintenance.begun_at <= now)
    runs = and_(has_begun, or_(Maintenance.over_at.is_(None), Maintenance.over_at > now))
    return _works(connection, _chosen(or_(runs, Maintenance.public_id.in_(public_ids))))


def read_works_between(connection: Connection, start: datetime, end: datetime) -> tuple[WorkRow, ...]:
    """The announced work that begins in ``[start, end)``, the latest first."""
    return _works(connection, _between("starts_at"), start=start, end=end)


def read_works_over_between(connection: Connection, start: datetime, end: datetime) -> tuple[WorkRow, ...]:
    """The announced work that was over in ``[start, end)``, the latest first."""
    return _works(connection, _between("over_at"), start=start, end=end)


# -- the statements, each put together once ----------------------------------------------------------------------------

_OF_WORK = [getattr(Maintenance, each.name) for each in fields(WorkRow)[:-2]]
_OF_SERIES = [getattr(MaintenanceSeries, name) for name in ("rule", "zone", "local_start", "stopped_at")]
_OF_UPDATE = [getattr(MaintenanceUpdate, each.name) for each in fields(WorkUpdateRow)]
_TYPES_OF_WORK, _TYPES_OF_UPDATE = stored.types_of(_OF_WORK), stored.types_of(_OF_UPDATE)
_COMPONENTS = [each.name for each in fields(WorkRow)].index("components")


@dataclass(frozen=True)
class _Which:
    """Some announced work, and all updates of it."""

    works: Select[Any]
    updates: Select[Any]


@lru_cache
def _of_id() -> _Which:
    return _chosen(Maintenance.public_id == bindparam("public_id"))


@lru_cache
def _between(column: str) -> _Which:
    at = getattr(Maintenance, column)
    return _chosen(and_(at >= bindparam("start", type_=at.type), at < bindparam("end", type_=at.type)))


@lru_cache
def _of_numbers() -> _Which:
    return _chosen(Maintenance.id.in_(bindparam("numbers", expanding=True)))


@lru_cache
def _marks(most_recent: int) -> Select[Any]:
    newest = select(Maintenance.id).order_by(Maintenance.starts_at.desc(), Maintenance.id.desc())
    # each by its own index, as for incidents (records)
    recent = union(
        select(Maintenance.id).where(Maintenance.over_at.is_(None)),
        select(Maintenance.id).where(Maintenance.over_at >= bindparam("since", type_=Maintenance.over_at.type)),
        select(newest.limit(most_recent).subquery().c.id),
    )
    columns = (Maintenance.id, Maintenance.public_id, Maintenance.version, Maintenance.series_id)
    return select(*stored.as_stored(columns)).where(Maintenance.id.in_(recent))


@lru_cache
def _running_series() -> Select[Any]:
    columns = (MaintenanceSeries.id, MaintenanceSeries.rule, MaintenanceSeries.zone, MaintenanceSeries.local_start)
    return select(*stored.as_stored(columns)).where(MaintenanceSeries.stopped_at.is_(None))


def _chosen(which: ColumnElement[bool]) -> _Which:
    works = select(*stored.as_stored([*_OF_WORK, *_OF_SERIES])).join_from(
        Maintenance, MaintenanceSeries, MaintenanceSeries.id == Maintenance.series_id, isouter=True
    )
    updates = select(*stored.as_stored([MaintenanceUpdate.maintenance_id, *_OF_UPDATE])).join_from(
        MaintenanceUpdate, Maintenance, Maintenance.id == MaintenanceUpdate.maintenance_id
    )
    return _Which(works.where(which), updates.where(which).order_by(MaintenanceUpdate.display_at, MaintenanceUpdate.id))


# -- and what is made of their rows ------------------------------------------------------------------------------------


def _works(connection: Connection, which: _Which, **named: object) -> tuple[WorkRow, ...]:
    """The latest first."""
    found = stored.rows(connection, which.works, named)
    updates = _work_updates(connection, which, named) if found else {}
    made = (_work(row, updates.get(row[0], []), connection.dialect) for row in found)
    return tuple(sorted(made, key=_latest, reverse=True))


def _latest(row: WorkRow) -> tuple[datetime, int]:
    return row.starts_at, row.id


def _work_updates(connection: Connection, which: _Which, named: Mapping[str, object]) -> dict[int, list[Raw]]:
    by_work: dict[int, list[Raw]] = {}
    for row in stored.rows(connection, which.updates, named):
        by_work.setdefault(row[0], []).append(row[1:])
    return by_work


def _work(row: Raw, updates: list[Raw], dialect: Dialect) -> WorkRow:
    rule, zone, local_start, stopped_at = row[len(_OF_WORK) :]
    values = stored.sense(_TYPES_OF_WORK, row[: len(_OF_WORK)], dialect)
    values[_COMPONENTS] = tuple(values[_COMPONENTS])
    values += [
        (rule, zone, local_start) if rule and stopped_at is None else None,
        tuple(WorkUpdateRow(*stored.sense(_TYPES_OF_UPDATE, each, dialect)) for each in updates),
    ]
    return WorkRow(*values)
