"""The clock's pulse: one row a clock process, written at the end of each tick, so that others see it live."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .database import Base, db, writing

SILENCE = timedelta(seconds=90)  # after this long without a beat a clock counts as gone
_FORGOTTEN_AFTER = timedelta(days=1)


class ClockBeat(Base):
    """What one clock process said last about itself."""

    __tablename__ = "clock_beats"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    pid: Mapped[int]
    tick_started_at: Mapped[datetime]
    tick_ended_at: Mapped[datetime]
    due_backlog: Mapped[int] = mapped_column(default=0)  # how much was due and not done when the tick ended
    oldest_due_seconds: Mapped[float] = mapped_column(default=0.0)  # how late the oldest of it was


def beat(*, worker: str, pid: int, started_at: datetime, due_backlog: int = 0, oldest_due_seconds: float = 0.0) -> None:
    """Say that a tick has ended, in a transaction of its own."""
    row = ClockBeat(
        worker=worker,
        pid=pid,
        tick_started_at=started_at,
        tick_ended_at=clock.now(),
        due_backlog=due_backlog,
        oldest_due_seconds=oldest_due_seconds,
    )
    with writing():
        db.session.rollback()
        db.session.merge(row)
        db.session.commit()


def latest() -> ClockBeat | None:
    """The clock heard last; a beat from the future was made before the wall clock was set back, and says nothing."""
    not_ahead = ClockBeat.tick_ended_at <= clock.now() + SILENCE
    return db.session.scalars(select(ClockBeat).where(not_ahead).order_by(ClockBeat.tick_ended_at.desc())).first()


def leave(worker: str) -> None:
    """Take this clock's row away when it stops as it should, in a transaction of its own."""
    with writing():
        db.session.rollback()
        db.session.execute(delete(ClockBeat).where(ClockBeat.worker == worker))
        db.session.commit()


def forget_the_long_gone() -> int:
    """Remove the rows of clocks that have not been heard for a day. The caller commits."""
    gone = delete(ClockBeat).where(ClockBeat.tick_ended_at < clock.now() - _FORGOTTEN_AFTER)
    return len(db.session.scalars(gone.returning(ClockBeat.worker)).all())
