"""What is known of the places that messages go to: failing, left alone for a while, or never to be written to again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ..database import Base


class Destination(Base):
    """One destination that has given trouble; one that works has no row."""

    __tablename__ = "outbox_destinations"
    __table_args__ = (
        CheckConstraint(
            "(suppressed_at IS NULL) = (suppressed_reason IS NULL)", name="a_suppressed_destination_says_why"
        ),
        Index(
            "ix_outbox_destinations_suppressed",
            "suppressed_at",
            sqlite_where=text("suppressed_at IS NOT NULL"),
            postgresql_where=text("suppressed_at IS NOT NULL"),
        ),
    )

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    destination: Mapped[str] = mapped_column(String(500), primary_key=True)  # "*": the whole channel
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    failing_since: Mapped[datetime | None]
    closed_until: Mapped[datetime | None]  # the breaker is open: nothing is tried before this
    reason: Mapped[str | None] = mapped_column(Text)
    suppressed_at: Mapped[datetime | None]  # refused for good: nothing is written to it until somebody lifts this
    suppressed_reason: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime]
