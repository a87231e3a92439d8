"""Erases an address: the subscriber with all that was chosen, and its name in the log of what was sent."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import case, delete, exists, or_, select, update

from ...kernel import clock
from ...kernel.database import db
from ...kernel.outbox import Destination, OutboxMessage
from .limits import FORGOTTEN_AFTER
from .model import EMAIL, Subscriber
from .signing_up import clean_email
from .withdrawing import messages_to, skip_what_waits

_ERASED = "The address was erased"
_MOST_AT_ONCE = 500


def erase(subscriber: Subscriber) -> None:
    """Off the list, and out of the log: that something was sent stays known, to whom does not."""
    skip_what_waits(subscriber, reason=_ERASED)
    _erase_from_log(subscriber.kind, subscriber.destination)
    db.session.delete(subscriber)
    db.session.flush()


def erase_address(email: str) -> bool:
    """The same by the address, which may have left the list long ago; False where nothing was known of it. Raises Malformed."""
    address = clean_email(email)
    subscriber = db.session.scalar(select(Subscriber).where(Subscriber.email == address))
    if subscriber is not None:
        skip_what_waits(subscriber, reason=_ERASED)
        db.session.delete(subscriber)
        db.session.flush()
    return _erase_from_log(EMAIL, address) or subscriber is not None


def forget_the_unconfirmed() -> int:
    """Erase those who did not answer for a week; how many. Some hundreds at a time. The caller commits."""
    since = clock.now() - FORGOTTEN_AFTER
    silent = (
        select(Subscriber)
        .where(
            Subscriber.kind == EMAIL,
            Subscriber.confirmed_at.is_(None),
            Subscriber.created_at <= since,
            or_(Subscriber.asked_at.is_(None), Subscriber.asked_at <= since),
        )
        .limit(_MOST_AT_ONCE)
    )
    found = list(db.session.scalars(silent))
    for subscriber in found:
        erase(subscriber)
    return len(found)


def _erase_from_log(channel: str, destination: str) -> bool:
    """Whether there was anything. What a responder with this address got is the team's record, and stays."""
    nobody = f"erased:{secrets.token_hex(6)}"
    # what was not sent must say why, and another side's words may name the address
    reason = case((OutboxMessage.reason.is_(None), None), else_=_ERASED)
    erased: Any = db.session.execute(
        update(OutboxMessage)
        .where(*messages_to(channel, destination))
        .values(destination=nobody, payload={}, receipt=None, reason=reason),
        execution_options={"synchronize_session": False},
    )
    others = exists().where(OutboxMessage.channel == channel, OutboxMessage.destination == destination)
    db.session.execute(
        delete(Destination).where(Destination.channel == channel, Destination.destination == destination, ~others),
        execution_options={"synchronize_session": False},
    )
    return bool(erased.rowcount)
