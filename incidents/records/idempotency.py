"""Requests that a program may repeat: what each was and what it was answered, kept for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 255


class KeyedRequest(Base):
    """One request that bore an ``Idempotency-Key``. It is written first in the transaction that acts on it.

    So of two requests with one key the second waits for the first, and then finds its answer here.
    ``body_hash`` is the SHA-256 of the body as it came; ``status`` is empty only inside that transaction.
    """

    __tablename__ = "keyed_requests"
    __table_args__ = (UniqueConstraint("token_id", "key", name="a_token_uses_a_key_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(500))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[str] = mapped_column(default="")
    headers: Mapped[dict[str, str]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
