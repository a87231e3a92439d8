"""How a subscriber stood before each change, so that "why was I not told?" is answered by what was so then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ...kernel import clock
from ...kernel.database import Base, db
from .model import Subscriber

CHANGED, QUARANTINED, LIFTED = "changed", "quarantined", "lifted"
_KINDS = (CHANGED, QUARANTINED, LIFTED)
_KIND_LIST = ", ".join(repr(kind) for kind in _KINDS)
_MOST_KEPT = 100  # of one subscriber: whoever plays with the form fills no disk


class SubscriberPast(Base):
    """What was so of a subscriber until ``until``, and what ended it; one row a change, and none a message."""

    __tablename__ = "subscriber_pasts"
    __table_args__ = (
        CheckConstraint(f"ended_by IN ({_KIND_LIST})", name="what_ended_it_is_known"),
        Index("ix_subscriber_pasts_subscriber_id_until", "subscriber_id", "until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    until: Mapped[datetime]
    ended_by: Mapped[str] = mapped_column(String(12))
    all_components: Mapped[bool]
    components: Mapped[list[str]]
    hears_maintenance: Mapped[bool]
    quarantined_at: Mapped[datetime | None]
    quarantine_reason: Mapped[str | None] = mapped_column(String(300))


def remember(subscriber: Subscriber, *, ended_by: str = CHANGED) -> None:
    """Keep how it stands; called by whoever is about to change that, in the same transaction."""
    known = pasts_of(subscriber)
    if len(known) >= _MOST_KEPT:
        db.session.delete(known[0])
    db.session.add(
        SubscriberPast(
            subscriber_id=subscriber.id,
            until=clock.now(),
            ended_by=ended_by,
            all_components=subscriber.all_components,
            components=sorted(each.component_id for each in subscriber.components),
            hears_maintenance=subscriber.hears_maintenance,
            quarantined_at=subscriber.quarantined_at,
            quarantine_reason=subscriber.quarantine_reason,
        )
    )


def pasts_of(subscriber: Subscriber) -> Sequence[SubscriberPast]:
    """Each, the oldest first."""
    wanted = select(SubscriberPast).where(SubscriberPast.subscriber_id == subscriber.id)
    return db.session.scalars(wanted.order_by(SubscriberPast.until, SubscriberPast.id)).all()
