"""Small writes in passing, such as when somebody was last seen: made at once or not at all."""

from __future__ import annotations

import structlog
from sqlalchemy import Update, text
from sqlalchemy.exc import DBAPIError

from ..kernel.database import PRAGMAS, db, writing

# A page that is only read must not wait for whoever is writing; the next request tries again.
_PATIENCE_MS = 100

log = structlog.get_logger(__name__)


def write_in_passing(statement: Update) -> None:
    """Run one UPDATE in a transaction of its own, or log why not: a full disk or a lock keeps nobody from reading.

    Ends the request's own transaction first, which on SQLite may hold the write lock that this asks for.
    """
    db.session.rollback()
    try:
        _write(statement)
    except DBAPIError as broken:
        log.warning("not_noted", table=statement.table.description, reason=str(broken.orig))


def _write(statement: Update) -> None:
    with writing(), db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
                connection.execute(statement)
            return
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        try:
            with connection.begin():
                connection.execute(statement)
        finally:
            driver.execute(f"PRAGMA busy_timeout={PRAGMAS['busy_timeout'][0]}")
