"""The second pair of eyes: who asked for it, of which words, and what the answer was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base
from .incidents import one_of

APPROVED, SENT_BACK, TAKEN_BACK = "approved", "sent_back", "taken_back"
ANSWERS = (APPROVED, SENT_BACK, TAKEN_BACK)


class UpdateApproval(Base):
    """One question about one update. ``body``, ``public_status`` and ``components`` are as the asker wrote them.

    ``asked_of_id`` is the person who was named; None means anybody who may publish. An update has one open question
    at most; the answered ones stay.
    """

    __tablename__ = "update_approvals"
    __table_args__ = (
        CheckConstraint(f"answer IS NULL OR {one_of('answer', list(ANSWERS))}", name="answer_is_known"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="an_answer_has_a_time"),
        Index(
            "uq_update_approvals_open",
            "update_id",
            unique=True,
            sqlite_where=text("answer IS NULL"),
            postgresql_where=text("answer IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(ForeignKey("updates.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime]
    asked_by_kind: Mapped[str] = mapped_column(String(8))
    asked_by_id: Mapped[int | None]
    asked_by_name: Mapped[str]
    asked_of_id: Mapped[int | None]
    asked_of_name: Mapped[str | None]
    body: Mapped[str]
    public_status: Mapped[str | None] = mapped_column(String(16))
    components: Mapped[dict[str, str]]
    answer: Mapped[str | None] = mapped_column(String(10))
    answered_at: Mapped[datetime | None]
    answered_by_name: Mapped[str | None]
    words: Mapped[str | None]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.answer is None

    @property
    def of_whom(self) -> str:
        """Who was asked, in words."""
        return self.asked_of_name or "anybody who may publish"

    def was_asked_by(self, kind: str, number: int | None) -> bool:
        """Whether this person or token asked."""
        return (self.asked_by_kind, self.asked_by_id) == (kind, number)
