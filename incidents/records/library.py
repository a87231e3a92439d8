"""The catalogue of the library: which words stand where, kept in the transaction that writes them, and made anew at will.

Each shelf has a table: a row holds the words of one text, folded (``policy.words``), and the number of the incident that
it belongs to. On SQLite it is an FTS5 table, on PostgreSQL an ordinary one with a tsvector. Nothing is only here: what a
search shows is read from the texts themselves, and who may see it is asked of the incidents (docs/decisions/0009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Index,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..kernel.database import Base
from ..policy.words import words_of
from ..published.components import Component
from .incidents import Incident, IncidentComponent
from .postmortems import Postmortem, PostmortemSection
from .tags import IncidentTag
from .timeline import TimelineEntry
from .updates import Update

# an update's words have a shelf of their own, and the impact stands with its incident as it now is
NOT_ON_THE_TIMELINE = ("update", "impact")
_BATCH = 500
_LAST_PLACE = 16_383  # PostgreSQL counts a word's place no further


class Folded(TypeDecorator[str]):
    """Words with spaces between them. PostgreSQL's own parser is not asked: it would split some of them again."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return " ".join(f"'{word}':{min(place, _LAST_PLACE)}" for place, word in enumerate(value.split(), 1))


def _shelf(name: str, *columns: str) -> Table:
    table = Table(
        f"library_{name}",
        Base.metadata,
        Column("rowid", Integer, primary_key=True, autoincrement=False),  # the number of the text; FTS5 calls it so
        Column("incident_id", Integer, nullable=False),
        *(Column(column, Folded, nullable=False) for column in columns),
        info={"fts5": True},
    )
    for column in columns:
        # without the list of what is pending, which would make one write in many a slow one
        options: dict[str, Any] = {"postgresql_using": "gin", "postgresql_with": {"fastupdate": "off"}}
        Index(f"ix_library_{name}_{column}", table.c[column], **options).ddl_if(dialect="postgresql")
    return table


@compiles(CreateTable, "sqlite")
def _create_on_sqlite(element: CreateTable, compiler: Any, **options: Any) -> str:
    """A shelf is an FTS5 table there: its words are split already, so that only spaces part them."""
    table = element.element
    if not table.info.get("fts5"):
        made: str = compiler.visit_create_table(element, **options)
        return made
    return virtual_table(table.name, [column.name for column in table.columns if isinstance(column.type, Folded)])


def virtual_table(name: str, columns: Iterable[str]) -> str:
    """SQL for a shelf on SQLite. The two prefix indexes are for what is typed letter by letter."""
    return (
        f"CREATE VIRTUAL TABLE {name} USING fts5(incident_id UNINDEXED, {', '.join(columns)}, "
        "tokenize = 'ascii', prefix = '2 3')"
    )


INCIDENTS = _shelf("incidents", "title", "words")  # words holds the title's too
POSTMORTEMS = _shelf("postmortems", "words")
UPDATES = _shelf("updates", "words")
ENTRIES = _shelf("entries", "words")


@dataclass(frozen=True)
class _Source:
    """Where a shelf's rows come from: (rowid, incident_id, text …), the first text being the title where there is one."""

    texts: Any
    key: Any


_SOURCES: Mapping[Table, _Source] = {
    INCIDENTS: _Source(
        select(
            Incident.id,
            Incident.id,
            Incident.title,
            Incident.impact,
            Incident.resolution_summary,
            Incident.outcome_reason,
        ),
        Incident.id,
    ),
    POSTMORTEMS: _Source(
        # what was drafted from the record is found there
        select(PostmortemSection.id, Postmortem.incident_id, PostmortemSection.written)
        .join(Postmortem, Postmortem.id == PostmortemSection.postmortem_id)
        .where(PostmortemSection.written.is_not(None)),
        PostmortemSection.id,
    ),
    UPDATES: _Source(select(Update.id, Update.incident_id, Update.body), Update.id),
    ENTRIES: _Source(
        select(TimelineEntry.id, TimelineEntry.incident_id, TimelineEntry.body).where(
            TimelineEntry.body != "", TimelineEntry.kind.not_in(NOT_ON_THE_TIMELINE)
        ),
        TimelineEntry.id,
    ),
}
_WATCHED: Mapping[type[Any], tuple[Table, tuple[str, ...]]] = {
    Incident: (INCIDENTS, ("title", "impact", "resolution_summary", "outcome_reason")),
    PostmortemSection: (POSTMORTEMS, ("written",)),
    Update: (UPDATES, ("body",)),
    TimelineEntry: (ENTRIES, ("body", "kind")),
}


