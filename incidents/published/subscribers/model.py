"""Who asked to be told by the status page: by e-mail or by webhook, of everything or of chosen components."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...kernel import clock
from ...kernel.database import Base
from ..public_ids import fresh_public_id

EMAIL, WEBHOOK = "email", "webhook"
STANDARD, STATUSPAGE = "standard", "statuspage"


def fresh_token() -> str:
    """What stands in the address of somebody's own page: 128 random bits."""
    return secrets.token_hex(16)


class Subscriber(Base):
    """One address that is told; it hears nothing before ``confirmed_at``, nor while it is quarantined.

    ``email`` is kept in lower case. ``token`` opens the page where one manages or ends this subscription: it stands in every
    message, so it opens nothing else. ``all_components``: everything, else what ``components`` lists. ``quarantined_at``: too much
    came back; ``quarantine_reason`` says what. Who leaves is deleted, not marked.
    """

    __tablename__ = "subscribers"
    __table_args__ = (
        CheckConstraint("kind IN ('email', 'webhook')", name="kind_of_subscriber_is_known"),
        CheckConstraint("(kind = 'email') = (email IS NOT NULL)", name="who_reads_mail_has_an_address"),
        CheckConstraint("(kind = 'webhook') = (url IS NOT NULL)", name="a_webhook_has_an_address"),
        CheckConstraint("shape IN ('standard', 'statuspage')", name="shape_of_a_webhook_is_known"),
        Index(
            "uq_subscribers_email", "email", unique=True,
            sqlite_where=text("email IS NOT NULL"), postgresql_where=text("email IS NOT NULL"),
        ),
        Index(
            "uq_subscribers_url", "url", unique=True,
            sqlite_where=text("url IS NOT NULL"), postgresql_where=text("url IS NOT NULL"),
        ),
        Index("ix_subscribers_kind_confirmed_at", "kind", "confirmed_at"),
        # the outbox and the log know a webhook by its number, which must never be somebody else's later
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=fresh_public_id)
    token: Mapped[str] = mapped_column(String(32), unique=True, default=fresh_token)
    kind: Mapped[str] = mapped_column(String(8))
    email: Mapped[str | None] = mapped_column(String(254))
    url: Mapped[str | None] = mapped_column(String(1000))
    shape: Mapped[str] = mapped_column(String(12), default=STANDARD)
    secret: Mapped[str | None] = mapped_column(String(120))  # of a webhook: whsec_…
    all_components: Mapped[bool] = mapped_column(default=True)
    hears_maintenance: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(8), default="en")
    confirmed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # when the last letter was written because somebody gave this address
    letters: Mapped[int] = mapped_column(SmallInteger, default=0)  # how many of those, of late
    quarantined_at: Mapped[datetime | None]
    quarantine_reason: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    components: Mapped[list[SubscriberComponent]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def destination(self) -> str:
        """How it stands in the outbox: an e-mail address, or the name under which the sender looks the webhook up."""
        return self.email or f"subscriber:{self.id}"


class SubscriberComponent(Base):
    """A component that a subscriber chose, by its public id."""

    __tablename__ = "subscriber_components"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True)
    component_id: Mapped[str] = mapped_column(
        ForeignKey("components.public_id", ondelete="CASCADE"), primary_key=True, index=True
    )
