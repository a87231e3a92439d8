"""Reads the published rows: a few queries, none of which grows with history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union,
)
from sqlalchemy.orm import aliased

from incidents.policy.uptime import USUAL, Weights
from incidents.published.baselines import BaselineChange
from incidents.published.components import Component, ComponentGroup
from incidents.published.incidents import PublishedIncident, PublishedUpdate
from incidents.published.page_settings import (
    DEFAULT_LANGUAGE,
    DEFAULT_LANGUAGES,
    DEFAULT_NAME,
    DEFAULT_ZONE,
    PageSettings,
)
from incidents.published.pinned import PinnedNotice
from incidents.published.revision import PageRevision

from . import stored
from .stored import Known, Raw
from .work_records import WorkRow, read_works, read_works_of

# 90 days, and what a day's two ends may add in any zone; two whole months always fit inside.
REACH = timedelta(days=92)
MOST_RECENT = 50  # what Statuspage lists in incidents.json


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """How the page presents itself."""

    public_id: str = "000000000000"
    name: str = DEFAULT_NAME
    zone: str = DEFAULT_ZONE
    support_url: str | None = None
    logo: bytes | None = None
    shows_severity: bool = False
    partial_weight: int = USUAL.partial
    degraded_weight: int = USUAL.degraded
    major_weight: int = USUAL.major
    accent: str | None = None
    accent_dark: str | None = None
    footer_links: tuple[tuple[str, str], ...] = ()
    language: str = DEFAULT_LANGUAGE
    languages: str = DEFAULT_LANGUAGES
    updated_at: datetime | None = None

    @property
    def weights(self) -> Weights:
        """How much of the time in each state counts as down."""
        return Weights(partial=self.partial_weight, degraded=self.degraded_weight, major=self.major_weight)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A heading."""

    id: int
    public_id: str
    name: str
    position: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """A component that may be named in public (hidden ones never leave the database)."""

    id: int
    public_id: str
    name: str
    description: str | None
    group_id: int | None
    position: int
    status: str
    is_showcased: bool
    only_if_degraded: bool
    starts_on: date | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """From ``at`` on, the component's baseline was ``status``."""

    component_id: int
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """One public text; ``components`` as pairs of public id and status."""

    public_id: str
    body: str
    body_html: str
    public_status: str
    components: tuple[tuple[str, str], ...]
    display_at: datetime
    next_update_at: datetime | None
    notify: bool
    created_at: datetime
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident with its updates, oldest first; ``continues`` is public id and title of the one it merged into."""

    id: int
    public_id: str
    title: str
    severity: str
    began_at: datetime
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime
    updates: tuple[UpdateRow, ...]
    continues: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """The pinned notice; whether it stands on the page is a question of the minute."""

    body_html: str
    level: str
    from_at: datetime
    until_at: datetime | None

    def stands_at(self, minute: datetime) -> bool:
        """Whether the public reads it then."""
        return self.from_at <= minute and (self.until_at is None or minute < self.until_at)


@dataclass(frozen=True, slots=True)
class Records:
    """All that the page is drawn from."""

    revision: int
    read_at: datetime
    settings: SettingsRow
    groups: tuple[GroupRow, ...]
    components: tuple[ComponentRow, ...]
    baselines: tuple[BaselineRow, ...]
    incidents: tuple[IncidentRow, ...]  # newest beginning first
    first_began_at: datetime | None
    maintenances: tuple[WorkRow, ...] = ()  # the latest first
    notice: NoticeRow | None = None
    first_address: str | None = None  # what the ids of entries are made of, once it is settled


def revision(connection: Connection) -> int:
    """Where the page's revision stands; 0 before anything was ever published."""
    return connection.scalar(_revision()) or 0


def read(connection: Connection, now: datetime, known: Known | None = None) -> Records:
    """Everything from the open incidents and the last 90 days, and the 50 newest incidents besides.

    ``known`` is whatever the caller read last: rows that have not changed come back as the same objects.
    """
    since, known = now - REACH, known or Known()
    # the revision first: what is committed while we read moves it again, and we come back
    first = connection.execute(_how_far_it_is()).first()
    stands_at, first_address, first_began_at = first or (0, None, None)
    return Records(
        revision=stands_at,
        read_at=now,
        settings=_how_it_presents_itself(connection),
        groups=tuple(GroupRow(*row) for row in connection.execute(_groups())),
        components=_read_components(connection, known),
        baselines=baselines_since(connection, since, known),
        incidents=_incidents(connection, _recent_or_running(MOST_RECENT), known, since=since),
        first_began_at=first_began_at,
        maintenances=read_works(connection, since, known, most_recent=MOST_RECENT),
        notice=next((NoticeRow(*row) for row in connection.execute(_notice())), None),
        first_address=first_address,
    )


