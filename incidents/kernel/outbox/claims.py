"""Claims: lease what is due, a batch at a time, so that each destination has one message in flight and its order is kept.

The claims of one channel follow each other: SQLite has one writer, and PostgreSQL is asked for a lock that lasts as long
as the claim's transaction. The attempt is counted here, so that a crash counts too.
"""

from __future__ import annotations

import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    String,
    Update,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from .. import clock
from ..database import UtcDateTime, db, writing
from . import destinations
from .destinations import EVERYWHERE, Destination
from .folding import put_aside_superseded
from .leases import LONGEST_LEASE, MOST_ATTEMPTS, Claim
from .messages import FAILED, RANKS, SKIPPED, OutboxMessage, OutboxPause, is_waiting

BATCH = 100
_PROBE = timedelta(seconds=35)  # longer than any attempt: meanwhile no other clock tries the same way
_MOST_ROUNDS = 6
_POISON = f"The sender stopped {MOST_ATTEMPTS} times while it was sending this"
_TOO_LATE = "It was too late to be of use"
_SUPPRESSED = "Nothing is sent there any more: "


def claim(
    *,
    worker: str,
    channel: str,
    limit: int = BATCH,
    troubled: int = BATCH,
    lease: timedelta = LONGEST_LEASE,
    pace: timedelta | None = None,
) -> list[Claim]:
    """Lease due messages of a channel to ``worker``, one a destination; the most urgent kind first.

    Of each incident's messages to one destination only the earliest is taken. At most ``troubled`` of them go to
    destinations that failed the last time. While the whole channel is away one message tries the way. A message whose
    last worker vanished is handed out alone: if its payload kills whoever takes it, it takes no neighbour along, and
    after MOST_ATTEMPTS it is put aside as failed. ``pace`` is how long each destination is left alone afterwards.
    """
    if lease > LONGEST_LEASE:
        raise ValueError("a lease is at most two minutes")
    began, now = time.monotonic(), clock.now()
    with writing(), db.engine.begin() as connection:
        _one_claim_at_a_time(connection, channel)
        away = connection.execute(_AWAY, {"channel": channel}).one_or_none()
        if away is None or (away.closed_until is not None and away.closed_until > now):
            return []  # everything is held, or the channel is left alone for a while
        if away.failures:
            limit, troubled = 1, 1
        due = _usable(connection, now, channel, limit=limit, troubled=troubled)
        if not due:
            return []
        if away.failures:
            connection.execute(_leave_alone(channel, now + _PROBE))
        rows = connection.execute(_lease(worker, now, lease, [row.id for row in due])).all()
        if pace is not None:
            destinations.pace(connection, channel, (row.destination for row in rows), until=now + pace)
    known, ends = {row.id: row for row in due}, began + lease.total_seconds()
    claims = {row.id: _claim(row, known[row.id], worker, ends, away.failures or 0) for row in rows}
    return [claims[row.id] for row in due if row.id in claims]


def _claim(row: Any, known: Any, worker: str, ends: float, failures_everywhere: int) -> Claim:
    return Claim(
        **row._mapping,
        worker=worker,
        ends=ends,
        failures=known.failures or 0,
        failing_since=known.failing_since,
        failures_everywhere=failures_everywhere,
        was_abandoned=known.leased_by is not None,
    )


def _one_claim_at_a_time(connection: Connection, channel: str) -> None:
    if connection.dialect.name == "postgresql":
        number = zlib.crc32(f"sevenbells/outbox/{channel}".encode())
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _away() -> Any:
    """No row while everything is held, else one that says whether the channel is away."""
    everywhere = and_(Destination.channel == bindparam("channel"), Destination.destination == EVERYWHERE)
    one = select(literal_column("1").label("one")).subquery()
    return (
        select(Destination.failures, Destination.closed_until)
        .select_from(one.outerjoin(Destination, everywhere))
        .where(~exists().where(OutboxPause.id == 1))
    )


_AWAY = _away()


def _leave_alone(channel: str, until: datetime) -> Update:
    is_it = (Destination.channel == channel, Destination.destination == EVERYWHERE)
    return update(Destination).where(*is_it).values(closed_until=until)


def _usable(connection: Connection, now: datetime, channel: str, *, limit: int, troubled: int) -> list[Any]:
    """What is due and may be sent. What may not is put aside or told to wait, and what stood behind it is looked at."""
    given = {"channel": channel, "now": now, "limit": limit * 2, "troubled": troubled * 8}
    usable: list[Any] = []
    for _round in range(_MOST_ROUNDS):
        due = connection.execute(_DUE if troubled else _DUE_WITHOUT_TROUBLED, given).all()
        usable = _one_a_destination(due, limit=limit, troubled=troubled)
        unfit = _put_aside_unfit(connection, now, channel, usable)
        unfit |= put_aside_superseded(connection, now, [row for row in usable if row.id not in unfit])
        usable = [row for row in usable if row.id not in unfit]
        if not unfit:
            break
    abandoned = [row for row in usable if row.leased_by is not None]
    return abandoned[:1] or usable


def _one_a_destination(rows: Iterable[Any], *, limit: int, troubled: int) -> list[Any]:
    chosen: dict[str, Any] = {}
    for row in rows:
        if row.destination in chosen or len(chosen) == limit:
            continue
        if row.failures:
            if not troubled:
                continue
            troubled -= 1
        chosen[row.destination] = row
    return [*chosen.values()]


# ---- what is due ----

_Other = aliased(OutboxMessage)


