"""The file that `backup` writes: a zip with one JSON-lines member per table, the same from either database."""

from __future__ import annotations

import base64
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Date, DateTime, LargeBinary, MetaData, Numeric, Table, func, select

from .failures import CouldNot

_FORMAT = 1
_MANIFEST = "manifest.json"
_NOT_OURS = frozenset({"alembic_version"})  # its one row is the manifest's revision
_MADE_ANEW = "library_"  # what search looks words up in: each database has its own way, and restoring makes it anew


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself: the revision of its tables, when it was made, and how many rows each has."""

    revision: str | None
    made_at: datetime
    rows: Mapping[str, int]


def tables(connection: Connection) -> list[Table]:
    """Our tables as the database has them (not as the models would), parents before children."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name not in _NOT_OURS and not name.startswith(_MADE_ANEW))
    return list(found.sorted_tables)


def write(path: Path, connection: Connection, *, revision: str | None, made_at: datetime) -> Manifest:
    """Write every row that ``connection``'s transaction sees to ``path``, flushed to the disk."""
    rows: dict[str, int] = {}
    with path.open("xb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for table in tables(connection):
                rows[table.name] = _write_table(archive, connection, table)
            manifest = Manifest(revision, made_at, rows)
            archive.writestr(_MANIFEST, json.dumps(_as_json(manifest), indent=2))
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> int:
    columns = [column for column in table.columns if column.computed is None]
    written = 0
    rows = connection.execution_options(yield_per=500).execute(select(*columns).order_by(*table.primary_key.columns))
    with archive.open(_member(table.name), "w", force_zip64=True) as member:
        for row in rows:
            values = {column.name: plain(value) for column, value in zip(columns, row, strict=True)}
            member.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            written += 1
    return written


def verify(path: Path) -> Manifest:
    """Read all of an archive back and count its rows.

    Raises CouldNot where a byte or a row is not as it was written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive)
            for name, expected in manifest.rows.items():
                found = sum(1 for _ in _lines(archive, name))
                if found != expected:
                    raise CouldNot(f"{path}: table {name} has {found} rows, and {expected} were written.")
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError) as broken:
        raise CouldNot(f"{path} is no complete backup ({broken}).") from None
    return manifest


def read(path: Path, table: Table) -> Iterator[dict[str, Any]]:
    """The rows of one table, ready to be inserted; nothing where the archive does not have it."""
    columns = {column.name: column for column in table.columns}
    with zipfile.ZipFile(path) as archive:
        if table.name in _manifest(archive).rows:
            for values in _lines(archive, table.name):
                yield {name: _typed(columns[name], value) for name, value in values.items()}


def count(connection: Connection, table: Table) -> int:
    """How many rows the database has in it."""
    found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def _lines(archive: zipfile.ZipFile, name: str) -> Iterable[dict[str, Any]]:
    with archive.open(_member(name)) as member:
        for line in member:
            yield json.loads(line)


def _member(name: str) -> str:
    return f"tables/{name}.jsonl"


def _as_json(manifest: Manifest) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "revision": manifest.revision,
        "made_at": manifest.made_at.isoformat(),
        "rows": dict(manifest.rows),
    }


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    said = json.loads(archive.read(_MANIFEST))
    if said["format"] != _FORMAT:
        raise CouldNot("This backup was written by a newer program: restore it with that one.")
    return Manifest(said["revision"], datetime.fromisoformat(said["made_at"]), said["rows"])


def plain(value: Any) -> Any:
    """Any value of a column as JSON has it. SQLite keeps times without a zone: they are UTC."""
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, Decimal) else value


def _typed(column: Column[Any], value: Any) -> Any:
    """The value as this database's column wants it."""
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(value)
        return moment if column.type.timezone else moment.replace(tzinfo=None)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return Decimal(value) if isinstance(column.type, Numeric) and isinstance(value, str) else value
