"""Forms that a browser may send again: each filling has a key, and what it led to is kept for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 64


class SentForm(Base):
    """One filling of a form that was acted on. It is written first in the transaction that acts on it.

    So of two sendings with one key the second waits for the first, and then finds here where that one led.
    """

    __tablename__ = "sent_forms"
    __table_args__ = (UniqueConstraint("person_id", "key", name="a_filling_is_acted_on_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    path: Mapped[str] = mapped_column(String(500))
    location: Mapped[str] = mapped_column(String(1000), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
