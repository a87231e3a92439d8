"""Rows as the database stores them, and what is made of them: a row that comes the same again is not made anew.

Most changes touch one row of hundreds, and to make sense of a row costs far more than to fetch and compare it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, Select, type_coerce
from sqlalchemy.types import NullType, TypeEngine

T = TypeVar("T")

Raw = tuple[Any, ...]
Types = tuple[TypeEngine[Any], ...]


class Known:
    """One reader's: the rows of its last reading, as they were stored, and what was made of each."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[Hashable, tuple[object, Any]]] = {}

    def made(
        self,
        kind: str,
        found: Iterable[tuple[Hashable, object]],
        make: Callable[[dict[Any, Any]], Mapping[Any, T]],
    ) -> tuple[T, ...]:
        """What is made of each, in their order; the very object of the last time where nothing changed.

        ``found`` pairs a name, by which it is found again, with all that it is made of, or with a mark that is another
        one after every change. ``make`` is given those that changed, and leaves out what is there no more. Whatever is
        not among them is forgotten.
        """
        before, names = self._kinds.get(kind, {}), dict(found)
        changed = {name: each for name, each in names.items() if name not in before or before[name][0] != each}
        anew = make(changed) if changed else {}
        now: dict[Hashable, tuple[object, Any]] = {}
        for name, each in names.items():
            if name not in changed:
                now[name] = before[name]
            elif name in anew:
                now[name] = (each, anew[name])
        self._kinds[kind] = now
        return tuple(made for _each, made in now.values())


def as_stored(columns: Iterable[Any]) -> list[ColumnElement[Any]]:
    """The columns without their types, so that nobody makes sense of them on the way."""
    return [type_coerce(column, NullType()) for column in columns]


def rows(connection: Connection, wanted: Select[Any], named: Mapping[str, object] | None = None) -> list[Raw]:
    """What the statement finds, as it is stored."""
    return [tuple(row) for row in connection.execute(wanted, named or {}).all()]


def types_of(columns: Iterable[Any]) -> Types:
    """What ``sense`` wants to know."""
    return tuple(column.type for column in columns)


def sense(types: Types, row: Raw, dialect: Dialect) -> list[Any]:
    """The values of a row that was read as it is stored."""
    return [value if how is None else how(value) for how, value in zip(_processors(types, dialect), row, strict=True)]


@lru_cache(maxsize=64)
def _processors(types: Types, dialect: Dialect) -> tuple[Callable[[Any], Any] | None, ...]:
    return tuple(each.dialect_impl(dialect).result_processor(dialect, None) for each in types)
