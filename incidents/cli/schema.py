"""Does the database have the tables that this code expects? Asked cheaply, without loading alembic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from incidents.kernel import database
from incidents.kernel.settings import Settings

from .failures import CouldNot

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

_REVISION = re.compile(r'^revision(?:: str)? = "(\w+)"$', re.MULTILINE)
_PARENT = re.compile(r'^down_revision(?:: [^=]+)? = "(\w+)"$', re.MULTILINE)


class Schema(StrEnum):
    """How the database's tables stand to this code."""

    RIGHT = "right"
    OLDER = "older"  # or empty: `sevenbells db upgrade` mends it
    NEWER = "newer"  # only a newer program understands it


REFUSALS = {
    Schema.OLDER: "The database is older than this program: run `sevenbells db upgrade`, then start again.",
    Schema.NEWER: "The database was made by a newer program than this one: install that version, or restore a backup.",
}


def revisions() -> tuple[set[str], str | None]:
    """Every revision this code knows, and the newest."""
    known, parents = set(), set()
    for path in (MIGRATIONS / "versions").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        known.update(_REVISION.findall(source))
        parents.update(_PARENT.findall(source))
    heads = known - parents
    if len(heads) > 1:
        raise CouldNot(
            f"Two migrations claim to be the newest: {', '.join(sorted(heads))}. Give one the other as parent."
        )
    return known, next(iter(heads), None)


def present(connection: Connection) -> str | None:
    """The revision that the database is at; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def state(connection: Connection) -> Schema:
    """How the tables behind ``connection`` stand to this code."""
    known, newest = revisions()
    found = present(connection)
    if found == newest:
        return Schema.RIGHT
    return Schema.OLDER if found is None or found in known else Schema.NEWER


def comparison(connection: Connection) -> dict[str, Any]:
    """How alembic compares tables with models: all but what search keeps on SQLite.

    There FTS5 has tables of its own beneath each of ours, and columns without types.
    """
    leaves_out = connection.dialect.name == "sqlite"

    def is_compared(name: str | None, kind: str) -> bool:
        return not (leaves_out and kind == "table" and str(name).startswith("library_"))

    return {
        "compare_type": True,
        "render_as_batch": True,
        "include_name": lambda name, kind, _parents: is_compared(name, kind),
        "include_object": lambda _thing, name, kind, _is_reflected, _beside: is_compared(name, kind),
    }


@contextmanager
def brief_engine(settings: Settings) -> Iterator[Engine]:
    """An engine for a look: it keeps no connection, so that nothing is carried over a fork."""
    options = database.engine_options(settings)
    engine = create_engine(settings.database_url, poolclass=NullPool, connect_args=options["connect_args"])
    database.prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def look(settings: Settings) -> Schema:
    """Connect and see; also refuses a connection without our pragmas.

    Raises sqlalchemy's OperationalError while the database is away.
    """
    with brief_engine(settings) as engine, database.reading(), engine.connect() as connection:
        wrong = database.wrong_pragmas(connection)
        if wrong:
            raise CouldNot(f"SQLite does not run as it must: {'; '.join(wrong)}.")
        return state(connection)
