"""Which SECRET_KEY the processes sign with, and what time they have, so that machines that do not agree are noticed.

Each writes down a mark of its key: what the key makes of a fixed text. It tells keys apart, and nobody learns one from it.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, case, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .beats import SILENCE
from .database import Base, db, writing
from .settings import Settings

NOTE_EVERY = timedelta(seconds=30)
_FRESH = timedelta(seconds=20)  # the workers of one machine write the same row: the first of them is enough
# A machine whose key was changed and that was restarted is not two machines: both keys must have been at work for so long.
_TOGETHER = timedelta(seconds=60)
_FORGOTTEN_AFTER = timedelta(days=1)
_TEXT = b"Sevenbells: by which key is this signed?"


class SigningMark(Base):
    """A key with which a program on a machine was heard."""

    __tablename__ = "signing_marks"

    program: Mapped[str] = mapped_column(String(10), primary_key=True)  # web or clock
    machine: Mapped[str] = mapped_column(String(40), primary_key=True)
    mark: Mapped[str] = mapped_column(String(32), primary_key=True)
    former_mark: Mapped[str | None] = mapped_column(String(32))  # of SECRET_KEY_OLD, while the key is being changed
    since: Mapped[datetime]  # heard without a break
    heard_at: Mapped[datetime]


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A program on a machine, with the marks of the keys that it knows."""

    name: str  # ``web on status-2``
    marks: frozenset[str]

    def agrees_with(self, other: Signer) -> bool:
        """Whether they have a key in common, be it the former one."""
        return bool(self.marks & other.marks)


def this_machine() -> str:
    """Its name, as rows hold it."""
    return socket.gethostname()[:40]


def mark_of(key: str) -> str:
    """What tells this key from others."""
    return hmac.digest(key.encode(), _TEXT, hashlib.sha256).hex()[:32]


def note(program: str, machine: str, settings: Settings) -> None:
    """Say with which key this process signs, in a transaction of its own."""
    now = clock.now()
    former = mark_of(settings.secret_key_old) if settings.secret_key_old else None
    given = {"former_mark": former, "heard_at": now}
    ours = {"program": program, "machine": machine, "mark": mark_of(settings.secret_key)}
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    unbroken = SigningMark.heard_at.between(now - SILENCE, now + SILENCE)
    said = (
        dialect.insert(SigningMark)
        .values(**ours, **given, since=now)
        .on_conflict_do_update(
            index_elements=[*ours],
            set_={**given, "since": case((unbroken, SigningMark.since), else_=now)},
            where=or_(
                ~SigningMark.heard_at.between(now - _FRESH, now),
                SigningMark.former_mark.is_distinct_from(former),
            ),
        )
    )
    with writing(), db.engine.begin() as connection:
        connection.execute(said)
        connection.execute(delete(SigningMark).where(SigningMark.heard_at < now - _FORGOTTEN_AFTER))


def of_this_process(settings: Settings) -> Signer:
    """Whoever asks, as a signer."""
    keys = (settings.secret_key, settings.secret_key_old)
    return Signer(name="this command", marks=frozenset(mark_of(key) for key in keys if key))


def at_work() -> list[Signer]:
    """Everybody heard within 90 s, whoever was there first coming first."""
    return [_signer(row) for row in _heard()]


def odd_ones() -> tuple[list[Signer], Signer] | None:
    """Those that sign with another key than most, and one of the most; None while all agree."""
    rows = _heard()
    signers = {id(row): _signer(row) for row in rows}
    if not rows:
        return None
    usual = max(rows, key=lambda row: sum(signers[id(row)].agrees_with(other) for other in signers.values()))
    odd = [
        signers[id(row)]
        for row in rows
        if not signers[id(row)].agrees_with(signers[id(usual)]) and _were_together(row, usual)
    ]
    return (odd, signers[id(usual)]) if odd else None


def times_ahead(longer_than: timedelta) -> dict[str, timedelta]:
    """Other machines by whose clocks it is so much later than by this one's."""
    now = clock.now()
    later = (SigningMark.heard_at > now + longer_than, SigningMark.machine != this_machine())
    rows = db.session.execute(
        select(SigningMark.machine, func.max(SigningMark.heard_at)).where(*later).group_by(SigningMark.machine)
    )
    return {machine: heard_at - now for machine, heard_at in rows}


def names(signers: Sequence[Signer]) -> str:
    """``web on a and clock on b``."""
    said = [*dict.fromkeys(signer.name for signer in signers)]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def _heard() -> Sequence[SigningMark]:
    now = clock.now()
    lately = SigningMark.heard_at.between(now - SILENCE, now + SILENCE)
    order = (SigningMark.since, SigningMark.program.desc(), SigningMark.machine, SigningMark.mark)
    return db.session.scalars(select(SigningMark).where(lately).order_by(*order)).all()


def _signer(row: SigningMark) -> Signer:
    marks = frozenset(mark for mark in (row.mark, row.former_mark) if mark)
    return Signer(name=f"{row.program} on {row.machine}", marks=marks)


def _were_together(one: SigningMark, other: SigningMark) -> bool:
    return min(one.heard_at, other.heard_at) - max(one.since, other.since) >= _TOGETHER
