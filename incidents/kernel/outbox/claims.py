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
from typing import Any, NamedTuple

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
from . import bulk, destinations
from .destinations import EVERYWHERE, Destination
from .folding import put_aside_superseded
from .leases import LONGEST_LEASE, MOST_ATTEMPTS, Claim
from .messages import FAILED, RANKS, SKIPPED, OutboxMessage, OutboxPause, is_waiting

BATCH = 500
_PROBE = timedelta(seconds=35)  # longer than any attempt: meanwhile no other clock tries the same way
_SPARE = 20  # looked at besides, since several may be due at one destination
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

    Of each incident's messages to one destination only the earliest is taken; a page or reminder waits for no other
    kind, and for none that waits for its next try. At most ``troubled`` of them go to destinations that failed the last
    time. While the whole channel is away one message tries the way. A message whose last worker vanished is handed out
    alone: if its payload kills whoever takes it, it takes no neighbour along, and after MOST_ATTEMPTS it is put aside as
    failed. ``pace`` is how long each destination is left alone afterwards.
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
        due = _usable(connection, now, channel, limit=limit, troubled=troubled, all_well=not away.knows_some)
        if not due:
            return []
        if away.failures:
            connection.execute(_leave_alone(channel, now + _PROBE))
        dialect = connection.dialect.name
        ids = bulk.ids([each.id for each in due], dialect)
        given = {"worker": worker, "now": now, "until": now + lease, "ids": ids}
        rows = connection.execute(_LEASE[dialect], given).all()
        if pace is not None:
            destinations.pace(connection, channel, (row.destination for row in rows), until=now + pace)
    known, ends = {each.id: each for each in due}, began + lease.total_seconds()
    claims = {row.id: _claim(row, known[row.id], worker, ends, away.failures or 0) for row in rows}
    return [claims[each.id] for each in due if each.id in claims]


def _claim(row: Any, due: Due, worker: str, ends: float, failures_everywhere: int) -> Claim:
    there = due.there
    # in the order of its fields: first what _LEASE returns, then what the lane knows
    fields: tuple[Any, ...] = (
        *row,
        worker,
        ends,
        due.failures,
        there.failing_since if there else None,
        failures_everywhere,
        due.row.leased_by is not None,
    )
    return Claim(*fields)


def _one_claim_at_a_time(connection: Connection, channel: str) -> None:
    if connection.dialect.name == "postgresql":
        number = zlib.crc32(f"sevenbells/outbox/{channel}".encode())
        # a claim that a crash of the server undoes costs a repeat under the same key: no need to wait for the disk
        settings = "set_config('synchronous_commit', 'off', true)"
        connection.execute(text(f"SELECT pg_advisory_xact_lock(:number), {settings}"), {"number": number})


def _away() -> Any:
    """No row while everything is held, else one that says whether the channel is away."""
    everywhere = and_(Destination.channel == bindparam("channel"), Destination.destination == EVERYWHERE)
    some = aliased(Destination)
    knows_some = exists().where(some.channel == bindparam("channel"), some.destination != EVERYWHERE)
    one = select(literal_column("1").label("one")).subquery()
    return (
        select(Destination.failures, Destination.closed_until, knows_some.label("knows_some"))
        .select_from(one.outerjoin(Destination, everywhere))
        .where(~exists().where(OutboxPause.id == 1))
    )


_AWAY = _away()


def _leave_alone(channel: str, until: datetime) -> Update:
    is_it = (Destination.channel == channel, Destination.destination == EVERYWHERE)
    return update(Destination).where(*is_it).values(closed_until=until)


class Due(NamedTuple):
    """A message that is due, and what is known of where it goes."""

    row: Any
    there: Any | None

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def failures(self) -> int:
        return self.there.failures if self.there else 0


def _usable(
    connection: Connection, now: datetime, channel: str, *, limit: int, troubled: int, all_well: bool
) -> list[Due]:
    """What is due and may be sent. What may not is put aside or told to wait, and what stood behind it is looked at."""
    usable: list[Due] = []
    for _round in range(_MOST_ROUNDS):
        due = _due(connection, now, channel, limit=limit, troubled=troubled, all_well=all_well)
        usable = _one_a_destination(due, limit=limit, troubled=troubled)
        unfit = _put_aside_unfit(connection, now, channel, usable)
        unfit |= put_aside_superseded(connection, now, [each.row for each in usable if each.id not in unfit])
        usable = [each for each in usable if each.id not in unfit]
        if not unfit:
            break
    abandoned = [each for each in usable if each.row.leased_by is not None]
    return abandoned[:1] or usable


