"""Rows as the database stores them, and what is made of them: a row that comes the same again is not made anew.

Most changes touch one row of hundreds, and to make sense of a row costs far more than to fetch and compare it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, type_coerce
from sqlalchemy.types import NullType, TypeEngine

Raw = tuple[Any, ...]
Types = tuple[TypeEngine[Any], ...]


class Known:
    """One reader's: the rows of its last reading, as they were stored, and what was made of each."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def made(
        self,
        kind: str,
        found: object,
        named: Callable[[], Iterable[tuple[Hashable, object]]],
        make: Callable[[dict[Any, Any]], Mapping[Any, Any]],
        newest_by: Callable[[Any], Any] | None = None,
    ) -> tuple[Any, ...]:
        """What is made of ``found``, in its order or the newest first; the very objects of the last time where nothing changed.

        ``named`` pairs a name, by which each is found again, with all that it is made of, or with a mark that is another
        one after every change. ``make`` is given those that changed, and leaves out what is there no more. Whatever is
        not among them is forgotten.
        """
        before = self._kinds.get(kind, _NOTHING)
        if before is not _NOTHING and before.found == found:
            return before.made
        now: dict[Hashable, tuple[object, Any]] = {}
        changed: dict[Hashable, object] = {}
        for name, each in named():
            kept = before.each.get(name)
            if kept is None or kept[0] != each:
                changed[name] = each
                kept = (each, _GONE)
            now[name] = kept
        for name, one in (make(changed) if changed else {}).items():
            now[name] = (changed[name], one)
        made = [one for _each, one in now.values() if one is not _GONE]
        if newest_by is not None:
            made.sort(key=newest_by, reverse=True)
        self._kinds[kind] = _Kind(found, now, tuple(made))
        return self._kinds[kind].made


@dataclass(frozen=True, slots=True)
class _Kind:
    """All rows of a kind as they came, each with what was made of it, and that in their order."""

    found: object
    each: Mapping[Hashable, tuple[object, Any]]
    made: tuple[Any, ...]


_NOTHING = _Kind(None, {}, ())
_GONE = object()


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
