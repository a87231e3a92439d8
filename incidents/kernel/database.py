"""The database: engine, session, base class, times, and the SQLite pragmas we stake promises on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, Connection, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from .settings import Settings

# WAL with FULL: NORMAL loses acknowledged commits when the power goes (docs/reliability).
PRAGMAS: dict[str, tuple[str, object]] = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "busy_timeout": ("5000", 5000),
    "foreign_keys": ("ON", 1),
    "trusted_schema": ("OFF", 0),
    "cell_size_check": ("ON", 1),
}

_LIMITS = {"statement_timeout": 10000, "idle_in_transaction_session_timeout": 15000, "lock_timeout": 5000}  # ms

Mode = Literal["read", "write"]
_mode: ContextVar[Mode] = ContextVar("database_mode", default="write")
_PATIENCE = timedelta(seconds=5)  # for a lock that somebody else holds
_patience: ContextVar[timedelta] = ContextVar("database_patience", default=_PATIENCE)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; refuses naive ones. SQLite keeps it as text without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Every table's parent. ``Mapped[datetime]`` is a UtcDateTime, ``Mapped[dict[...]]`` and lists are JSON."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy, never changed
        datetime: UtcDateTime,
        dict[str, Any]: Json,
        dict[str, str]: Json,
        list[Any]: Json,
        list[str]: Json,
    }


db = SQLAlchemy()


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app its engine and session."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)


def engine_options(settings: Settings) -> dict[str, Any]:
    """Arguments for ``create_engine``: waits are bounded everywhere."""
    if settings.is_sqlite:
        return {"connect_args": {"timeout": 5.0, "check_same_thread": False}}
    return {
        "pool_pre_ping": True,
        "pool_size": settings.web_threads,
        "max_overflow": 2,
        "pool_timeout": 5,
        "connect_args": {
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "options": " ".join(f"-c {name}={limit}" for name, limit in _LIMITS.items()),
        },
    }


def prepare(engine: Engine) -> None:
    """Hang our rules on an engine: what each connection begins with, and a BEGIN that says whether it means to write."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_nothing_behind_a_pooler)
        event.listen(engine, "begin", _begin_postgresql)


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside cannot write, and on SQLite take no write lock."""
    token = _mode.set("read")
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside may write (the default outside ``reading``)."""
    token = _mode.set("write")
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def waiting_at_most(patience: timedelta) -> Iterator[None]:
    """Transactions begun inside wait so long for another's lock, and no longer: somebody waits for our answer."""
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


def set_mode(mode: Mode) -> None:
    """For doors that know at the start of a request which it will be."""
    _mode.set(mode)


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: see _begin_sqlite
    for name, (value, _expected) in PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={value}")
    if has_wal_reset_bug():
        # only one process may checkpoint (reliability, finding 5): the clock does, see checkpoint()
        connection.execute("PRAGMA wal_autocheckpoint=0")


def _begin_sqlite(connection: Connection) -> None:
    _bound_waits(connection)
    # A plain BEGIN that reads and then writes fails with "database is locked" whatever the busy timeout.
    if _mode.get() == "read":
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _bound_waits(connection: Connection) -> None:
    """SQLite keeps the figure with the connection, which others use after us: it is set where it is another one."""
    wanted = _milliseconds(_patience.get())
    if connection.info.get(_WAITS, _milliseconds(_PATIENCE)) != wanted:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wanted}")
        connection.info[_WAITS] = wanted


_WAITS = "sevenbells_waits"


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _prepare_nothing_behind_a_pooler(connection: Any, _record: object) -> None:
    """A pooler may give each transaction another server, which knows nothing of what was prepared on the one before.

    It is known by its answer: what it hands out at the greeting is not the number of the server process.
    """
    connection.autocommit = True
    (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.autocommit = False
    if process != connection.info.backend_pid:
        connection.prepare_threshold = None


def _begin_postgresql(connection: Connection) -> None:
    if _patience.get() != _PATIENCE:
        wanted = _milliseconds(_patience.get())
        connection.exec_driver_sql(f"SET LOCAL lock_timeout={wanted}")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout={wanted}")
    if _mode.get() == "read":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """SQLite before 3.51.3 may corrupt a WAL when two connections checkpoint (sqlite.org/wal.html#walresetbug)."""
    if version >= (3, 51, 3):
        return False
    return not ((3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45))


def wrong_pragmas(connection: Connection) -> list[str]:
    """What the database really runs with, where it is not what we asked; empty on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return []
    wrong = []
    for name, (_value, expected) in PRAGMAS.items():
        found = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        if found != expected:
            wrong.append(f"PRAGMA {name} is {found}, and must be {expected}")
    return wrong


def missing_limits(connection: Connection) -> list[str]:
    """Settings by which PostgreSQL bounds waits and that are off; a pooler keeps what we ask for from the server."""
    if connection.dialect.name != "postgresql":
        return []
    return [
        name
        for name in _LIMITS
        if connection.exec_driver_sql(f"SELECT current_setting('{name}')").scalar() in ("0", None)
    ]


def checkpoint(engine: Engine) -> None:
    """Fold the write-ahead log back into the file; called by the clock alone where SQLite has the reset bug."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()
