"""How often forms and letters go: enough for people, too little for whoever means to flood a mailbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import case, or_, update

from ...kernel import clock, throttle
from ...kernel.database import db
from .model import Subscriber

# reliability P21: five an hour from one address; a /24 besides, which is a small provider's customers or an office
PER_ADDRESS = throttle.Limits(per_account=None, per_network=5, window=timedelta(hours=1), is_firm=True)
PER_NETWORK = throttle.Limits(per_account=None, per_network=20, bits=24)
BETWEEN_LETTERS = timedelta(days=1)
FORGOTTEN_AFTER = timedelta(days=7)
MOST_LETTERS = 3  # in that time, to an address that does not answer
_KIND = "subscribe"


def admit_form(*, account: str, address: str) -> None:
    """Let a public form from ``address`` go on, or raise TooMany. It says nothing about the account that was given.

    Commits by itself: call it before anything else.
    """
    throttle.admit(_KIND, account=account, address=address, limits=PER_ADDRESS)
    throttle.admit(f"{_KIND} network", account=account, address=address, limits=PER_NETWORK)


def may_write(subscriber: Subscriber) -> bool:
    """Whether one more letter may go to an address that somebody gave, which then counts; of two at once one may.

    One a day, and three until it answers or a week has passed.
    """
    now = clock.now()
    a_week_ago = now - FORGOTTEN_AFTER
    if subscriber.asked_at is not None and subscriber.asked_at > now - BETWEEN_LETTERS:
        return False  # a thousand at once need not be written about
    taken = (
        update(Subscriber)
        .where(
            Subscriber.id == subscriber.id,
            or_(Subscriber.asked_at.is_(None), Subscriber.asked_at <= now - BETWEEN_LETTERS),
            or_(Subscriber.letters < MOST_LETTERS, Subscriber.asked_at <= a_week_ago),
        )
        .values(
            asked_at=now,
            letters=case((Subscriber.asked_at <= a_week_ago, 1), else_=Subscriber.letters + 1),
        )
    )
    result: Any = db.session.execute(taken, execution_options={"synchronize_session": False})
    db.session.refresh(subscriber, ["asked_at", "letters"])
    return int(result.rowcount) == 1
