"""Leases on chores that one process at a time should do; they save work, and no promise rests on them.

Whoever holds one bears its term; a result that must not come from a holder who was thought gone is written with it.
Nothing is locked between two statements, so that it works behind a pool of connections too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, String, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .database import Base, db, writing

_SHORT, _LONG = timedelta(seconds=15), timedelta(seconds=60)
_NOW = timedelta(0)
_NOBODY = ""  # it was given back: the next who asks has it at once


class Lease(Base):
    """Who does a chore at present, and until when nobody else does."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    term: Mapped[int]  # counts holders
    expires_at: Mapped[datetime]


class LeaseLost(Exception):
    """Somebody else has held it since."""


@dataclass(frozen=True)
class Held:
    """A lease in the hands of this process."""

    name: str
    holder: str
    term: int
    ends: float  # time.monotonic() from which on this holder may not act; taken before the database was asked

    @property
    def is_ours(self) -> bool:
        """Whether its holder may still act: no other clock can have it before this has become false."""
        return time.monotonic() < self.ends


def span() -> timedelta:
    """How long one lasts; it is renewed about three times meanwhile.

    Short where machines that know nothing of each other take over. A SQLite file is used by one machine, where a holder
    that is gone is known to be (``end_those_of``), and each renewal would wake all who wait for something to be written.
    """
    return _SHORT if db.engine.dialect.name == "postgresql" else _LONG


def take(name: str, *, holder: str) -> Held | None:
    """Become the holder where there is none, or the last one is gone; None while somebody else has it."""
    lasts = span()
    ends = time.monotonic() + lasts.total_seconds()
    free = or_(Lease.expires_at <= _in(_NOW), Lease.holder == _NOBODY)
    claim = (
        update(Lease)
        .where(Lease.name == name, free)
        .values(holder=holder, term=Lease.term + 1, expires_at=_in(lasts))
        .returning(Lease.term)
    )
    with writing(), db.engine.begin() as connection:
        term = connection.scalar(claim)
        if term is None:
            term = connection.scalar(_first(name, holder, lasts))
    return None if term is None else Held(name, holder, term, ends)


def renew(held: Held) -> Held | None:
    """Keep it as long again; None when it ended meanwhile, even if nobody else has taken it."""
    lasts = span()
    ends = time.monotonic() + lasts.total_seconds()
    longer = update(Lease).where(*_still(held), Lease.expires_at > _in(_NOW)).values(expires_at=_in(lasts))
    with writing(), db.engine.begin() as connection:
        kept = connection.execute(longer).rowcount == 1
    return Held(held.name, held.holder, held.term, ends) if kept else None


def give_back(held: Held) -> None:
    """Let the next have it at once."""
    over = update(Lease).where(*_still(held)).values(holder=_NOBODY, expires_at=_in(_NOW))
    with writing(), db.engine.begin() as connection:
        connection.execute(over)


def end_those_of(is_gone: Callable[[str], bool]) -> None:
    """Let the next have at once what somebody held who is known to be gone, in a transaction of its own."""
    with writing(), db.engine.begin() as connection:
        for holder in connection.scalars(select(Lease.holder).where(Lease.holder != _NOBODY)).all():
            if is_gone(holder):
                over = {"holder": _NOBODY, "expires_at": _in(_NOW)}
                connection.execute(update(Lease).where(Lease.holder == holder).values(over))


def confirm(held: Held) -> None:
    """Raise LeaseLost unless the term is still the last one; until this transaction ends nobody else gets it."""
    still = select(Lease.term).where(*_still(held)).with_for_update()
    if not held.is_ours or db.session.scalar(still) is None:
        raise LeaseLost(held.name)


def forsaken(longer_than: timedelta) -> list[str]:
    """Names of leases whose holder is gone for so long, and that nobody has taken since."""
    gone = Lease.expires_at < _in(-longer_than)
    return list(db.session.scalars(select(Lease.name).where(Lease.holder != _NOBODY, gone).order_by(Lease.name)))


def _still(held: Held) -> tuple[Any, ...]:
    return (Lease.name == held.name, Lease.holder == held.holder, Lease.term == held.term)


def _first(name: str, holder: str, lasts: timedelta) -> Any:
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    made = dialect.insert(Lease).values(name=name, holder=holder, term=1, expires_at=_in(lasts))
    return made.on_conflict_do_nothing().returning(Lease.term)


def _in(span: timedelta) -> Any:
    """So long from now by one clock for all: the server's, however wrong a machine's own may be.

    A SQLite file is used by one machine alone.
    """
    if db.engine.dialect.name == "postgresql":
        return func.clock_timestamp() + literal(span, Interval())
    return clock.now() + span
