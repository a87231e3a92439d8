"""How the mirror of the page fares: one row, which the clock writes and everybody may look at."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db

THE_ROW = 1
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
_MOST_DOUBLINGS = 6


class MirrorTrouble(Exception):
    """Somebody must look after the place where the mirror lies; the text says what is the matter, and holds no secret."""


class PageMirror(Base):
    """The last word on the mirror at ``place``."""

    __tablename__ = "page_mirrors"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one_mirror"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(Text)
    renewed_at: Mapped[datetime | None]  # when it last agreed with the page
    files: Mapped[int]
    failures: Mapped[int]  # in a row
    failing_since: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(400))
    next_try_at: Mapped[datetime | None]


def mirror(place: str) -> PageMirror | None:
    """What is known of the mirror at that place; None before it was first tried."""
    row = db.session.get(PageMirror, THE_ROW)
    return row if row is not None and row.place == place else None


def note_renewed(place: str, files: int) -> None:
    """It agrees with the page. The caller commits."""
    row = _row(place)
    row.renewed_at, row.files = clock.now(), files
    row.failures, row.failing_since, row.reason, row.next_try_at = 0, None, None, None


def note_failed(place: str, reason: str) -> None:
    """It could not be renewed, and is tried again after 5 s, 10 s, 20 s … and at last every 5 min. The caller commits."""
    row, now = _row(place), clock.now()
    row.next_try_at = now + min(_FIRST_WAIT * 2 ** min(row.failures, _MOST_DOUBLINGS), _LONGEST_WAIT)
    row.failures += 1
    row.failing_since = row.failing_since or now
    row.reason = reason[:400]


def _row(place: str) -> PageMirror:
    row = db.session.get(PageMirror, THE_ROW)
    if row is None:
        row = PageMirror(id=THE_ROW)
        db.session.add(row)
    if row.place != place:
        row.place, row.renewed_at, row.files, row.failures = place, None, 0, 0
        row.failing_since, row.reason, row.next_try_at = None, None, None
    return row
