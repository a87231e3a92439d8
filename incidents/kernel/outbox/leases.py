"""Leases on what is due: claim it, send it while no transaction is open, write down what became of it.

Each function here is a transaction of its own. A result is written only while its lease is the last one
given, so that a worker that was thought dead changes nothing when it comes back late.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, exists, func, select, update

from .. import clock
from ..database import db, writing
from .messages import FAILED, SENT, SKIPPED, WAITING, OutboxMessage, OutboxPause

# Before the first attempt, the second, …; about a day in all (reliability, P7).
SCHEDULE: tuple[timedelta, ...] = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=8),
)
MOST_ATTEMPTS = len(SCHEDULE)
LONGEST_LEASE = timedelta(minutes=2)
LONGEST_RETRY_AFTER = timedelta(days=1)
_POISON = f"The sender stopped {MOST_ATTEMPTS} times while it was sending this"
_TOO_LATE = "It was too late to be of use"


@dataclass(frozen=True)
class Claim:
    """A message leased to one worker for one attempt."""

    id: int
    key: str
    event: str
    channel: str
    destination: str
    payload: Mapping[str, Any]
    incident_id: int | None
    attempt: int
    lease_term: int
    worker: str
    ends: float  # time.monotonic() at which the lease is over, taken before the claim was asked for

    def seconds_left(self) -> float:
        """How long this worker may still act on it."""
        return self.ends - time.monotonic()


def claim(*, worker: str, channel: str, limit: int = 20, lease: timedelta = LONGEST_LEASE) -> list[Claim]:
    """Lease due messages of a channel to ``worker``; the attempt is counted here, so that a crash counts too.

    A message whose last worker vanished is handed out alone: if its payload kills whoever takes it,
    it takes no neighbour along, and after MOST_ATTEMPTS it is put aside as failed.
    """
    if lease > LONGEST_LEASE:
        raise ValueError("a lease is at most two minutes")
    began, now = time.monotonic(), clock.now()
    with writing(), db.engine.begin() as connection:
        due = connection.execute(_due(now, channel, limit)).all()
        poison = [row.id for row in due if row.attempts >= MOST_ATTEMPTS]
        too_late = [row.id for row in due if row.expires_at and row.expires_at <= now and row.id not in poison]
        if poison:
            connection.execute(_put_aside(poison, FAILED, _POISON))
        if too_late:
            connection.execute(_put_aside(too_late, SKIPPED, _TOO_LATE))
        usable = [row for row in due if row.id not in {*poison, *too_late}]
        abandoned = [row.id for row in usable if row.leased_by is not None]
        chosen = abandoned[:1] or [row.id for row in usable]
        rows = connection.execute(_lease(worker, now, lease, chosen)).all() if chosen else []
    claims = [Claim(**row._mapping, worker=worker, ends=began + lease.total_seconds()) for row in rows]
    return sorted(claims, key=lambda claimed: claimed.id)


def _due(now: datetime, channel: str, limit: int) -> Any:
    # SQLite leaves FOR UPDATE out; there BEGIN IMMEDIATE makes this connection the only writer
    return (
        select(OutboxMessage.id, OutboxMessage.attempts, OutboxMessage.expires_at, OutboxMessage.leased_by)
        .where(
            OutboxMessage.channel == channel,
            OutboxMessage.state == WAITING,
            OutboxMessage.next_attempt_at <= now,
            ~exists().where(OutboxPause.id == 1),
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )


def _put_aside(ids: Sequence[int], state: str, reason: str) -> Update:
    values = {"state": state, "reason": reason, "leased_by": None, "leased_until": None}
    return update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(values)


def _lease(worker: str, now: datetime, lease: timedelta, ids: Sequence[int]) -> Any:
    return (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(ids))
        .values(
            leased_by=worker,
            leased_until=now + lease,
            next_attempt_at=now + lease,
            lease_term=OutboxMessage.lease_term + 1,
            attempts=OutboxMessage.attempts + 1,
            first_attempt_at=func.coalesce(OutboxMessage.first_attempt_at, now),
            last_attempt_at=now,
        )
        .returning(
            OutboxMessage.id,
            OutboxMessage.key,
            OutboxMessage.event,
            OutboxMessage.channel,
            OutboxMessage.destination,
            OutboxMessage.payload,
            OutboxMessage.incident_id,
            OutboxMessage.attempts.label("attempt"),
            OutboxMessage.lease_term,
        )
    )


def mark_sent(claimed: Claim) -> bool:
    """Write down that it left; False when the lease had passed to another worker meanwhile."""
    return _conclude(claimed, state=SENT, sent_at=clock.now(), reason=None)


def mark_failed(claimed: Claim, *, reason: str, permanent: bool = False, retry_after: timedelta | None = None) -> bool:
    """Write down why it did not leave, and when it is tried again; False when the lease had passed on.

    ``permanent``, or the last attempt, makes it a dead letter. ``retry_after`` is what the other side asked for.
    """
    if permanent or claimed.attempt >= MOST_ATTEMPTS:
        return _conclude(claimed, state=FAILED, reason=reason)
    return _conclude(claimed, reason=reason, next_attempt_at=clock.now() + pause_after(claimed.attempt, retry_after))


def mark_skipped(claimed: Claim, *, reason: str) -> bool:
    """Write down why it must not leave any more; False when the lease had passed on."""
    return _conclude(claimed, state=SKIPPED, reason=reason)


def pause_after(attempt: int, retry_after: timedelta | None = None) -> timedelta:
    """How long to wait after attempt number ``attempt`` failed: full jitter, so that a recovery meets no herd."""
    if retry_after is not None:
        return min(max(retry_after, timedelta(0)), LONGEST_RETRY_AFTER)
    return SCHEDULE[attempt] * random.random()


def give_back(claimed: Claim, *, reason: str | None = None, until: datetime | None = None) -> bool:
    """Return a claim untried: the attempt is not counted, and it waits until ``until`` for ``reason``."""
    return _conclude(claimed, attempts=OutboxMessage.attempts - 1, next_attempt_at=until or clock.now(), reason=reason)


def release(worker: str) -> int:
    """Give back everything ``worker`` still holds, when it stops; answers how many."""
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.leased_by == worker)
        .values(leased_by=None, leased_until=None, next_attempt_at=clock.now(), attempts=OutboxMessage.attempts - 1)
    )
    with writing(), db.engine.begin() as connection:
        return int(connection.execute(statement).rowcount)


def _conclude(claimed: Claim, **values: Any) -> bool:
    statement = (
        update(OutboxMessage)
        .where(
            OutboxMessage.id == claimed.id,
            OutboxMessage.lease_term == claimed.lease_term,
            OutboxMessage.leased_by == claimed.worker,
        )
        .values(leased_by=None, leased_until=None, **values)
    )
    with writing(), db.engine.begin() as connection:
        return int(connection.execute(statement).rowcount) == 1


def mend_after_clock_went_back() -> int:
    """Keep waiting times as long as they were meant when the wall clock was set back; answers how many rows moved.

    Rows written "in the future" would otherwise wait for the clock to catch up. Repeating it changes nothing.
    """
    now = clock.now()
    began = func.coalesce(OutboxMessage.last_attempt_at, OutboxMessage.created_at)
    table = OutboxMessage
    moved = 0
    with writing(), db.engine.begin() as connection:
        query = select(table.id, table.created_at, table.last_attempt_at, table.next_attempt_at)
        for row in connection.execute(query.where(table.state == WAITING, began > now).with_for_update()).all():
            wait = row.next_attempt_at - (row.last_attempt_at or row.created_at)
            values: dict[str, Any] = {"next_attempt_at": now + wait, "created_at": min(row.created_at, now)}
            if row.last_attempt_at:
                values["last_attempt_at"] = now
            connection.execute(update(table).where(table.id == row.id).values(values))
            moved += 1
    return moved
