"""Folding: of several texts waiting with one key for one destination the newest is sent, and says for how many it stands.

Nothing older leaves after something newer has, and what ends a problem goes only where the problem was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select, update
from sqlalchemy.orm import aliased

from ..database import UtcDateTime
from . import bulk
from .messages import SENT, SKIPPED, OutboxMessage, is_in_some_state, is_waiting

STANDS_FOR = "stands_for"  # in a payload: how many earlier messages this one takes the place of
ENDS = "ends"  # in a payload: it ends a problem, and is for those alone who were told of it
_ENDING_ACTIONS = ("acknowledge", "resolve")  # PagerDuty drops them where it never got the trigger
_NEVER_TOLD = "The problem that this ends was never told there"

_Other = aliased(OutboxMessage)


def put_aside_superseded(connection: Connection, now: datetime, rows: Sequence[Any]) -> set[int]:
    """Skip those of ``rows`` whose place a later one takes, or that would mislead; answers which they were."""
    folding = [row.id for row in rows if row.fold_key is not None]
    if not folding:
        return set()
    aside: set[int] = set()
    dialect = connection.dialect.name
    for row in connection.execute(_STANDING[dialect], {"ids": bulk.ids(folding, dialect), "now": now}).all():
        if row.later_sent is not None:
            _skip(connection, [row.id], f"A later message had already left (key {row.later_sent})")
        elif row.newest_waiting is not None:
            _fold(connection, row, now)
        else:
            _skip(connection, [row.id], _NEVER_TOLD)
        aside.add(row.id)
    return aside


def _standing(dialect: str) -> Any:
    """Of some messages with a fold key those that must not leave as they are, with what else there is at their destination."""
    table = OutboxMessage
    same = (
        _Other.destination == table.destination,
        _Other.fold_key == table.fold_key,
        _Other.channel == table.channel,
    )
    a_later_one = select(_Other.key).where(*same, _Other.id > table.id, _Other.state == SENT)
    now = bindparam("now", type_=UtcDateTime)
    newest = select(_Other.id).where(*same, _Other.id > table.id, is_waiting(_Other), _Other.next_attempt_at <= now)
    # an attempt that failed may have arrived all the same
    left = (is_in_some_state(_Other), or_(_Other.state == SENT, _Other.attempts > 0))
    told = select(_Other.id).where(*same, _Other.id < table.id, *left)
    later_sent = a_later_one.order_by(_Other.id.desc()).limit(1).scalar_subquery()
    newest_waiting = newest.order_by(_Other.id.desc()).limit(1).scalar_subquery()
    ends = or_(table.payload[ENDS].as_boolean(), table.payload["event_action"].as_string().in_(_ENDING_ACTIONS))
    return select(
        table.id,
        table.channel,
        table.destination,
        table.fold_key,
        later_sent.label("later_sent"),
        newest_waiting.label("newest_waiting"),
    ).where(
        bulk.is_one_of(table.id, dialect),
        or_(
            later_sent.is_not(None),
            newest_waiting.is_not(None),
            and_(ends, told.limit(1).scalar_subquery().is_(None)),
        ),
    )


_STANDING = {dialect: _standing(dialect) for dialect in ("postgresql", "sqlite")}


def _fold(connection: Connection, row: Any, now: datetime) -> None:
    table = OutboxMessage
    newest = connection.execute(select(table.id, table.key, table.payload).where(table.id == row.newest_waiting)).one()
    older = connection.execute(
        select(table.id, table.payload)
        .where(
            table.destination == row.destination,
            table.fold_key == row.fold_key,
            table.channel == row.channel,
            is_waiting(table),
            table.next_attempt_at <= now,
            table.id < newest.id,
        )
        .with_for_update(skip_locked=True)
    ).all()
    _skip(connection, [each.id for each in older], f"Folded into a later message (key {newest.key})")
    stands_for = sum(1 + each.payload.get(STANDS_FOR, 0) for each in older) + newest.payload.get(STANDS_FOR, 0)
    payload = {**newest.payload, STANDS_FOR: stands_for}
    connection.execute(update(table).where(table.id == newest.id).values(payload=payload))


def _skip(connection: Connection, ids: Sequence[int], reason: str) -> None:
    values = {"state": SKIPPED, "reason": reason, "leased_by": None, "leased_until": None}
    connection.execute(update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(values))
