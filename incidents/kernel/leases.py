"""Leases on chores that one process at a time should do; they save work, and no promise rests on them.

Whoever holds one bears its term; a result that must not come from a holder who was thought gone is written with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base


class Lease(Base):
    """Who does a chore at present, and until when nobody else does."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    term: Mapped[int]  # counts holders
    expires_at: Mapped[datetime]