def _due(
    connection: Connection, now: datetime, channel: str, *, limit: int, troubled: int, all_well: bool
) -> list[Due]:
    given = {"channel": channel, "now": now}
    rows = connection.execute(_DUE, {**given, "limit": limit + min(limit, _SPARE)}).all()
    if all_well:  # as most often: no destination is known to be anything else
        return [Due(row, None) for row in rows]
    if troubled:
        names = connection.scalars(_TROUBLED, {**given, "limit": troubled * 4}).all()
        if names:
            rows = [*rows, *connection.execute(_DUE_THERE, {**given, "names": names, "limit": troubled * 8})]
    there = {}
    if rows:
        found = connection.execute(_THERE, {"channel": channel, "names": {row.destination for row in rows}})
        there = {each.destination: each for each in found}
    return [Due(row, there.get(row.destination)) for row in rows]


def _one_a_destination(rows: Iterable[Due], *, limit: int, troubled: int) -> list[Due]:
    chosen: dict[str, Due] = {}
    for each in rows:
        if each.row.destination in chosen or len(chosen) == limit:
            continue
        if each.failures and not _is_barred(each):
            if not troubled:
                continue
            troubled -= 1
        chosen[each.row.destination] = each
    return [*chosen.values()]


def _is_barred(each: Due) -> bool:
    """Whether it is only looked at to be told to wait, or to be skipped."""
    there = each.there
    if there is None or _tries_a_breaker(each):
        return False
    return there.closed_until is not None or there.suppressed_reason is not None


def _tries_a_breaker(each: Due) -> bool:
    """Whether it goes where nothing went of late all the same: the first attempt of what calls somebody.

    Not where the other side itself said when to come again, nor where only a pace is kept.
    """
    there, row = each.there, each.row
    if there is None or there.suppressed_reason is not None or not there.failures or there.was_asked_for:
        return False
    return bool(row.rank == 0 and row.attempts == 0)


# ---- what is due ----

_Other = aliased(OutboxMessage)
_NOW: Any = bindparam("now", type_=UtcDateTime)
_CHANNEL: Any = bindparam("channel", type_=String)


def _due_of(*conditions: Any, newest_first: bool = False, by_rank: bool = False) -> Any:
    """Due messages at the head of their incident's queue, to destinations that have none in flight.

    The scalar subqueries are looked up row by row: of a NOT EXISTS a planner makes a join over all that waits. In them
    everything but the destination and the state is kept from the indexes, because a planner without statistics takes any other.
    """
    table = OutboxMessage
    there = (
        _Other.destination == table.destination,
        is_waiting(_Other),  # as all in flight does: without it a planner may look at all that was ever sent there
        _Other.channel + literal_column("''") == table.channel,
    )
    in_flight = select(_Other.id).where(
        *there, _Other.leased_by.is_not(None), func.coalesce(_Other.leased_until, _NOW) > _NOW
    )
    earlier = select(_Other.id).where(
        *there,
        _Other.incident_id + literal_column("0") == table.incident_id,
        _Other.id + literal_column("0") < table.id,
        # one that is meant to leave later holds up none; what calls somebody waits only for an earlier call that is due
        or_(
            and_(table.rank > literal_column("0"), _Other.attempts > 0),
            and_(
                or_(table.rank > literal_column("0"), _Other.rank + literal_column("0") == 0),
                func.coalesce(_Other.next_attempt_at, _NOW) <= _NOW,
            ),
        ),
    )
    order: tuple[Any, ...] = (table.next_attempt_at, table.id)
    if newest_first:
        order = (table.next_attempt_at.desc(), table.id.desc())
    if by_rank:
        order = (table.rank, *order)
    return (
        select(
            table.id,
            table.destination,
            table.attempts,
            table.expires_at,
            table.leased_by,
            table.fold_key,
            table.rank,
        )
        .where(
            table.channel == _CHANNEL,
            is_waiting(table),
            table.next_attempt_at <= _NOW,
            in_flight.limit(1).scalar_subquery().is_(None),
            earlier.limit(1).scalar_subquery().is_(None),
            *conditions,
        )
        .order_by(*order)
        .limit(bindparam("limit", type_=Integer))
    )


