"""Many rows as one parameter: JSON that the database takes apart, which costs far less than a parameter a value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ARRAY, JSON, DateTime, Integer, Text, any_, bindparam, cast, column, func, select

from ..database import Json

Kind = Literal["number", "text", "moment", "json"]
_TYPES: Mapping[Kind, Any] = {"number": Integer, "text": Text, "moment": DateTime(timezone=True), "json": Json}
_ROWS: Any = bindparam("rows", type_=Text)


def given(fields: Mapping[str, Kind], dialect: str) -> Any:
    """The parameter ``rows`` as something to select these fields from."""
    if dialect == "postgresql":
        columns = [column(name, _TYPES[kind]) for name, kind in fields.items()]
        named = func.jsonb_to_recordset(cast(_ROWS, Json)).table_valued(*columns, name="given")
        return named.render_derived(with_types=True)
    each = func.json_each(_ROWS).table_valued("value")
    found = [
        func.json_extract(each.c.value, f"$.{name}", type_=JSON if kind == "json" else None).label(name)
        for name, kind in fields.items()
    ]
    return select(*found).subquery("given")


def as_parameter(rows: Iterable[Mapping[str, Any]], dialect: str) -> str:
    """What ``given`` takes; times become text as that database reads them."""
    # as SQLAlchemy keeps times in SQLite, so that they compare as text
    written = datetime.isoformat if dialect == "postgresql" else _as_sqlite_keeps_it
    known: dict[datetime, str] = {}

    def moment(value: object) -> str:
        if not isinstance(value, datetime):
            raise TypeError(f"{type(value).__name__} cannot stand in the outbox")
        if value not in known:
            known[value] = written(value)
        return known[value]

    return json.dumps(list(rows), default=moment)


def is_one_of(column: Any, dialect: str) -> Any:
    """Whether it is among the parameter ``ids``, which ``ids`` makes: one parameter, however many they are."""
    if dialect == "postgresql":
        return column == any_(bindparam("ids", type_=ARRAY(Integer)))
    return column.in_(select(func.json_each(bindparam("ids", type_=Text)).table_valued("value").c.value))


def ids(numbers: Sequence[int], dialect: str) -> Any:
    """The parameter of ``is_one_of``."""
    return list(numbers) if dialect == "postgresql" else json.dumps(list(numbers))


def _as_sqlite_keeps_it(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
