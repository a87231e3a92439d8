"""Keeps what is on its way from somebody who is no longer on the list."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, update

from ...kernel import outbox
from ...kernel.database import db
from ...kernel.outbox import OutboxMessage
from .model import Subscriber


def messages_to(channel: str, destination: str) -> tuple[ColumnElement[bool], ...]:
    """What was written to this subscriber, and nothing that a responder or a guest at the same address got."""
    return (
        OutboxMessage.channel == channel,
        OutboxMessage.destination == destination,
        OutboxMessage.person_id.is_(None),
        or_(OutboxMessage.purpose == outbox.UPDATE, OutboxMessage.event.startswith("subscription/")),
    )


def skip_what_waits(subscriber: Subscriber, *, reason: str) -> None:
    """None of what waits for this subscriber leaves; what is being sent at this moment does."""
    waits = (OutboxMessage.state == outbox.WAITING, OutboxMessage.leased_by.is_(None))
    db.session.execute(
        update(OutboxMessage)
        .where(*messages_to(subscriber.kind, subscriber.destination), *waits)
        .values(state=outbox.SKIPPED, reason=reason),
        execution_options={"synchronize_session": False},
    )