_IS_IN_TROUBLE = (
    Destination.failures > 0,
    Destination.suppressed_at.is_(None),
    or_(Destination.closed_until.is_(None), Destination.closed_until <= _NOW),
)


def _due_by_rank() -> Any:
    """By rank and within it by time, the newest public update first; not what goes where the last attempt failed."""
    table = OutboxMessage
    in_trouble = select(Destination.failures).where(
        Destination.channel == table.channel, Destination.destination == table.destination, *_IS_IN_TROUBLE
    )
    fares_well = in_trouble.scalar_subquery().is_(None)
    parts = [
        _due_of(table.rank == literal_column(str(rank)), fares_well, newest_first=rank == RANKS[-1]) for rank in RANKS
    ]
    return union_all(*[select(part.subquery()) for part in parts])


_NAMES: Any = bindparam("names", expanding=True)
_DUE = _due_by_rank()
_DUE_THERE = _due_of(OutboxMessage.destination.in_(_NAMES), by_rank=True)
# who was tried longest ago comes first, so that each has its turn
_TROUBLED = (
    select(Destination.destination)
    .where(Destination.channel == _CHANNEL, Destination.destination != EVERYWHERE, *_IS_IN_TROUBLE)
    .order_by(Destination.updated_at)
    .limit(bindparam("limit", type_=Integer))
)
_THERE = select(
    Destination.destination,
    Destination.failures,
    Destination.failing_since,
    Destination.closed_until,
    Destination.was_asked_for,
    Destination.reason,
    Destination.suppressed_reason,
).where(Destination.channel == _CHANNEL, Destination.destination.in_(_NAMES))


# ---- what may not be sent ----


def _put_aside_unfit(connection: Connection, now: datetime, channel: str, due: Sequence[Due]) -> set[int]:
    """Those that killed too many, came too late, or go where nothing goes at present; answers which they were."""
    unfit: set[int] = set()
    asides: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in due:
        row, there = each.row, each.there
        if row.attempts >= MOST_ATTEMPTS:
            asides[FAILED, _POISON].append(row.id)
        elif row.expires_at is not None and row.expires_at <= now:
            asides[SKIPPED, _TOO_LATE].append(row.id)
        elif there is not None and there.suppressed_reason is not None:
            unfit.add(row.id)
            connection.execute(_skip_all(channel, row.destination, _SUPPRESSED + there.suppressed_reason))
        elif (
            there is not None
            and there.closed_until is not None
            and there.closed_until > now
            and not _tries_a_breaker(each)
        ):
            unfit.add(row.id)
            connection.execute(_postpone(channel, now, there))
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


def _postpone(channel: str, now: datetime, there: Any) -> Update:
    """Everything due at a destination that is left alone waits as long as that."""
    values: dict[str, Any] = {"next_attempt_at": there.closed_until, "leased_by": None, "leased_until": None}
    if there.failures:
        times = "failed attempt" if there.failures == 1 else "failed attempts in a row"
        values["reason"] = f"Waits after {there.failures} {times}: {there.reason}"
    those = [*_waiting_there(channel, there.destination), OutboxMessage.next_attempt_at <= now]
    if there.failures and not there.was_asked_for:  # what tries the breaker does not wait for it
        those.append(or_(OutboxMessage.rank > 0, OutboxMessage.attempts > 0))
    return update(OutboxMessage).where(*those).values(values)


def _lease(dialect: str) -> Any:
    table, until = OutboxMessage, bindparam("until", type_=UtcDateTime)
    # whoever changes a row at this moment keeps it; SQLite has one writer and leaves FOR UPDATE out
    chosen = bulk.is_one_of(table.id, dialect)
    free = select(table.id).where(chosen, is_waiting(table)).with_for_update(skip_locked=True)
    return (
        update(table)
        .where(table.id.in_(free))
        .values(
            leased_by=bindparam("worker", type_=String),
            leased_until=until,
            next_attempt_at=until,
            lease_term=table.lease_term + 1,
            attempts=table.attempts + 1,
            first_attempt_at=func.coalesce(table.first_attempt_at, _NOW),
            last_attempt_at=_NOW,
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
            table.first_attempt_at,
        )
    )


_LEASE = {dialect: _lease(dialect) for dialect in ("postgresql", "sqlite")}
