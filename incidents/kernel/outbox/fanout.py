"""One text to many: one body and one INSERT from a query, however many there are; no object is made of any of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Insert,
    Integer,
    String,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from .. import clock
from ..database import Json, UtcDateTime, db
from .messages import (
    UPDATE,
    WAITING,
    OutboxBody,
    OutboxMessage,
    insert_unless_there,
    is_waiting,
    rank_of,
    was_not_sent,
)

_INSTEAD = "instead"  # in a body: which other takes its place where it was not sent


def fan_out(
    *,
    event: str,
    channel: str,
    body: Mapping[str, Any],
    to: Any,
    incident_id: int | None = None,
    purpose: str = UPDATE,
    fold_key: str | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> int:
    """Remember ``body`` for everyone whom ``to`` finds, in the session's transaction; answers how many are new.

    ``to`` is a SELECT of ``destination`` and, where there is more to say, ``person_id`` and ``own`` (JSON: what differs from
    one to the next, put over the body when it is sent). The database makes the keys.
    """
    now = clock.now()
    body_id = db.session.execute(
        insert(OutboxBody).values(payload=dict(body), created_at=now).returning(OutboxBody.id)
    ).scalar_one()
    found = to.subquery("found")
    written: dict[str, Any] = {
        "key": _new_key(found),
        "event": literal(event, String),
        "channel": literal(channel, String),
        "destination": found.c.destination,
        "payload": found.c.own if "own" in found.c else literal({}, Json),
        "incident_id": literal(incident_id, Integer),
        "person_id": found.c.person_id if "person_id" in found.c else cast(null(), Integer),
        "purpose": literal(purpose, String),
        "rank": literal(rank_of(purpose)),
        "fold_key": literal(fold_key, String),
        "body_id": literal(body_id),
        "state": literal(WAITING, String),
        "attempts": literal(0),
        "lease_term": literal(0),
        "next_attempt_at": literal(max(now, not_before) if not_before else now, UtcDateTime),
        "expires_at": literal(expires_at, UtcDateTime),
        "created_at": literal(now, UtcDateTime),
    }
    # without a WHERE, SQLite takes the ON of ON CONFLICT for that of a join
    rows = select(*written.values()).select_from(found).where(true())
    if not _is_postgresql():  # which has them in this order for their keys; it saves two fifths of the time
        rows = rows.order_by(found.c.destination)
    added = _insert([*written], rows)
    if not added:
        db.session.execute(delete(OutboxBody).where(OutboxBody.id == body_id))
    return added


def _insert(columns: list[str], rows: Any) -> int:
    """Write these; answers how many are new.

    PostgreSQL looks for each row twice where some may be there already, so it is asked to do without first: none is, as
    a rule, and where one is its index says so.
    """
    table: Any = OutboxMessage.__table__
    if _is_postgresql():
        with suppress(IntegrityError), db.session.begin_nested():
            return _count(insert(table).from_select(columns, rows, include_defaults=False))
    return _count(insert_unless_there(table).from_select(columns, rows, include_defaults=False))


def _count(statement: Insert) -> int:
    result: Any = db.session.execute(statement.execution_options(preserve_rowcount=True))
    return int(result.rowcount)


def _new_key(found: Any) -> Any:
    """For each a key of its own, in hexadecimal: 128 random bits; or 64 of all of them, its place among them, and 40 of its own.

    Rows whose keys and destinations come in order cost PostgreSQL's indexes a fifth less.
    """
    if not _is_postgresql():
        return func.lower(func.hex(func.randomblob(16)))
    place = func.row_number().over(order_by=found.c.destination)
    # of a secret that nobody keeps: to ask the system for random bits row by row costs as much as all the rest of the query
    own = func.left(
        func.encode(func.sha256(func.convert_to(func.concat(secrets.token_hex(16), place), "UTF8")), "hex"), 10
    )
    return func.concat(secrets.token_hex(8), func.lpad(func.to_hex(place), 6, "0"), own)


def _is_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"


def bodies(ids: set[int]) -> dict[int, Mapping[str, Any]]:
    """The texts that messages share, by their number."""
    rows = db.session.execute(select(OutboxBody.id, OutboxBody.payload).where(OutboxBody.id.in_(ids)))
    return {row.id: row.payload for row in rows}


def reworded(ids: set[int]) -> dict[int, int]:
    """Of these texts those that another takes the place of, and which: it is sent instead wherever the old one was not."""
    if not ids:
        return {}
    rows = db.session.execute(select(OutboxBody.id, _instead()).where(OutboxBody.id.in_(ids), _instead().is_not(None)))
    return {row.id: row[1] for row in rows}


def _instead() -> Any:
    return OutboxBody.payload[_INSTEAD].as_integer()


def unsent(events: Collection[str]) -> set[str]:
    """Those of these events of which something has not left, or not for certain."""
    found: set[str] = set()
    for event, those in _unsent(events):
        found.update(db.session.scalars(select(event).where(*those).distinct()))
    return found


def reword(events: Collection[str], change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> int:
    """Give what has not left of these events the text that ``change`` makes of its own; None leaves it. How many messages.

    The old text names the other and stays: it was sent to some, and senders keep those that they know. So it costs the
    same however many wait. What is being sent at this moment gets the new one should that fail. The caller commits.
    """
    using: dict[int, int] = {}
    for _event, those in _unsent(events):
        counted = select(OutboxMessage.body_id, func.count()).where(*those).group_by(OutboxMessage.body_id)
        for body_id, number in db.session.execute(counted):
            if body_id is not None:
                using[body_id] = using.get(body_id, 0) + number
    instead = reworded({*using})
    known = bodies({*using, *instead.values()})
    moved = 0
    for old, number in using.items():
        words = {**known[instead.get(old, old)]}
        words.pop(_INSTEAD, None)
        other = change(words)
        if other is not None and other != words:
            _put_in_place_of(old, known[old], other)
            moved += number
    return moved


def _put_in_place_of(old: int, said: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    written = insert(OutboxBody).values(payload=dict(other), created_at=clock.now()).returning(OutboxBody.id)
    payload = {**said, _INSTEAD: db.session.execute(written).scalar_one()}
    db.session.execute(update(OutboxBody).where(OutboxBody.id == old).values(payload=payload))


def _unsent(events: Collection[str]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """What waits is looked through whole, the rest found by event: the index by events leads to all that was sent, too."""
    event = OutboxMessage.event
    no_index = event + literal_column("''")
    yield no_index, (is_waiting(OutboxMessage), no_index.in_(events))
    yield event, (was_not_sent(OutboxMessage), event.in_(events))


def forget_unused_bodies() -> int:
    """Drop the bodies that no message refers to, at the price of one look at all messages. The caller commits."""
    result: Any = db.session.execute(delete(OutboxBody).where(*_is_unused()))
    return int(result.rowcount)


def has_unused_bodies() -> bool:
    """Whether there are any, at the same price."""
    return db.session.scalar(select(OutboxBody.id).where(*_is_unused()).limit(1)) is not None


def _is_unused() -> tuple[Any, ...]:
    used = select(OutboxMessage.body_id).where(OutboxMessage.body_id.is_not(None)).distinct()
    instead = select(_instead()).where(_instead().is_not(None))
    return OutboxBody.id.not_in(used), OutboxBody.id.not_in(instead)
