"""Subscribers who cannot be reached: taken out of what is told until somebody lifts it, visibly and with the reason.

The outbox knows the destinations that it writes to no more; this says the same of the subscribers who have them. It
follows from those rows alone, so that it may be done at any time and twice.
"""

from __future__ import annotations

import structlog
from sqlalchemy import String, cast, literal, or_, select
from sqlalchemy.sql import ColumnElement

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
        found = db.session.execute(
            select(Subscriber, Destination.suppressed_reason)
            .join(Destination, _is_theirs())
            .where(Destination.suppressed_at.is_not(None), Subscriber.quarantined_at.is_(None))
            .limit(_MOST_AT_ONCE)
        ).all()
        for subscriber, reason in found:
            _quarantine(subscriber, reason or "")
        db.session.commit()
    return len(found)


def _is_theirs() -> ColumnElement[bool]:
    named = literal(BY_ID, String).concat(cast(Subscriber.id, String))
    return or_(
        (Destination.channel == EMAIL) & (Destination.destination == Subscriber.email),
        (Destination.channel == WEBHOOK) & (Destination.destination == named),
    )


def _quarantine(subscriber: Subscriber, reason: str) -> None:
    pasts.remember(subscriber, ended_by=pasts.QUARANTINED)
    subscriber.quarantined_at = subscriber.updated_at = clock.now()
    subscriber.quarantine_reason = reason[:_LONGEST_REASON]
    log.warning("subscriber_quarantined", subscriber=subscriber.public_id, reason=reason)