def _due_of(*conditions: Any, newest_first: bool = False) -> Any:
    """Due messages at the head of their incident's queue, to destinations that have none in flight."""
    table, now = OutboxMessage, bindparam("now", type_=UtcDateTime)
    # scalar subqueries, which are looked up row by row: of a NOT EXISTS a planner makes a join over all that waits
    in_flight = (
        select(_Other.id)
        .where(
            _Other.channel == table.channel,
            _Other.destination == table.destination,
            _Other.leased_by.is_not(None),
            _Other.leased_until > now,
        )
        .limit(1)
    )
    earlier = (
        select(_Other.id)
        .where(
            is_waiting(_Other),
            _Other.channel == table.channel,
            _Other.destination == table.destination,
            _Other.incident_id == table.incident_id,
            _Other.id < table.id,
            or_(_Other.attempts > 0, _Other.next_attempt_at <= now),  # one that is meant to leave later holds up none
        )
        .limit(1)
    )
    order = (table.next_attempt_at.desc(), table.id) if newest_first else (table.next_attempt_at, table.id)
    return (
        select(
            table.id,
            table.destination,
            table.attempts,
            table.expires_at,
            table.leased_by,
            table.fold_key,
            table.rank,
            table.next_attempt_at,
            Destination.failures,
            Destination.failing_since,
            Destination.closed_until,
            Destination.reason,
            Destination.suppressed_reason,
        )
        .outerjoin(
            Destination,
            and_(Destination.channel == table.channel, Destination.destination == table.destination),
        )
        .where(
            table.channel == bindparam("channel", type_=String),
            is_waiting(table),
            table.next_attempt_at <= now,
            in_flight.scalar_subquery().is_(None),
            earlier.scalar_subquery().is_(None),
            *conditions,
        )
        .order_by(*order)
    )


def _due(*, with_troubled: bool) -> Any:
    """By rank and within it by time, the newest public update first; then those that failed the last time."""
    works = or_(Destination.failures.is_(None), Destination.failures == 0)
    parts = [
        _due_of(OutboxMessage.rank == literal_column(str(rank)), works, newest_first=rank == RANKS[-1]).limit(
            bindparam("limit", type_=Integer)
        )
        for rank in RANKS
    ]
    if with_troubled:
        parts.append(_due_of(Destination.failures > 0).limit(bindparam("troubled", type_=Integer)))
    return union_all(*[select(part.subquery()) for part in parts])


_DUE, _DUE_WITHOUT_TROUBLED = _due(with_troubled=True), _due(with_troubled=False)


# ---- what may not be sent ----


def _put_aside_unfit(connection: Connection, now: datetime, channel: str, rows: Sequence[Any]) -> set[int]:
    """Those that killed too many, came too late, or go where nothing goes at present; answers which they were."""
    unfit: set[int] = set()
    asides: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        if row.attempts >= MOST_ATTEMPTS:
            asides[FAILED, _POISON].append(row.id)
        elif row.expires_at is not None and row.expires_at <= now:
            asides[SKIPPED, _TOO_LATE].append(row.id)
        elif row.suppressed_reason is not None:
            unfit.add(row.id)
            connection.execute(_skip_all(channel, row.destination, _SUPPRESSED + row.suppressed_reason))
        elif row.closed_until is not None and row.closed_until > now:
            unfit.add(row.id)
            connection.execute(_postpone(channel, now, row))
    for (state, reason), ids in asides.items():
        unfit.update(ids)
        values = {"state": state, "reason": reason, "leased_by": None, "leased_until": None}
        connection.execute(update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(values))
    return unfit


def _waiting_there(channel: str, destination: str) -> tuple[Any, ...]:
    table = OutboxMessage
    return table.channel == channel, table.destination == destination, is_waiting(table)


def _skip_all(channel: str, destination: str, reason: str) -> Update:
    values = {"state": SKIPPED, "reason": reason, "leased_by": None, "leased_until": None}
    return update(OutboxMessage).where(*_waiting_there(channel, destination)).values(values)


def _postpone(channel: str, now: datetime, row: Any) -> Update:
    """Everything due at a destination that is left alone waits as long as that."""
    values: dict[str, Any] = {"next_attempt_at": row.closed_until, "leased_by": None, "leased_until": None}
    if row.failures:
        times = "failed attempt" if row.failures == 1 else "failed attempts in a row"
        values["reason"] = f"Waits after {row.failures} {times}: {row.reason}"
    is_due = OutboxMessage.next_attempt_at <= now
    return update(OutboxMessage).where(*_waiting_there(channel, row.destination), is_due).values(values)


def _lease(worker: str, now: datetime, lease: timedelta, ids: Sequence[int]) -> Any:
    table = OutboxMessage
    # whoever changes a row at this moment keeps it; SQLite has one writer and leaves FOR UPDATE out
    free = select(table.id).where(table.id.in_(ids), is_waiting(table)).with_for_update(skip_locked=True)
    return (
        update(table)
        .where(table.id.in_(free))
        .values(
            leased_by=worker,
            leased_until=now + lease,
            next_attempt_at=now + lease,
            lease_term=table.lease_term + 1,
            attempts=table.attempts + 1,
            first_attempt_at=func.coalesce(table.first_attempt_at, now),
            last_attempt_at=now,
        )
        .returning(
            table.id,
            table.key,
            table.event,
            table.channel,
            table.destination,
            table.payload,
            table.incident_id,
            table.person_id,
            table.purpose,
            table.body_id,
            table.attempts.label("attempt"),
            table.lease_term,
        )
    )
