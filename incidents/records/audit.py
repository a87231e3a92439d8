"""Who did what to accounts, tokens and settings; what happens in an incident stands on its own timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db


class AuditEntry(Base):
    """One act. ``what`` is a verb in the past such as ``role changed``; ``subject`` is whom or what it concerned.

    ``detail`` says from what to what. Never a secret: no password, no token, no link.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("by_kind IN ('person', 'token', 'clock', 'cli')", name="by_kind_is_an_actors_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    by_kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int | None]
    by_name: Mapped[str] = mapped_column(String(100))
    what: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(254), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


def latest_entries(limit: int = 50) -> list[AuditEntry]:
    """The newest entries first."""
    newest_first = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    return list(db.session.scalars(newest_first.limit(limit)))
