"""Erases what is known of a member of the public, wherever it stands; the audit log says only that it was done."""

from __future__ import annotations

from sqlalchemy import delete

from ..kernel.database import db
from ..published import subscribers
from ..published.subscribers import Subscriber
from ..published.subscribers.signing_up import clean_email
from ..records.actors import Actor
from ..records.idempotency import KeyedRequest
from .audit import note


def erase_subscriber(subscriber: Subscriber, *, by: Actor) -> None:
    """Off the list and out of the log of what was sent. What waits for them is not sent."""
    named = subscriber.email or subscriber.url or ""
    subscribers.erase(subscriber)
    _forget_answers(named)
    note("subscriber erased", by=by, subject=subscriber.public_id)


def erase_address(email: str, *, by: Actor) -> bool:
    """The same by an address, which may have left long ago; whether anything was known of it. Raises Malformed."""
    erased = subscribers.erase_address(email)
    _forget_answers(clean_email(email))
    if erased:
        note("subscriber erased", by=by)
    return erased


def _forget_answers(named: str) -> None:
    """Answers to programs are kept for a day in case that they ask again."""
    db.session.execute(
        delete(KeyedRequest).where(KeyedRequest.path.contains("subscribers"), KeyedRequest.answer.contains(named)),
        execution_options={"synchronize_session": False},
    )