def read_asked(connection: Connection, *, now: datetime, incidents: Collection[str], works: Collection[str]) -> Records:
    """What is asked for, and what else says how the components stand now; hidden ones too, so it is for colleagues."""
    which = _chosen(or_(PublishedIncident.ended_at.is_(None), PublishedIncident.public_id.in_(incidents)))
    return Records(
        revision=0,
        read_at=now,
        settings=_how_it_presents_itself(connection),
        groups=tuple(GroupRow(*row) for row in connection.execute(_groups())),
        components=_read_components(connection, Known(), hidden=True),
        baselines=(),
        incidents=_incidents(connection, which, Known()),
        first_began_at=None,
        maintenances=read_works_of(connection, works, now=now),
    )


def read_incident(connection: Connection, public_id: str) -> IncidentRow | None:
    """One incident, however old."""
    return next(iter(_incidents(connection, _of_id(), Known(), public_id=public_id)), None)


def read_between(connection: Connection, start: datetime, end: datetime) -> tuple[IncidentRow, ...]:
    """The incidents that began in ``[start, end)``, newest first."""
    return _incidents(connection, _began_between(), Known(), start=start, end=end)


def read_ended_between(connection: Connection, start: datetime, end: datetime) -> tuple[IncidentRow, ...]:
    """The incidents that ended in ``[start, end)``, without their texts."""
    return _incidents(connection, _ended_between(), Known(), start=start, end=end)


def _how_it_presents_itself(connection: Connection) -> SettingsRow:
    row = connection.execute(_settings()).first()
    if row is None:
        return SettingsRow()
    found = SettingsRow(*row)
    return replace(found, footer_links=tuple((words, address) for words, address in found.footer_links))


def _read_components(connection: Connection, known: Known, *, hidden: bool = False) -> tuple[ComponentRow, ...]:
    found = stored.rows(connection, _components(hidden=hidden))
    dialect, types = connection.dialect, _types(ComponentRow, Component)
    return known.made(
        "component",
        found,
        lambda: ((row[0], row) for row in found),
        lambda changed: {name: ComponentRow(*stored.sense(types, row, dialect)) for name, row in changed.items()},
    )


def baselines_since(connection: Connection, since: datetime, known: Known | None = None) -> tuple[BaselineRow, ...]:
    """The changes since then, and the last one before for each component."""
    found = [row for row in stored.rows(connection, _baselines(), {"since": since}) if row[0] is not None]
    dialect, types = connection.dialect, _types(BaselineRow, BaselineChange)
    return (known or Known()).made(
        "baseline",
        found,
        lambda: enumerate(found),
        lambda changed: {name: BaselineRow(*stored.sense(types, row, dialect)) for name, row in changed.items()},
    )


# -- the statements, each put together once: that costs more than most of them take ------------------------------------


def _columns(shape: type[Any], table: type[Any]) -> list[Any]:
    return [getattr(table, each.name) for each in fields(shape)]


@lru_cache
def _types(shape: type[Any], table: type[Any]) -> stored.Types:
    return stored.types_of(_columns(shape, table))


@lru_cache
def _revision() -> Select[Any]:
    return select(PageRevision.revision)


@lru_cache
def _how_far_it_is() -> Select[Any]:
    """And where it began: what there is one of, in one question."""
    began_at = select(func.min(PublishedIncident.began_at)).scalar_subquery()
    columns: list[Any] = [PageRevision.revision, PageRevision.first_address, began_at]
    return select(*columns)


@lru_cache
def _settings() -> Select[Any]:
    return select(*_columns(SettingsRow, PageSettings))


@lru_cache
def _groups() -> Select[Any]:
    return select(*_columns(GroupRow, ComponentGroup)).order_by(ComponentGroup.position, ComponentGroup.id)


@lru_cache
def _components(*, hidden: bool = False) -> Select[Any]:
    wanted = select(*stored.as_stored(_columns(ComponentRow, Component))).order_by(Component.position, Component.id)
    return wanted if hidden else wanted.where(Component.is_shown)


@lru_cache
def _notice() -> Select[Any]:
    return select(*_columns(NoticeRow, PinnedNotice))


@lru_cache
def _baselines() -> Select[Any]:
    since = bindparam("since", type_=BaselineChange.at.type)
    last = (
        select(func.max(_Earlier.at))
        .where(_Earlier.component_id == Component.id, _Earlier.at < since)
        .scalar_subquery()
    )
    # from each component's own last one on, which the index finds however many there were before; an outer join, because
    # SQLite would turn an inner one round and go through all of them
    lately = and_(BaselineChange.component_id == Component.id, BaselineChange.at >= func.coalesce(last, since))
    return (
        select(*stored.as_stored(_columns(BaselineRow, BaselineChange)))
        .join_from(Component, BaselineChange, lately, isouter=True)
        .order_by(BaselineChange.at, BaselineChange.id)
    )


