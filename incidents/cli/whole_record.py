"""What `sevenbells export` writes: every table but the machine's own, without secrets, and each incident as one whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, and_, or_, select

from incidents.kernel.csv_text import cell
from incidents.kernel.database import Base
from incidents.policy.lifecycle import Visibility
from incidents.records.incidents import Incident

from . import archive

# what the program remembers for its own running, what is half written, and what opens a door
_LEFT_OUT: Final = frozenset(
    (
        *("attempts", "audit_findings", "audit_runs", "chore_troubles", "clock_beats", "founding", "leases"),
        "signing_marks",
        *("keyed_requests", "sent_forms", "unsent_texts", "slack_requests", "slack_workspaces"),
        *("outbox_bodies", "outbox_destinations", "outbox_pause", "page_mirrors", "page_revision"),
        *("calendar_feeds", "one_time_links", "sessions"),
        *("library_entries", "library_incidents", "library_postmortems", "library_updates"),  # the search's own copies
    )
)
# Texts that were sent may hold links that act for their reader; who was told, when, and why not stands beside them.
_SECRETS: Final = frozenset(
    (
        *("people.password_hash", "api_tokens.token_hash", "api_tokens.beginning"),
        *("contact_addresses.value", "contact_addresses.secret", "contact_addresses.old_secret"),
        *("subscribers.token", "subscribers.secret", "outbox.payload", "outbox.receipt", "outbox.key"),
        *("subscribers.url", "rotations.source_url"),  # whoever knows such an address may write there, or read
    )
)
_INCIDENTS: Final = Incident.__tablename__


def tables() -> list[Table]:
    """What is exported, parents before children."""
    return [table for table in Base.metadata.sorted_tables if table.name not in _LEFT_OUT]


def columns_of(table: Table) -> list[Column[Any]]:
    """Of a table what is no secret."""
    return [column for column in table.columns if f"{table.name}.{column.name}" not in _SECRETS]


def write_table(connection: Connection, table: Table, folder: Path, *, with_restricted: bool) -> int:
    """All rows of a table as JSON lines and as CSV; answers how many."""
    columns, written = columns_of(table), 0
    names = [column.name for column in columns]
    rows = select(*columns).where(_may_leave(table, with_restricted)).order_by(*table.primary_key.columns)
    with (
        (folder / f"{table.name}.jsonl").open("x", encoding="utf-8") as lines,
        (folder / f"{table.name}.csv").open("x", encoding="utf-8-sig", newline="") as sheet,
    ):
        cells = csv.writer(sheet)
        cells.writerow(names)
        for row in _streamed(connection, rows):
            values = [archive.plain(value) for value in row]
            _write_line(lines, dict(zip(names, values, strict=True)))
            cells.writerow([cell(_as_text(value)) for value in values])
            written += 1
    return written


def write_incidents(connection: Connection, path: Path, *, with_restricted: bool) -> int:
    """Each incident on a line of its own, with everything that hangs on it, table by table; answers how many."""
    around = {
        table.name: _Following(connection, table, with_restricted)
        for table in tables()
        if table.name != _INCIDENTS and _incidents_of(table)
    }
    table, written = Incident.__table__, 0
    assert isinstance(table, Table)
    incidents = select(*columns_of(table)).where(_may_leave(table, with_restricted)).order_by(table.c.id)
    with path.open("x", encoding="utf-8") as lines:
        for row in _streamed(connection, incidents):
            whole = _record(columns_of(table), row)
            whole.update({name: following.of(row.id) for name, following in around.items()})
            _write_line(lines, whole)
            written += 1
    return written


class _Following:
    """The rows of one table in the order of their incidents, read along with these: memory holds one incident's."""

    def __init__(self, connection: Connection, table: Table, with_restricted: bool) -> None:
        owner = _incidents_of(table)[0].label("of_incident")
        self._columns = columns_of(table)
        rows = select(owner, *self._columns).where(owner.element.is_not(None), _may_leave(table, with_restricted))
        self._rows = _streamed(connection, rows.order_by(owner.element, *table.primary_key.columns))
        self._next = next(self._rows, None)

    def of(self, incident_id: int) -> list[dict[str, Any]]:
        """The rows of that incident; ask for incidents in their order."""
        found = []
        while self._next is not None and self._next[0] <= incident_id:
            if self._next[0] == incident_id:
                found.append(_record(self._columns, self._next[1:]))
            self._next = next(self._rows, None)
        return found


# ---- which incident a row speaks of ----


def _may_leave(table: Table, with_restricted: bool) -> ColumnElement[bool]:
    """Whoever is not named may not see a restricted incident, and a file has no names: it goes only where it is asked for."""
    if with_restricted:
        return and_(True)
    incidents = Incident.__table__
    hidden = select(incidents.c.id).where(incidents.c.visibility == Visibility.RESTRICTED)
    open_to_all = [or_(each.is_(None), each.not_in(hidden)) for each in _incidents_of(table)]
    if table.name == "audit_entries":
        refs = select("INC-" + incidents.c.id.cast(table.c.subject.type)).where(incidents.c.id.in_(hidden))
        open_to_all.append(table.c.subject.not_in(refs))
    return and_(True, *open_to_all)


def _incidents_of(table: Any) -> list[ColumnElement[int]]:
    """The number of every incident that a row of this table belongs to or names, by whatever way it does."""
    if table.name == _INCIDENTS:
        return [table.c.id]
    found: list[ColumnElement[int]] = []
    for column in table.columns:
        parents = [key.column for key in column.foreign_keys]
        if column.name == "incident_id" or any(parent.table.name == _INCIDENTS for parent in parents):
            found.append(column)
            continue
        for parent in parents:
            above = parent.table.alias()
            found += [
                select(owner).where(above.c[parent.name] == column).scalar_subquery() for owner in _incidents_of(above)
            ]
    return found


# ---- how it is written ----


def _streamed(connection: Connection, rows: Select[Any]) -> Iterator[Row[Any]]:
    return iter(connection.execute(rows, execution_options={"yield_per": 500}))


def _record(columns: Sequence[Column[Any]], values: Sequence[Any]) -> dict[str, Any]:
    return {column.name: archive.plain(value) for column, value in zip(columns, values, strict=True)}


def _write_line(lines: TextIO, record: dict[str, Any]) -> None:
    lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
