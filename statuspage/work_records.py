"""Reads announced work with its updates: a few queries, none of which grows with history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

from incidents.published.maintenances import Maintenance, MaintenanceSeries, MaintenanceUpdate


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


def read_works(connection: Connection, since: datetime, *, most_recent: int) -> tuple[WorkRow, ...]:
    """What runs, is still to come or ended since then, and the latest so many besides; the latest first."""
    return _works(connection, _recent_or_running(most_recent), since=since)


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

_WORK = [each.name for each in fields(WorkRow)][:-2]
_COMPONENTS = _WORK.index("components")
_WORK_UPDATE = [each.name for each in fields(WorkUpdateRow)]


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
def _recent_or_running(most_recent: int) -> _Which:
    newest = select(Maintenance.id).order_by(Maintenance.starts_at.desc(), Maintenance.id.desc())
    return _chosen(
        or_(
            Maintenance.over_at.is_(None),
            Maintenance.over_at >= bindparam("since", type_=Maintenance.over_at.type),
            Maintenance.id.in_(newest.limit(most_recent).scalar_subquery()),
        )
    )


def _chosen(which: ColumnElement[bool]) -> _Which:
    columns = [getattr(Maintenance, name) for name in _WORK]
    repeats = (MaintenanceSeries.rule, MaintenanceSeries.zone, MaintenanceSeries.local_start)
    works = select(*columns, *repeats, MaintenanceSeries.stopped_at).outerjoin(
        MaintenanceSeries, MaintenanceSeries.id == Maintenance.series_id
    )
    updates = select(
        MaintenanceUpdate.maintenance_id, *(getattr(MaintenanceUpdate, name) for name in _WORK_UPDATE)
    ).join(Maintenance, Maintenance.id == MaintenanceUpdate.maintenance_id)
    return _Which(
        works.where(which).order_by(Maintenance.starts_at.desc(), Maintenance.id.desc()),
        updates.where(which).order_by(MaintenanceUpdate.display_at, MaintenanceUpdate.id),
    )


# -- and what is made of their rows ------------------------------------------------------------------------------------


def _works(connection: Connection, which: _Which, **named: object) -> tuple[WorkRow, ...]:
    found = connection.execute(which.works, named).all()
    updates = _work_updates(connection, which, named) if found else {}
    return tuple(_work(row, tuple(updates.get(row.id, ()))) for row in found)


def _work(row: Any, updates: tuple[WorkUpdateRow, ...]) -> WorkRow:
    values: list[Any] = list(row[: len(_WORK)])
    values[_COMPONENTS] = tuple(values[_COMPONENTS])
    repeats = (row.rule, row.zone, row.local_start) if row.rule and row.stopped_at is None else None
    values += [repeats, updates]
    return WorkRow(*values)


def _work_updates(connection: Connection, which: _Which, named: Mapping[str, object]) -> dict[int, list[WorkUpdateRow]]:
    by_work: dict[int, list[WorkUpdateRow]] = {}
    for row in connection.execute(which.updates, named):
        by_work.setdefault(row[0], []).append(WorkUpdateRow(*row[1:]))
    return by_work