_Earlier = aliased(BaselineChange)
_OF_INCIDENT = [getattr(PublishedIncident, each.name) for each in fields(IncidentRow)[:-2]]
_OF_UPDATE = _columns(UpdateRow, PublishedUpdate)
_TYPES_OF_INCIDENT, _TYPES_OF_UPDATE = stored.types_of(_OF_INCIDENT), stored.types_of(_OF_UPDATE)
_COMPONENTS = [each.name for each in fields(UpdateRow)].index("components")
_TEXTS = ("body", "body_html")


@dataclass(frozen=True)
class _Which:
    """Some incidents, and all updates of theirs."""

    incidents: Select[Any]
    updates: Select[Any]


@lru_cache
def _of_id() -> _Which:
    return _chosen(PublishedIncident.public_id == bindparam("public_id"))


@lru_cache
def _began_between() -> _Which:
    began_at = PublishedIncident.began_at
    return _chosen(and_(began_at >= _moment("start"), began_at < _moment("end")))


@lru_cache
def _ended_between() -> _Which:
    ended_at = PublishedIncident.ended_at
    return _chosen(and_(ended_at >= _moment("start"), ended_at < _moment("end")), with_texts=False)


@lru_cache
def _recent_or_running(most_recent: int) -> _Which:
    newest = select(PublishedIncident.id).order_by(PublishedIncident.began_at.desc(), PublishedIncident.id.desc())
    # three questions, each to an index of its own: asked as one, SQLite goes through all that there ever were
    recent = union(
        select(PublishedIncident.id).where(PublishedIncident.ended_at.is_(None)),
        select(PublishedIncident.id).where(PublishedIncident.ended_at >= _moment("since")),
        select(newest.limit(most_recent).subquery().c.id),
    )
    return _chosen(PublishedIncident.id.in_(recent))


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=PublishedIncident.began_at.type)


def _chosen(which: ColumnElement[bool], *, with_texts: bool = True) -> _Which:
    updates = select(
        *stored.as_stored([PublishedUpdate.published_incident_id]),
        *(
            literal("").label(column.key) if column.key in _TEXTS and not with_texts else each
            for column, each in zip(_OF_UPDATE, stored.as_stored(_OF_UPDATE), strict=True)
        ),
    ).join(PublishedIncident, PublishedIncident.id == PublishedUpdate.published_incident_id)
    return _Which(
        select(*stored.as_stored([*_OF_INCIDENT, PublishedIncident.continues_in])).where(which),
        updates.where(which).order_by(PublishedUpdate.display_at, PublishedUpdate.id),
    )


# -- and what is made of their rows ------------------------------------------------------------------------------------


def _incidents(connection: Connection, which: _Which, known: Known, **named: object) -> tuple[IncidentRow, ...]:
    """Newest beginning first."""
    found = stored.rows(connection, which.incidents, named)
    if not found:
        return ()
    updates = _updates(connection, which, named)
    continued = _continued(connection, {row[-1] for row in found if row[-1] is not None})
    return known.made(
        "incident",
        (found, updates, continued),
        # one published between our two queries waits for the next revision
        lambda: ((row[0], (row, updates[row[0]], continued.get(row[-1]))) for row in found if row[0] in updates),
        lambda changed: {name: _made_from(*each, dialect=connection.dialect) for name, each in changed.items()},
        newest_by=lambda each: (each.began_at, each.id),
    )


def _updates(connection: Connection, which: _Which, named: Mapping[str, object]) -> dict[int, list[Raw]]:
    by_incident: dict[int, list[Raw]] = {}
    for row in stored.rows(connection, which.updates, named):
        by_incident.setdefault(row[0], []).append(row[1:])
    return by_incident


def _made_from(row: Raw, updates: list[Raw], continues: tuple[str, str] | None, *, dialect: Dialect) -> IncidentRow:
    values = stored.sense(_TYPES_OF_INCIDENT, row[:-1], dialect)
    values += [tuple(_update(each, dialect) for each in updates), continues]
    return IncidentRow(*values)


def _update(row: Raw, dialect: Dialect) -> UpdateRow:
    values = stored.sense(_TYPES_OF_UPDATE, row, dialect)
    values[_COMPONENTS] = tuple(sorted(values[_COMPONENTS].items()))
    return UpdateRow(*values)


def _continued(connection: Connection, incident_ids: set[int]) -> Mapping[int | None, tuple[str, str]]:
    if not incident_ids:
        return {}
    columns = (PublishedIncident.incident_id, PublishedIncident.public_id, PublishedIncident.title)
    wanted = select(*columns).where(PublishedIncident.incident_id.in_(incident_ids))
    return {row.incident_id: (row.public_id, row.title) for row in connection.execute(wanted)}
