"""Moves the database from one revision to another: one at a time, copied first, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url

from incidents.kernel import clock
from incidents.kernel.settings import Settings

from . import schema
from .failures import CouldNot
from .schema import Schema

# One number for every Sevenbells: whoever holds it on a PostgreSQL database is the one who migrates.
_LOCK = 7_170_717
_COPIES_KEPT = 3


class Move:
    """A database being moved, in one transaction that nobody else's migration can cross."""

    def __init__(self, settings: Settings, config: Config, connection: Connection) -> None:
        self.connection = connection
        self.copied_to: Path | None = None
        self._settings = settings
        self._config = config

    def to_newest(self) -> None:
        """Do nothing where it is there already; else copy and upgrade."""
        found = schema.state(self.connection)
        if found is Schema.NEWER:
            raise CouldNot(schema.REFUSALS[Schema.NEWER])
        if found is Schema.OLDER:
            self.up("head")

    def to(self, revision: str | None) -> None:
        """Make the tables those of ``revision``, known to this program; where they were others, they are emptied."""
        known, _newest = schema.revisions()
        if revision is not None and revision not in known:
            raise CouldNot(schema.REFUSALS[Schema.NEWER])
        if schema.present(self.connection) != revision and revision is not None:
            self.down("base")
            self.up(revision)

    def up(self, revision: str) -> None:
        with _named_well(revision):
            self.copy_first()
            command.upgrade(self._config, revision)

    def down(self, revision: str) -> None:
        with _named_well(revision):
            self.copy_first()
            command.downgrade(self._config, revision)

    def copy_first(self) -> None:
        """Copy a SQLite file that holds something, once a move; where to is in ``copied_to``."""
        if self.copied_to is None:
            self.copied_to = _copy(self._settings, self.connection)


@contextmanager
def moving(settings: Settings) -> Iterator[Move]:
    """Hold the database for a move; what happens inside happens whole or not at all.

    A second one waits until the first is done.
    """
    with _alone(settings), _migrating(settings) as (config, connection):
        yield Move(settings, config, connection)


def upgrade(settings: Settings, revision: str = "head") -> Path | None:
    """Bring the tables to ``revision``; gives the copy made of a SQLite file before, if one was needed."""
    with moving(settings) as move:
        if revision == "head":
            move.to_newest()
        else:
            move.up(revision)
    return move.copied_to


def downgrade(settings: Settings, revision: str) -> Path | None:
    """Take the tables back to ``revision`` (`base` empties the database); gives the copy made before."""
    with moving(settings) as move:
        move.down(revision)
    return move.copied_to


def differences(settings: Settings) -> list[str]:
    """Where the tables are not what the models say; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    import wsgi  # noqa: F401 - importing it names every table
    from incidents.kernel.database import Base

    with _migrating(settings) as (_config, connection):
        options = {"target_metadata": Base.metadata, **schema.comparison(connection)}
        context = MigrationContext.configure(connection, opts=options)
        return [_told(difference) for difference in compare_metadata(context, Base.metadata)]


def new_revision(settings: Settings, message: str) -> None:
    """Write a migration that brings the tables to what the models say, for a person to read and mend."""
    import wsgi  # noqa: F401 - importing it names every table

    with _alone(settings), _migrating(settings) as (config, _connection):
        known, _newest = schema.revisions()
        os.umask(0o022)  # it is source, and no secret of the operator's
        command.revision(config, message, autogenerate=True, rev_id=f"{len(known) + 1:04d}")


def _told(difference: Any) -> str:
    return (
        ", ".join(_told(one) for one in difference) if isinstance(difference, list) else " ".join(map(str, difference))
    )


@contextmanager
def _named_well(revision: str) -> Iterator[None]:
    """Refuse what is no revision in one line, before anything is copied: a copy puts the oldest one away."""
    known, newest = schema.revisions()
    refusal = CouldNot(
        f"There is no revision {revision} here. Name one from 0001 to {newest}, head, base, or -1 for the one before."
    )
    if revision not in {"head", "base", *known} and not re.fullmatch(r"[+-]\d+", revision):
        raise refusal
    try:
        yield
    except CommandError as refused:  # more steps than there are
        raise refusal from refused


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """On SQLite one process migrates at a time, and the copy is made inside; PostgreSQL locks in _begin."""
    if not settings.is_sqlite:
        yield
        return
    path = _file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.migrate.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _migrating(settings: Settings) -> Iterator[tuple[Config, Connection]]:
    """Alembic's config and a connection inside the one transaction in which everything happens."""
    with schema.brief_engine(settings) as engine:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _foreign_keys_off)
        with engine.begin() as connection:
            _begin(connection)
            config = _config()
            config.attributes["connection"] = connection
            yield config, connection
            _refuse_orphans(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _foreign_keys_off(connection: sqlite3.Connection, _record: object) -> None:
    # A table is changed by making it anew: with foreign keys on, dropping the old one would empty its children.
    connection.execute("PRAGMA foreign_keys=OFF")


def _begin(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # the second starter waits here as long as it takes; what a migration itself locks, it must get soon
        connection.execute(text("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '4s'"))


def _refuse_orphans(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise CouldNot(f"The migration would leave rows without their parents: {orphans[:3]}. Nothing was changed.")


def _copy(settings: Settings, connection: Connection) -> Path | None:
    """Copy a SQLite file that holds something, by SQLite's own backup, beside it; the newest three are kept."""
    if not settings.is_sqlite or schema.present(connection) is None:
        return None
    source = _file(settings)
    moment = clock.now().strftime("%Y%m%dT%H%M%SZ")
    target = source.with_name(f"{source.name}.before-{moment}")
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as here, sqlite3.connect(target) as there:
        here.backup(there)
    here.close()
    there.close()
    for old in sorted(source.parent.glob(f"{source.name}.before-*"))[:-_COPIES_KEPT]:
        old.unlink()
    return target


def _file(settings: Settings) -> Path:
    return Path(make_url(settings.database_url).database or "")