def catalogue(connection: Connection, shelf: Table, ids: Collection[int], *, are_new: bool = False) -> None:
    """Write down anew which words these texts hold; what is gone, or has none, is not found any more."""
    for some in _batches(sorted(ids)):
        if not are_new:
            connection.execute(delete(shelf).where(shelf.c.rowid.in_(some)))
        source = _SOURCES[shelf]
        found = connection.execute(source.texts.where(source.key.in_(some))).all()
        more = _named_beside(connection, some) if shelf is INCIDENTS else {}
        rows = [row for each in found if (row := _row(each[0], each[1], each[2:], more.get(each[0], ()), shelf))]
        if rows:
            connection.execute(insert(shelf), rows)


def _row(
    number: int, incident_id: int, texts: Iterable[str | None], more: Iterable[str], shelf: Table
) -> dict[str, Any] | None:
    kept = [" ".join(words_of(each)) for each in (*texts, *more) if each]
    words = {"words": " ".join(kept)}
    if shelf is INCIDENTS:
        words["title"] = kept[0] if kept else ""
    return {"rowid": number, "incident_id": incident_id, **words} if words["words"].strip() else None


def _named_beside(connection: Connection, ids: Collection[int]) -> Mapping[int, list[str]]:
    """Tags and the names of components: an incident is found by them too."""
    beside: dict[int, list[str]] = defaultdict(list)
    tags = select(IncidentTag.incident_id, IncidentTag.tag).where(IncidentTag.incident_id.in_(ids))
    components = (
        select(IncidentComponent.incident_id, Component.name)
        .join(Component, Component.public_id == IncidentComponent.component_id)
        .where(IncidentComponent.incident_id.in_(ids))
    )
    for wanted in (tags, components):
        for incident_id, word in connection.execute(wanted):
            beside[incident_id].append(word)
    return beside


def rebuild(connection: Connection) -> int:
    """Make the whole catalogue anew from the texts; how many texts there are in it."""
    count = 0
    for shelf, source in _SOURCES.items():
        connection.execute(delete(shelf))
        for some in _batches(connection.scalars(select(source.key).order_by(source.key)).all()):
            catalogue(connection, shelf, some, are_new=True)
        settle(connection, shelf.name)
        count += connection.scalar(select(func.count()).select_from(shelf)) or 0
    return count


def settle(connection: Connection, name: str) -> None:
    """After a great many rows: let SQLite merge the index, and PostgreSQL know what is common in it."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"INSERT INTO {name} ({name}) VALUES ('optimize')"))  # noqa: S608 - a name of ours
    else:
        connection.execute(text(f"ANALYZE {name}"))


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    every = list(ids)
    for start in range(0, len(every), _BATCH):
        yield every[start : start + _BATCH]


@event.listens_for(Session, "after_flush")
def _keep_current(session: Session, _context: object) -> None:
    """What this flush wrote is in the catalogue before anybody can see it, and in the same transaction."""
    new, changed = _touched(session)
    if not new and not changed:
        return
    connection = session.connection()
    for shelf, ids in new.items():
        catalogue(connection, shelf, ids, are_new=True)
    for shelf, ids in changed.items():
        others = ids - new.get(shelf, set())
        if others:
            catalogue(connection, shelf, others)


def _touched(session: Session) -> tuple[dict[Table, set[int]], dict[Table, set[int]]]:
    new: dict[Table, set[int]] = defaultdict(set)
    changed: dict[Table, set[int]] = defaultdict(set)
    for thing in session.new:
        if type(thing) in _WATCHED and _has_words(thing):
            new[_WATCHED[type(thing)][0]].add(thing.id)
    for thing in session.dirty:
        if type(thing) in _WATCHED and _is_reworded(thing):
            changed[_WATCHED[type(thing)][0]].add(thing.id)
        elif isinstance(thing, Component) and inspect(thing).attrs.name.history.has_changes():
            changed[INCIDENTS] |= set(session.connection().scalars(_TOUCHED_BY, {"component": thing.public_id}))
    for thing in session.deleted:
        if type(thing) in _WATCHED:
            changed[_WATCHED[type(thing)][0]].add(thing.id)
    for thing in (*session.new, *session.deleted):
        if isinstance(thing, IncidentTag | IncidentComponent):
            changed[INCIDENTS].add(thing.incident_id)
    return new, changed


_TOUCHED_BY: Select[int] = select(IncidentComponent.incident_id).where(
    IncidentComponent.component_id == bindparam("component")
)


def _has_words(thing: Any) -> bool:
    """Most entries of a timeline, and sections that are only drafted, have none: they cost nothing here."""
    if isinstance(thing, TimelineEntry):
        return bool(thing.body) and thing.kind not in NOT_ON_THE_TIMELINE
    return not isinstance(thing, PostmortemSection) or bool(thing.written)


def _is_reworded(thing: Any) -> bool:
    attributes: Callable[[str], Any] = inspect(thing).attrs.__getitem__
    return any(attributes(name).history.has_changes() for name in _WATCHED[type(thing)][1])
