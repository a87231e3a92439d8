"""Lists in pages: the cursor in the next page's address names the last row of this one, so nothing is seen twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import current_app, request
from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.settings import Settings
from . import fields

DEFAULT_LIMIT, MOST = 50, 200
_LARGEST_ID = 2**31 - 1
T = TypeVar("T")

QUERY: Mapping[str, fields.Field] = {"limit": fields.whole(1, MOST), "cursor": fields.text(200)}


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the cursor for the rest (None: these were the last)."""

    rows: Sequence[T]
    cursor: str | None


def by_id(
    wanted: Select[T], column: InstrumentedAttribute[int], given: Mapping[str, Any], *, newest_first: bool
) -> Page[T]:
    """One page of a query in the order of its ids."""
    after = _opened(given, _an_id)
    if after is not None:
        wanted = wanted.where(column < after[0] if newest_first else column > after[0])
    return _cut(
        wanted.order_by(column.desc() if newest_first else column), given, lambda row: [getattr(row, column.key)]
    )


def by_time(
    wanted: Select[T], time: InstrumentedAttribute[Any], column: InstrumentedAttribute[int], given: Mapping[str, Any]
) -> Page[T]:
    """One page of a query, oldest first; rows of one instant stand in the order of their ids."""
    after = _opened(given, fields.parse_moment, _an_id)
    if after is not None:
        wanted = wanted.where(tuple_(time, column) > tuple_(literal(after[0], time.type), literal(after[1])))
    return _cut(
        wanted.order_by(time, column), given, lambda row: [getattr(row, time.key).isoformat(), getattr(row, column.key)]
    )


def by_place(rows: Sequence[T], given: Mapping[str, Any]) -> Page[T]:
    """One page of a short list that is in memory anyway, such as settings."""
    opened = _opened(given, _an_id)
    start = opened[0] if opened else 0
    end = start + _limit(given)
    return Page(rows[start:end], _sealed([end]) if end < len(rows) else None)


def by_rank(
    ask: Callable[[int, tuple[int, int] | None], tuple[Sequence[T], tuple[int, int] | None]], given: Mapping[str, Any]
) -> Page[T]:
    """One page of what is ranked elsewhere: ``ask`` takes a limit and a (rank, id) to begin behind, and gives the last."""
    opened = _opened(given, _an_id, _an_id)
    rows, last = ask(_limit(given), (opened[0], opened[1]) if opened else None)
    return Page(rows, _sealed([*last]) if last else None)


def next_link(cursor: str) -> str:
    """The next page's address as a Link header says it (RFC 8288)."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    query = urlencode({**request.args.to_dict(), "cursor": cursor})
    return f'<{settings.base_url}{request.path}?{query}>; rel="next"'


def _limit(given: Mapping[str, Any]) -> int:
    return int(given.get("limit", DEFAULT_LIMIT))


def _cut(wanted: Select[T], given: Mapping[str, Any], key: Callable[[T], list[Any]]) -> Page[T]:
    limit = _limit(given)
    rows = db.session.scalars(wanted.limit(limit + 1)).all()
    return Page(rows[:limit], _sealed(key(rows[limit - 1])) if len(rows) > limit else None)


def _sealed(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _opened(given: Mapping[str, Any], *parsers: Callable[[Any], Any]) -> list[Any] | None:
    """What a cursor of ours holds; None at the first page. Raises Malformed for anybody else's."""
    cursor = given.get("cursor")
    if cursor is None:
        return None
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        return [parse(value) for parse, value in zip(parsers, key, strict=True)]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise Malformed({"cursor": "This is no cursor of ours. Take it from the Link header."}) from None


def _an_id(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_ID:
        raise ValueError
    return value
