"""Texts that somebody began and has not sent, so that neither a dead tab nor an ended session loses them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base

KEPT_FOR = timedelta(days=30)
LONGEST_KEY = 120


class UnsentText(Base):
    """What stood in one form of one person's open page; ``page`` is drawn anew whenever the form is shown.

    So two tabs of one person write two rows and never each other's. ``sent_at`` marks a form that was sent: it
    holds no text any more, and what its page saves late is refused.
    """

    __tablename__ = "unsent_texts"
    __table_args__ = (
        UniqueConstraint("person_id", "page", name="a_page_has_one_unsent_text"),
        Index("ix_unsent_texts_person_id_key", "person_id", "key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(LONGEST_KEY))  # which form: INC-42:update
    page: Mapped[str] = mapped_column(String(32))
    fields: Mapped[dict[str, str]]
    saved_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
