"""Looks at the database many times a minute for next to nothing: on a connection of its own, with no transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from .database import UtcDateTime

# Two snapshots of PostgreSQL that are equal show the same rows. SQLite's number moves with every commit of another
# connection, and this one commits nothing.
_MARKS: Final = {"postgresql": "SELECT pg_current_snapshot()::text", "sqlite": "PRAGMA data_version"}


class Glance:
    """One connection, made when it is first needed and anew after a failure; for one thread at a time.

    It is none of the pool's, which asks before each use whether the server is still there. Statements take no
    parameters and are not prepared: nothing is left behind in a server that PgBouncer lends to others in between.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._connection: Any = None
        self._which = 0
        self._read_moment = UtcDateTime().dialect_impl(engine.dialect).result_processor(engine.dialect, None)
        self._known: tuple[object, Any] = (None, None)

    def mark(self) -> object:
        """While it equals the last one, nothing was committed in between. Raises OperationalError."""
        value = self.scalar(_MARKS[self._engine.dialect.name])
        return self._which, value  # of two connections they say nothing about each other

    def last(self, statement: str) -> Any:
        """The same as ``scalar``; SQLite answers it anew only after a commit, for the price of a mark.

        Always asked the same statement.
        """
        if not self._is_sqlite:
            return self.scalar(statement)
        mark = self.mark()  # before the answer: what is committed in between moves it again
        if mark != self._known[0]:
            self._known = (mark, self.scalar(statement))
        return self._known[1]

    @property
    def seen(self) -> object:
        """The mark at which SQLite was last asked by ``last``: another one shows that something became visible."""
        return self._known[0]

    def scalar(self, statement: str) -> Any:
        """The first column of the first row; None where there is none. Raises OperationalError."""
        rows = self._rows(statement)
        return rows[0][0] if rows else None

    def moments(self, statement: str) -> dict[str, datetime]:
        """The first moment for each name, of rows of a name and a moment or NULL. Raises OperationalError."""
        found: dict[str, datetime] = {}
        for name, value in self._rows(statement):
            if value is not None:
                moment: datetime = self._read_moment(value) if self._read_moment else value  # type: ignore[assignment]
                found[name] = min(moment, found.get(name, moment))
        return found

    def _rows(self, statement: str) -> list[Any]:
        errors = self._engine.dialect.loaded_dbapi.Error
        if self._connection is not None:
            try:
                return self._asked(statement)
            except errors:
                self.close()  # perhaps it is only this connection that ended: ask once more on another
        try:
            return self._asked(statement)
        except errors as broken:
            self.close()
            raise OperationalError(statement, {}, broken) from broken

    def _asked(self, statement: str) -> list[Any]:
        cursor = self._kept().cursor()
        rows: list[Any] = cursor.execute(statement).fetchall()
        cursor.close()
        return rows

    def close(self) -> None:
        """Let the connection go; the next look makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _kept(self) -> Any:
        if self._connection is None:
            lent = self._engine.raw_connection()
            connection: Any = lent.driver_connection
            lent.detach()
            if not self._is_sqlite:
                connection.autocommit = True
                connection.prepare_threshold = None
            self._connection, self._which = connection, self._which + 1
        return self._connection
