"""The database runs with the pragmas that our promises stand on."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from incidents.kernel import database
from incidents.kernel.database import db


def test_the_connection_really_has_our_pragmas(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert database.wrong_pragmas(connection) == []


def test_a_wrong_pragma_is_found(app: Flask) -> None:
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout=1")
            assert database.wrong_pragmas(connection) == ["PRAGMA busy_timeout is 1, and must be 5000"]


def test_a_reading_transaction_cannot_write(app: Flask) -> None:
    with database.reading(), db.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("CREATE TABLE forbidden (id INTEGER)"))


def prepares(connection: Connection) -> bool:
    plain: Any = connection.connection.driver_connection
    return plain.prepare_threshold is not None


def test_behind_a_pooler_nothing_is_prepared_and_missing_limits_are_found(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name == "sqlite":
        return
    with db.engine.connect() as connection:
        assert prepares(connection)
        assert database.missing_limits(connection) == []
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        assert database.missing_limits(connection) == ["lock_timeout"]

    # a pooler greets with a number of its own
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 0)
    db.engine.dispose()
    with db.engine.connect() as connection:
        assert not prepares(connection)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 40, 1), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
    ],
)
def test_versions_with_the_wal_reset_bug_are_known(version: tuple[int, ...], affected: bool) -> None:
    assert database.has_wal_reset_bug(version) is affected
