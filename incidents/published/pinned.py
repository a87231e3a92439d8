"""The pinned notice: a text at the top of the page that is no incident, from one minute until another."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from ..kernel.errors import Malformed
from .revision import bump
from .wording import many_lines

THE_ROW = 1
LONGEST = 1000
LEVELS = ("info", "warn")


class PinnedNotice(Base):
    """One row, or none. Whether it stands on the page follows from its times alone: no job can be late."""

    __tablename__ = "pinned_notice"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_notice_is_pinned"),
        CheckConstraint("level IN ('info', 'warn')", name="level_of_a_notice_is_known"),
        CheckConstraint("until_at IS NULL OR from_at < until_at", name="a_notice_stands_for_a_while"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str]
    body_html: Mapped[str]
    level: Mapped[str] = mapped_column(String(4))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    by_name: Mapped[str]
    updated_at: Mapped[datetime]


def pinned_notice() -> PinnedNotice | None:
    """The notice, whether it stands there already, still, or no more."""
    return db.session.get(PinnedNotice, THE_ROW)


def pin(
    *, body: str, body_html: str, level: str, from_at: datetime | None, until_at: datetime | None, by_name: str
) -> PinnedNotice:
    """Put a notice on top of the page, in the place of the one before. Without a beginning it stands there now.

    Times are cut to the minute, as the page is. Raises Malformed with a sentence per field.
    """
    now = clock.now()
    begins = clock.to_the_minute(from_at or now)
    ends = clock.to_the_minute(until_at) if until_at else None
    body = many_lines(body)
    problems = _problems(body, level, begins, ends, now)
    if problems:
        raise Malformed(problems)
    notice = pinned_notice()
    if notice is None:
        notice = PinnedNotice(id=THE_ROW)
        db.session.add(notice)
    notice.body, notice.body_html, notice.level = body, str(body_html), level
    notice.from_at, notice.until_at = begins, ends
    notice.by_name, notice.updated_at = by_name, now
    db.session.flush()
    bump()
    return notice


def unpin() -> None:
    """Take the notice off the page; where none is pinned nothing happens."""
    notice = pinned_notice()
    if notice is not None:
        db.session.delete(notice)
        db.session.flush()
        bump()


def _problems(body: str, level: str, begins: datetime, ends: datetime | None, now: datetime) -> dict[str, str]:
    problems = {}
    if not body:
        problems["body"] = "Write the notice."
    elif len(body) > LONGEST:
        problems["body"] = f"Use at most {LONGEST:,} characters. There are {len(body):,} now."
    if level not in LEVELS:
        problems["level"] = f"Choose one of {', '.join(LEVELS)}."
    if ends is not None and ends <= begins:
        problems["until_at"] = "The end comes before the beginning."
    elif ends is not None and ends <= now:
        problems["until_at"] = "This time has passed. Nobody would read it."
    return problems
