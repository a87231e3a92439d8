"""What the self-audit found and when, and the chores that keep failing: rows, so that every process can say it.

The clock writes them; the web reads them, and sees from the last audit's time whether anybody still writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .database import Base, db

SLACK_SOCKET = "slack_socket"  # a chore that is never done: the connection stands, or it does not
STALE = timedelta(minutes=3)  # an audit a minute: after this long without one nobody looks any more


@dataclass(frozen=True)
class Fault:
    """A promise that is broken at this moment: what is the matter, and what to do. ``key`` is the same while it lasts."""

    key: str
    sentence: str
    advice: str
    channel: str | None = None  # the way out that is failing, which is not the way to warn of it
    is_serious: bool = True  # else the others do the work: worth a word, and no alarm

    @property
    def for_anybody(self) -> str:
        """The sentence without its brackets: what a provider or the database said may hold somebody's address."""
        return self.sentence.partition(" (")[0]


@dataclass(frozen=True)
class Kept:
    """A fault as it was written down."""

    fault: Fault
    found_at: datetime
    warned_at: datetime | None


class AuditFinding(Base):
    """A fault that was found, and is kept until it is over and everybody who was warned of it knows."""

    __tablename__ = "audit_findings"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    sentence: Mapped[str] = mapped_column(Text)
    advice: Mapped[str] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(String(20))
    is_serious: Mapped[bool]
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # the last audit that found it
    warned_at: Mapped[datetime | None]


class AuditRun(Base):
    """The last audit: one row."""

    __tablename__ = "audit_runs"
    __table_args__ = (CheckConstraint("id = 1", name="only_the_last_audit_is_kept"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime]


class ChoreTrouble(Base):
    """A chore that failed the last time it was done; one that works has no row."""

    __tablename__ = "chore_troubles"

    chore: Mapped[str] = mapped_column(String(60), primary_key=True)
    failures: Mapped[int]  # in a row
    failing_since: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)


def keep(faults: Sequence[Fault]) -> None:
    """Write down what an audit found just now. The caller commits."""
    now = clock.now()
    known = {row.key: row for row in db.session.scalars(select(AuditFinding))}
    for fault in faults:
        row = known.get(fault.key)
        if row is None:
            row = AuditFinding(key=fault.key, found_at=now)
            db.session.add(row)
        row.sentence, row.advice, row.channel = fault.sentence, fault.advice, fault.channel
        row.is_serious, row.seen_at = fault.is_serious, now
    db.session.merge(AuditRun(id=1, ended_at=now))


def last_audit_at() -> datetime | None:
    """When the last audit ended; None when there never was one."""
    return db.session.scalar(select(AuditRun.ended_at))


def is_stale() -> bool:
    """Whether there were audits, and has been none for three minutes."""
    last = last_audit_at()
    return last is not None and clock.now() - last > STALE


def standing() -> list[Kept]:
    """What the last audit found, the oldest first."""
    return _kept(AuditFinding.seen_at >= _newest())


def over() -> list[Kept]:
    """What the last audit did not find any more."""
    return _kept(AuditFinding.seen_at < _newest())


def note_warned(kept: Kept) -> None:
    """Somebody was told of it. The caller commits."""
    this = (AuditFinding.key == kept.fault.key, AuditFinding.found_at == kept.found_at)
    db.session.execute(update(AuditFinding).where(*this).values(warned_at=clock.now()))


def forget(kept: Kept) -> None:
    """It is over, and who was told of it knows; one that has come back meanwhile stays. The caller commits."""
    this = (AuditFinding.key == kept.fault.key, AuditFinding.found_at == kept.found_at)
    db.session.execute(delete(AuditFinding).where(*this, AuditFinding.seen_at < _newest()))


def _newest() -> Any:
    return select(AuditRun.ended_at).scalar_subquery()


def _kept(condition: Any) -> list[Kept]:
    rows = db.session.scalars(select(AuditFinding).where(condition).order_by(AuditFinding.found_at, AuditFinding.key))
    return [
        Kept(Fault(row.key, row.sentence, row.advice, row.channel, row.is_serious), row.found_at, row.warned_at)
        for row in rows
    ]


def chore_failed(chore: str, reason: str) -> None:
    """Count a failure. The caller commits."""
    row = db.session.get(ChoreTrouble, chore)
    if row is None:
        row = ChoreTrouble(chore=chore, failures=0, failing_since=clock.now())
        db.session.add(row)
    row.failures += 1
    row.reason = reason


def trouble(chore: str) -> ChoreTrouble | None:
    """How it failed the last time; None where it did not."""
    return db.session.get(ChoreTrouble, chore)


def has_trouble(chore: str) -> bool:
    """Whether it failed the last time."""
    return trouble(chore) is not None


def chore_worked(chore: str) -> None:
    """Forget its failures. The caller commits."""
    db.session.execute(delete(ChoreTrouble).where(ChoreTrouble.chore == chore))


def failing_chores(at_least: int) -> Sequence[ChoreTrouble]:
    """Those that failed so often in a row."""
    return db.session.scalars(
        select(ChoreTrouble).where(ChoreTrouble.failures >= at_least).order_by(ChoreTrouble.chore)
    ).all()
