"""Slows down guessing and flooding: by account and by network, in our own table, so that a restart forgets nothing."""

from __future__ import annotations

import hashlib
import ipaddress
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Index, String, delete, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .database import Base, db, writing
from .errors import TooMany

WINDOW = timedelta(minutes=15)
FREE_PER_ACCOUNT = 5
FREE_PER_NETWORK = 20
_FIRST_WAIT = timedelta(seconds=30)
_KEPT_FOR = timedelta(hours=2)  # twice the longest window
_LONGEST_ACCOUNT = 200  # characters that are looked at


class Attempt(Base):
    """One attempt that did not (yet) succeed.

    ``account`` is the SHA-256 of the address typed: people type passwords into the wrong field, and nothing here
    may tell which accounts exist. ``network`` is where it came from (an IPv6 address cut to its /64).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_account", "kind", "account", "at"),
        Index("ix_attempts_network", "kind", "network", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(45))
    at: Mapped[datetime] = mapped_column(default=clock.now)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many attempts are free in a ``window``; ``bits`` of an IPv4 address make the network that they are counted for.

    ``is_firm``: there are no more than these, and who wants more waits until the first of them is a window old.
    """

    per_account: int | None = FREE_PER_ACCOUNT  # None: accounts are not counted
    per_network: int = FREE_PER_NETWORK
    bits: int = 32
    window: timedelta = WINDOW
    is_firm: bool = False


GUESSING = Limits()


def admit(kind: str, *, account: str, address: str, limits: Limits = GUESSING) -> None:
    """Note an attempt of that ``kind`` and let it go on, or raise TooMany with the seconds to wait.

    Five attempts in 15 minutes on one account, or twenty from one address, are free; each further one waits twice
    as long as the one before (30 s, 1 min, … 15 min). A refused attempt is not noted and lengthens nothing.
    It is noted before the password is looked at, so that many at once gain nothing; ``forgive`` takes it back.
    Commits by itself, whatever becomes of the request: call it before the request's own transaction begins.
    """
    key, network, moment = _digest(account), network_of(address, bits=limits.bits), clock.now()
    with writing(), db.engine.begin() as connection:
        _one_at_a_time(connection, kind + key, kind + network)
        until = _wait_until(connection, kind, Attempt.network == network, limits.per_network, limits, moment)
        if limits.per_account is not None:
            until = max(
                until, _wait_until(connection, kind, Attempt.account == key, limits.per_account, limits, moment)
            )
        if until > moment:
            raise _refusal(until - moment)
        connection.execute(delete(Attempt).where(Attempt.at < moment - _KEPT_FOR))
        connection.execute(insert(Attempt).values(kind=kind, account=key, network=network, at=moment))


def forgive(kind: str, *, account: str) -> None:
    """Forget the attempts on an account once somebody got in; part of the caller's transaction.

    What its address has on its record from other accounts stays.
    """
    db.session.execute(delete(Attempt).where(Attempt.kind == kind, Attempt.account == _digest(account)))


def network_of(address: str, *, bits: int = 32) -> str:
    """The network that one subscriber has: so many bits of an IPv4 address, and of IPv6 a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    plain = getattr(parsed, "ipv4_mapped", None) or parsed
    wide = bits if plain.version == 4 else 64
    return str(ipaddress.ip_network((plain, wide), strict=False).network_address)


def _digest(account: str) -> str:
    typed = account.strip().lower()[:_LONGEST_ACCOUNT]
    return hashlib.sha256(typed.encode("utf-8", "surrogatepass")).hexdigest()


def _wait_until(
    connection: Connection, kind: str, whose: ColumnElement[bool], free: int, limits: Limits, moment: datetime
) -> datetime:
    """From when the next attempt is welcome; long ago while there are free ones."""
    those = (Attempt.kind == kind, whose, Attempt.at > moment - limits.window)
    count, latest = connection.execute(select(func.count(), func.max(Attempt.at)).where(*those)).one()
    if count < free:
        return moment
    if limits.is_firm:
        first = connection.scalar(
            select(Attempt.at).where(*those).order_by(Attempt.at.desc()).offset(free - 1).limit(1)
        )
        return _aware(first or latest, moment) + limits.window
    wait: timedelta = min(_FIRST_WAIT * 2 ** min(count - free, 10), WINDOW)
    return _aware(latest, moment) + wait


def _aware(latest: datetime, like: datetime) -> datetime:
    return latest if latest.tzinfo else latest.replace(tzinfo=like.tzinfo)


def _one_at_a_time(connection: Connection, *names: str) -> None:
    # SQLite has one writer; on PostgreSQL two attempts could else count at once and both find a free one
    if connection.dialect.name == "postgresql":
        for number in sorted(zlib.crc32(name.encode()) for name in names):
            connection.execute(text("SELECT pg_advisory_xact_lock(7001, :number)"), {"number": number - 2**31})


def _refusal(wait: timedelta) -> TooMany:
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    minutes = -(-seconds // 60)
    when = f"{seconds} s" if seconds < 60 else f"{minutes} min"
    return TooMany(f"Too many attempts. Try again in {when}.", retry_after=seconds)
