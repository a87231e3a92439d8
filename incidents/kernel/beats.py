"""The clock's pulse: one row a clock process, written at the end of each tick, so that others see it live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .database import Base, db, writing

SILENCE = timedelta(seconds=90)  # after this long without a beat a clock counts as gone
_FORGOTTEN_AFTER = timedelta(days=1)


class ClockBeat(Base):
    """What one clock process said last about itself."""

    __tablename__ = "clock_beats"

    worker: Mapped[str] = mapped_column(String(80), primary_key=True)  # machine-process-and a random part
    pid: Mapped[int]
    tick_started_at: Mapped[datetime]
    tick_ended_at: Mapped[datetime]
    due_backlog: Mapped[int] = mapped_column(default=0)  # how much was due and not done when the tick ended
    oldest_due_seconds: Mapped[float] = mapped_column(default=0.0)  # how late the oldest of it was
    hung_since: Mapped[datetime | None]  # its watchdog saw no tick end since

    @property
    def machine(self) -> str:
        """Where it runs."""
        return self.worker.rsplit("-", 2)[0]

    @property
    def is_well(self) -> bool:
        """Whether it was heard within 90 s, and its watchdog sees it tick."""
        return self.hung_since is None and clock.now() - self.tick_ended_at <= SILENCE


def beat(*, worker: str, pid: int, started_at: datetime, due_backlog: int = 0, oldest_due_seconds: float = 0.0) -> None:
    """Say that a tick has ended, in a transaction of its own."""
    row = ClockBeat(
        worker=worker,
        pid=pid,
        tick_started_at=started_at,
        tick_ended_at=clock.now(),
        due_backlog=due_backlog,
        oldest_due_seconds=oldest_due_seconds,
        hung_since=None,
    )
    with writing():
        db.session.rollback()
        db.session.merge(row)
        db.session.commit()


def note_hanging(worker: str, *, since: datetime) -> None:
    """Say for a clock that it hangs, in a transaction of its own; its next beat takes it back."""
    with writing():
        db.session.rollback()
        db.session.execute(update(ClockBeat).where(ClockBeat.worker == worker).values(hung_since=since))
        db.session.commit()


def latest() -> ClockBeat | None:
    """The clock heard last, one that hangs only where no other is.

    A beat from the future was made before the wall clock was set back, and says nothing.
    """
    not_ahead = ClockBeat.tick_ended_at <= clock.now() + SILENCE
    in_order = (ClockBeat.hung_since.is_not(None), ClockBeat.tick_ended_at.desc())
    return db.session.scalars(select(ClockBeat).where(not_ahead).order_by(*in_order)).first()


def missing() -> Sequence[ClockBeat]:
    """Clocks of machines on which none is well, the last of each; one that was replaced is not missed."""
    newest: dict[str, ClockBeat] = {}
    for row in db.session.scalars(select(ClockBeat).order_by(ClockBeat.tick_ended_at)):
        known = newest.get(row.machine)
        if known is None or not known.is_well:
            newest[row.machine] = row
    return [row for row in newest.values() if not row.is_well]


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
