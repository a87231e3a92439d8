"""Subscribers who cannot be reached: taken out of what is told until somebody lifts it, visibly and with the reason.

The outbox knows the destinations that it writes to no more; this says the same of the subscribers who have them. It
follows from those rows alone, so that it may be done at any time and twice.
"""

from __future__ import annotations

import structlog
from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, select

from ..kernel import clock
from ..kernel.database import db, writing
from ..kernel.outbox import Destination
from ..published.subscribers import EMAIL, WEBHOOK, Subscriber, pasts
from .public_facts import BY_ID

_LONGEST_REASON = 300
_MOST_AT_ONCE = 500

log = structlog.get_logger(__name__)


def settle() -> int:
    """Quarantine whoever the outbox has given up on, and commit; how many."""
    with writing():
        db.session.rollback()
        found = [each for ours in (_by_mail(), _by_webhook()) for each in db.session.execute(ours)]
        for subscriber, reason in found:
            _quarantine(subscriber, reason or "")
        db.session.commit()
    return len(found)


def _by_mail() -> Select[Subscriber, str | None]:
    return _given_up(EMAIL, Destination.destination == Subscriber.email)


def _by_webhook() -> Select[Subscriber, str | None]:
    """Their numbers are taken from the few destinations: to make a name of each subscriber's is to look at all of them."""
    number = cast(func.substr(Destination.destination, len(BY_ID) + 1), Integer)
    is_theirs = case((Destination.destination.like(f"{BY_ID}%"), number)) == Subscriber.id
    return _given_up(WEBHOOK, is_theirs)


def _given_up(channel: str, is_theirs: ColumnElement[bool]) -> Select[Subscriber, str | None]:
    return (
        select(Subscriber, Destination.suppressed_reason)
        .join(Destination, is_theirs)
        .where(
            Destination.channel == channel, Destination.suppressed_at.is_not(None), Subscriber.quarantined_at.is_(None)
        )
        .limit(_MOST_AT_ONCE)
    )


def _quarantine(subscriber: Subscriber, reason: str) -> None:
    pasts.remember(subscriber, ended_by=pasts.QUARANTINED)
    subscriber.quarantined_at = subscriber.updated_at = clock.now()
    subscriber.quarantine_reason = reason[:_LONGEST_REASON]
    log.warning("subscriber_quarantined", subscriber=subscriber.public_id, reason=reason)
