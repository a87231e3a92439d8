"""Reviews of a post-mortem: who was asked, by whom, and what the answer was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base, db
from .incidents import one_of

APPROVED, SENT_BACK, TAKEN_BACK = "approved", "sent_back", "taken_back"
ANSWERS = (APPROVED, SENT_BACK, TAKEN_BACK)


class PostmortemReview(Base):
    """One question to one reader. A post-mortem has one open question at most; the answered ones stay."""

    __tablename__ = "postmortem_reviews"
    __table_args__ = (
        CheckConstraint(f"answer IS NULL OR {one_of('answer', list(ANSWERS))}", name="answer_is_known"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="an_answer_has_a_time"),
        Index(
            "uq_postmortem_reviews_open",
            "postmortem_id",
            unique=True,
            sqlite_where=text("answer IS NULL"),
            postgresql_where=text("answer IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    postmortem_id: Mapped[int] = mapped_column(ForeignKey("postmortems.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime]
    asked_by_kind: Mapped[str] = mapped_column(String(8))
    asked_by_id: Mapped[int | None]
    asked_by_name: Mapped[str]
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    reviewer_name: Mapped[str]
    answer: Mapped[str | None] = mapped_column(String(10))
    answered_at: Mapped[datetime | None]
    answered_by_name: Mapped[str | None]
    words: Mapped[str | None]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.answer is None


def reviews_of(postmortem_id: int) -> Sequence[PostmortemReview]:
    """All of them, the newest first."""
    wanted = select(PostmortemReview).where(PostmortemReview.postmortem_id == postmortem_id)
    return db.session.scalars(wanted.order_by(PostmortemReview.id.desc())).all()


def open_review(postmortem_id: int) -> PostmortemReview | None:
    """The question that waits for an answer, if any."""
    wanted = select(PostmortemReview).where(
        PostmortemReview.postmortem_id == postmortem_id, PostmortemReview.answer.is_(None)
    )
    return db.session.scalars(wanted).one_or_none()
