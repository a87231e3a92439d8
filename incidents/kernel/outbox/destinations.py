"""What is known of the places that messages go to: failing, left alone for a while, or never to be written to again.

Rows, so that every clock knows the same and a restart forgets nothing. ``EVERYWHERE`` stands for a whole channel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Index,
    String,
    Text,
    and_,
    delete,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from .. import clock
from ..database import Base, db

EVERYWHERE = "*"
_KEPT_FOR = timedelta(hours=1)  # what a row about nothing in particular is good for


class Destination(Base):
    """One destination that has given trouble, or that may only be written to so often; others have no row."""

    __tablename__ = "outbox_destinations"
    __table_args__ = (
        CheckConstraint(
            "(suppressed_at IS NULL) = (suppressed_reason IS NULL)", name="a_suppressed_destination_says_why"
        ),
        Index(
            "ix_outbox_destinations_suppressed",
            "suppressed_at",
            sqlite_where=text("suppressed_at IS NOT NULL"),
            postgresql_where=text("suppressed_at IS NOT NULL"),
        ),
    )

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    destination: Mapped[str] = mapped_column(String(500), primary_key=True)  # "*": the whole channel
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    failing_since: Mapped[datetime | None]
    closed_until: Mapped[datetime | None]  # nothing is tried before this: the breaker is open, or it was asked for
    was_asked_for: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # the other side named that time itself
    reason: Mapped[str | None] = mapped_column(Text)
    suppressed_at: Mapped[datetime | None]  # refused for good: nothing is written to it until somebody lifts this
    suppressed_reason: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What one attempt taught about a destination. ``failures`` 0 says that it works."""

    channel: str
    destination: str
    failures: int = 0
    closed_until: datetime | None = None
    was_asked_for: bool = False
    reason: str | None = None
    suppressed: str | None = None  # why nothing is written to it any more

    @property
    def works(self) -> bool:
        return not self.failures and self.suppressed is None


def learn(connection: Connection, lessons: Sequence[Lesson]) -> None:
    """Write down what attempts taught, in the caller's transaction."""
    now = clock.now()
    for lesson in lessons:
        if not lesson.works:
            connection.execute(_remember(lesson, now))
        elif lesson.destination == EVERYWHERE:
            connection.execute(delete(Destination).where(*_is(lesson.channel, EVERYWHERE)))
        else:  # the row may still keep a pace
            calm = {"failures": 0, "failing_since": None, "reason": None, "was_asked_for": False, "updated_at": now}
            connection.execute(update(Destination).where(*_is(lesson.channel, lesson.destination)).values(calm))


def _remember(lesson: Lesson, now: datetime) -> Any:
    known: dict[str, Any] = {
        "failures": lesson.failures,
        "closed_until": lesson.closed_until,
        "was_asked_for": lesson.was_asked_for,
        "reason": lesson.reason,
        "updated_at": now,
    }
    if lesson.suppressed is not None:
        known |= {"suppressed_at": now, "suppressed_reason": lesson.suppressed}
    first = {"channel": lesson.channel, "destination": lesson.destination, "failing_since": now, **known}
    again = {**known, "failing_since": func.coalesce(Destination.failing_since, now)}
    return _insert().values(first).on_conflict_do_update(index_elements=["channel", "destination"], set_=again)


def pace(connection: Connection, channel: str, destinations: Iterable[str], *, until: datetime) -> None:
    """Let nothing more go to these destinations before ``until``: they take only so much."""
    rows = [
        {"channel": channel, "destination": each, "failures": 0, "closed_until": until, "updated_at": clock.now()}
        for each in destinations
    ]
    statement = _insert()
    later = {"closed_until": statement.excluded.closed_until, "updated_at": statement.excluded.updated_at}
    is_earlier = or_(Destination.closed_until.is_(None), Destination.closed_until < statement.excluded.closed_until)
    if rows:
        connection.execute(
            statement.values(rows).on_conflict_do_update(
                index_elements=["channel", "destination"], set_=later, where=is_earlier
            )
        )


def _insert() -> Any:
    dialect = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    return dialect.insert(Destination)


def suppressed(channel: str, destinations: Collection[str]) -> dict[str, str]:
    """Of these, those that nothing is written to any more, with the reason."""
    rows = db.session.execute(
        select(Destination.destination, Destination.suppressed_reason).where(
            Destination.channel == channel,
            Destination.destination.in_(destinations),
            Destination.suppressed_at.is_not(None),
        )
    )
    return {row.destination: row.suppressed_reason or "" for row in rows}


def lift(channel: str, destination: str) -> bool:
    """Write to it again, and forget its failures; False where nothing was known of it. The caller commits."""
    result: Any = db.session.execute(delete(Destination).where(*_is(channel, destination)))
    return bool(result.rowcount)


def in_trouble(*, limit: int) -> list[Destination]:
    """Those that fail or are suppressed: whole channels first, then the latest."""
    has_failed = or_(Destination.failures > 0, Destination.suppressed_at.is_not(None))
    order = (Destination.destination != EVERYWHERE, Destination.updated_at.desc(), Destination.destination)
    return list(db.session.scalars(select(Destination).where(has_failed).order_by(*order).limit(limit)))


def forget_the_untroubled() -> int:
    """Drop rows that only kept a pace which has long passed. The caller commits."""
    result: Any = db.session.execute(
        delete(Destination).where(
            and_(Destination.failures == 0, Destination.suppressed_at.is_(None)),
            Destination.updated_at < clock.now() - _KEPT_FOR,
        )
    )
    return int(result.rowcount)


def mend_after_clock_went_back(connection: Connection) -> None:
    """What is left alone until a time that was "in the future" is tried at once instead."""
    now = clock.now()
    connection.execute(
        update(Destination).where(Destination.updated_at > now).values(closed_until=None, updated_at=now)
    )


def _is(channel: str, destination: str) -> tuple[Any, Any]:
    return Destination.channel == channel, Destination.destination == destination
