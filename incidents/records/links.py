"""One-time links: set-up, invitation, password reset. We keep only the SHA-256 of what stands in the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db


class LinkKind(StrEnum):
    """What opening a link allows."""

    SETUP = "setup"
    INVITATION = "invitation"
    RESET = "reset"


LIFETIME = {
    LinkKind.SETUP: timedelta(minutes=15),
    LinkKind.INVITATION: timedelta(days=7),
    LinkKind.RESET: timedelta(hours=1),
}
# one that an admin hands over by another way may have to wait for the morning
HANDED_OVER = timedelta(hours=24)


class OneTimeLink(Base):
    """A link that works once, until it expires. A void one is deleted; a used one stays until it would have expired."""

    __tablename__ = "one_time_links"
    __table_args__ = (
        CheckConstraint("kind IN ('setup', 'invitation', 'reset')", name="kind_is_setup_invitation_or_reset"),
        CheckConstraint("kind <> 'reset' OR person_id IS NOT NULL", name="reset_names_a_person"),
        CheckConstraint(
            "kind <> 'invitation' OR (email IS NOT NULL AND role IN ('viewer', 'responder', 'admin'))",
            name="invitation_names_an_address_and_a_role",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def open_invitations() -> list[OneTimeLink]:
    """Invitations that can still be accepted, the newest first."""
    wanted = select(OneTimeLink).where(
        OneTimeLink.kind == LinkKind.INVITATION.value,
        OneTimeLink.used_at.is_(None),
        OneTimeLink.expires_at > clock.now(),
    )
    return list(db.session.scalars(wanted.order_by(OneTimeLink.created_at.desc(), OneTimeLink.id.desc())))
