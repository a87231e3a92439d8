"""Updates: texts that tell people something, from draft to publication, with every earlier wording."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base
from ..policy.lifecycle import PublicStatus
from .incidents import one_of

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
STATES = ("draft", "scheduled", "published", "withdrawn", "undone")


def new_public_id() -> str:
    """Twelve of a-z0-9, not guessable (62 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


class Update(Base):
    """A text for the public or for colleagues.

    ``published_at`` is when it was made known (to the public, or internally), ``display_at`` the time it bears.
    ``before`` keeps what the incident looked like, so that an undo within ten seconds can put it back.
    """

    __tablename__ = "updates"
    __table_args__ = (
        CheckConstraint(one_of("audience", ["public", "internal"]), name="audience_is_public_or_internal"),
        CheckConstraint(one_of("state", list(STATES)), name="state_of_an_update_is_known"),
        CheckConstraint(
            f"public_status IS NULL OR {one_of('public_status', [*PublicStatus])}", name="public_status_is_known"
        ),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="what_is_published_has_a_time"),
        CheckConstraint("state <> 'scheduled' OR publish_at IS NOT NULL", name="what_is_scheduled_has_a_time"),
        Index("ix_updates_incident_id_state", "incident_id", "state"),
        Index(
            "ix_updates_publish_at",
            "publish_at",
            postgresql_where=text("state = 'scheduled'"),
            sqlite_where=text("state = 'scheduled'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=new_public_id)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    audience: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10))
    body: Mapped[str]
    body_html: Mapped[str]
    public_status: Mapped[str | None] = mapped_column(String(16))
    components: Mapped[dict[str, str]]
    notify: Mapped[bool] = mapped_column(default=True)
    next_update_at: Mapped[datetime | None]
    publish_at: Mapped[datetime | None]
    display_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]
    before: Mapped[dict[str, Any]]
    was_on_time: Mapped[bool | None]  # None where no update was owed
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[int | None]
    by_name: Mapped[str]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class UpdateRevision(Base):
    """What an update said before an edit."""

    __tablename__ = "update_revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(ForeignKey("updates.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by_name: Mapped[str]
    body: Mapped[str]
    public_status: Mapped[str | None] = mapped_column(String(16))
    display_at: Mapped[datetime | None]
