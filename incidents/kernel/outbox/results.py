"""What became of claims, written down in bulk, and only while a claim's lease is the last one given.

So a worker that was thought dead changes nothing when it comes back late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from .. import clock
from ..database import db, writing
from . import bulk, destinations
from .destinations import EVERYWHERE, Destination, Lesson, learn
from .leases import MOST_ATTEMPTS, Claim, pause_after
from .messages import FAILED, SENT, SKIPPED, WAITING, OutboxMessage


class Result(NamedTuple):
    """What became of one claim; made by the functions below."""

    claim: Claim
    state: str
    reason: str | None = None
    sent_at: datetime | None = None
    next_attempt_at: datetime | None = None
    untried: bool = False
    receipt: Mapping[str, Any] | None = None


def sent(claimed: Claim, *, receipt: Mapping[str, Any] | None = None) -> Result:
    """It left."""
    return Result(claim=claimed, state=SENT, sent_at=clock.now(), receipt=receipt)


def failed(claimed: Claim, *, reason: str, permanent: bool = False, retry_after: timedelta | None = None) -> Result:
    """It did not leave. ``permanent``, or the last attempt, makes it a dead letter.

    ``retry_after`` is what the other side asked for.
    """
    if permanent or claimed.attempt >= MOST_ATTEMPTS:
        return Result(claim=claimed, state=FAILED, reason=reason)
    again_at = clock.now() + pause_after(claimed.attempt, retry_after)
    return Result(claim=claimed, state=WAITING, reason=reason, next_attempt_at=again_at)


def skipped(claimed: Claim, *, reason: str) -> Result:
    """It must not leave any more."""
    return Result(claim=claimed, state=SKIPPED, reason=reason)


def returned(claimed: Claim, *, reason: str | None = None, until: datetime | None = None) -> Result:
    """It was not tried: the attempt is not counted, and it waits until ``until`` for ``reason``."""
    return Result(claim=claimed, state=WAITING, reason=reason, next_attempt_at=until or clock.now(), untried=True)


def conclude(results: Sequence[Result], lessons: Sequence[Lesson] = (), *, pace: timedelta | None = None) -> set[int]:
    """Write down results of one worker and what they taught; answers whose lease had not passed on meanwhile.

    ``pace`` is how long a destination is left alone after what has left: it may have left long after it was claimed.
    """
    if not results and not lessons:
        return set()
    with writing(), db.engine.begin() as connection:
        written = _write(connection, results) if results else set()
        for lesson in lessons:
            if lesson.works and lesson.destination == EVERYWHERE:
                _bring_forward(connection, lesson.channel)
        learn(connection, lessons)
        if pace is not None:
            _keep_pace(connection, results, pace)
    return written


def _keep_pace(connection: Connection, results: Sequence[Result], pace: timedelta) -> None:
    places = {
        (each.claim.channel, each.claim.destination): each.sent_at for each in results if each.sent_at is not None
    }
    for (channel, destination), sent_at in sorted(places.items()):
        destinations.pace(connection, channel, [destination], until=sent_at + pace)


def _bring_forward(connection: Connection, channel: str) -> None:
    """The channel is back: what was tried in vain meanwhile leaves now, and not when its own long wait is over."""
    away_since = select(Destination.failing_since).where(
        Destination.channel == channel, Destination.destination == EVERYWHERE
    )
    connection.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.channel == channel,
            OutboxMessage.state == WAITING,
            OutboxMessage.leased_by.is_(None),
            OutboxMessage.next_attempt_at > clock.now(),
            OutboxMessage.last_attempt_at >= away_since.scalar_subquery(),
        )
        .values(next_attempt_at=clock.now())
    )


def _write(connection: Connection, results: Sequence[Result]) -> set[int]:
    dialect = connection.dialect.name
    rows = bulk.as_parameter([_row(result) for result in results], dialect)
    found = connection.execute(_STATEMENTS[dialect], {"rows": rows, "worker": results[0].claim.worker})
    return {row.id for row in found}


def _row(result: Result) -> dict[str, Any]:
    return {
        "id": result.claim.id,
        "term": result.claim.lease_term,
        "state": result.state,
        "reason": result.reason,
        "sent_at": result.sent_at,
        "next_attempt_at": result.next_attempt_at,
        "untried": int(result.untried),
        "receipt": None if result.receipt is None else dict(result.receipt),
        "sent_body": result.claim.body_id if result.state == SENT else None,
    }


_FIELDS: Mapping[str, bulk.Kind] = {
    "id": "number",
    "term": "number",
    "state": "text",
    "reason": "text",
    "sent_at": "moment",
    "next_attempt_at": "moment",
    "untried": "number",
    "receipt": "json",
    "sent_body": "number",
}


def _statement(dialect: str) -> Any:
    table, given = OutboxMessage, bulk.given(_FIELDS, dialect).c
    return (
        update(table)
        .where(table.id == given.id, table.lease_term == given.term, table.leased_by == bindparam("worker"))
        .values(
            state=given.state,
            reason=given.reason,
            sent_at=given.sent_at,
            next_attempt_at=func.coalesce(given.next_attempt_at, table.next_attempt_at),
            attempts=table.attempts - given.untried,
            receipt=func.coalesce(given.receipt, table.receipt),
            body_id=func.coalesce(
                given.sent_body, table.body_id
            ),  # its words may have been edited since it was written
            leased_by=None,
            leased_until=None,
        )
        .returning(table.id)
    )


_STATEMENTS = {dialect: _statement(dialect) for dialect in ("postgresql", "sqlite")}


def mark_sent(claimed: Claim, *, receipt: Mapping[str, Any] | None = None) -> bool:
    """Write down that it left; False when the lease had passed to another worker meanwhile."""
    return bool(conclude([sent(claimed, receipt=receipt)]))


def mark_failed(claimed: Claim, *, reason: str, permanent: bool = False, retry_after: timedelta | None = None) -> bool:
    """Write down why it did not leave, and when it is tried again; False when the lease had passed on."""
    return bool(conclude([failed(claimed, reason=reason, permanent=permanent, retry_after=retry_after)]))


def mark_skipped(claimed: Claim, *, reason: str) -> bool:
    """Write down why it must not leave any more; False when the lease had passed on."""
    return bool(conclude([skipped(claimed, reason=reason)]))


def give_back(claimed: Claim, *, reason: str | None = None, until: datetime | None = None) -> bool:
    """Return a claim untried; False when the lease had passed on."""
    return bool(conclude([returned(claimed, reason=reason, until=until)]))
