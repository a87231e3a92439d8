"""A lease on a message: what its holder knows, how long it waits after a failure, and how leases end unasked."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select, update

from .. import clock
from ..database import db, writing
from . import destinations
from .messages import WAITING, OutboxMessage

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


class Claim(NamedTuple):
    """A message leased to one worker for one attempt, with what is known of its destination."""

    id: int
    key: str
    event: str
    channel: str
    destination: str
    payload: Mapping[str, Any]
    incident_id: int | None
    person_id: int | None
    purpose: str
    body_id: int | None
    attempt: int
    lease_term: int
    first_attempt_at: datetime
    worker: str
    ends: float  # time.monotonic() at which the lease is over, taken before the claim was asked for
    failures: int = 0  # of its destination, in a row
    failing_since: datetime | None = None
    failures_everywhere: int = 0  # of its channel: this claim tries the way for all others
    was_abandoned: bool = False  # whoever held it before vanished: it may be what killed them

    def seconds_left(self) -> float:
        """How long this worker may still act on it."""
        return self.ends - time.monotonic()


def pause_after(attempt: int, retry_after: timedelta | None = None) -> timedelta:
    """How long to wait after attempt number ``attempt`` failed: full jitter, so that a recovery meets no herd."""
    if retry_after is not None:
        return min(max(retry_after, timedelta(0)), LONGEST_RETRY_AFTER)
    return SCHEDULE[attempt] * random.random()


def release(worker: str) -> int:
    """Give back everything ``worker`` still holds, when it stops; answers how many."""
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.leased_by == worker)
        .values(leased_by=None, leased_until=None, next_attempt_at=clock.now(), attempts=OutboxMessage.attempts - 1)
    )
    with writing(), db.engine.begin() as connection:
        return int(connection.execute(statement).rowcount)


def end_those_of(is_gone: Callable[[str], bool]) -> int:
    """End the leases of workers that are gone for certain, so that nothing waits for them to run out; answers how many.

    The attempt stays counted and the message counts as abandoned: it may be what ended its worker.
    """
    table, now = OutboxMessage, clock.now()
    with writing(), db.engine.begin() as connection:
        holders = connection.scalars(select(table.leased_by).where(table.leased_by.is_not(None)).distinct()).all()
        gone = [holder for holder in holders if holder and is_gone(holder)]
        if not gone:
            return 0
        ended = update(table).where(table.leased_by.in_(gone)).values(leased_until=now, next_attempt_at=now)
        return int(connection.execute(ended).rowcount)


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
        destinations.mend_after_clock_went_back(connection)
    return moved
