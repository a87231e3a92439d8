"""Attempts to get in, kept for a short while so that guessing becomes slow."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base


class Attempt(Base):
    """One attempt that did not (yet) succeed.

    ``account`` is the SHA-256 of the address typed: people type passwords into the wrong field, and nothing here
    may tell which accounts exist. ``network`` is where it came from (an IPv6 address cut to its /64).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_account", "kind", "account", "at"),
        Index("ix_attempts_network", "kind", "network", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(45))
    at: Mapped[datetime] = mapped_column(default=clock.now)
