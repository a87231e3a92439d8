"""Slows down guessing: by account and by address, in our own table, so that a restart forgets nothing."""

from __future__ import annotations

import ipaddress
import zlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, text

from ..kernel import clock
from ..kernel.database import db, writing
from ..kernel.errors import TooMany
from ..records.throttle import Attempt
from .secrets import digest

WINDOW = timedelta(minutes=15)
FREE_PER_ACCOUNT = 5
FREE_PER_NETWORK = 20
_FIRST_WAIT = timedelta(seconds=30)


def admit(kind: str, *, account: str, address: str) -> None:
    """Note an attempt of that ``kind`` and let it go on, or raise TooMany with the seconds to wait.

    Five attempts in 15 minutes on one account, or twenty from one address, are free; each further one waits twice
    as long as the one before (30 s, 1 min, … 15 min). A refused attempt is not noted and lengthens nothing.
    It is noted before the password is looked at, so that many at once gain nothing; ``forgive`` takes it back.
    Commits by itself, whatever becomes of the request: call it before the request's own transaction begins.
    """
    key, network, moment = digest(account.strip().lower()), network_of(address), clock.now()
    with writing(), db.engine.begin() as connection:
        _one_at_a_time(connection, kind + key, kind + network)
        until = max(
            _wait_until(connection, kind, Attempt.account == key, FREE_PER_ACCOUNT, moment),
            _wait_until(connection, kind, Attempt.network == network, FREE_PER_NETWORK, moment),
        )
        if until > moment:
            raise _refusal(until - moment)
        connection.execute(delete(Attempt).where(Attempt.at < moment - 2 * WINDOW))
        connection.execute(insert(Attempt).values(kind=kind, account=key, network=network, at=moment))


def forgive(kind: str, *, account: str) -> None:
    """Forget the attempts on an account once somebody got in; part of the caller's transaction.

    What its address has on its record from other accounts stays.
    """
    key = digest(account.strip().lower())
    db.session.execute(delete(Attempt).where(Attempt.kind == kind, Attempt.account == key))


def network_of(address: str) -> str:
    """The address, or its /64 where it is IPv6: one subscriber has a whole one to try from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def _wait_until(connection: Connection, kind: str, whose: ColumnElement[bool], free: int, moment: datetime) -> datetime:
    """From when the next attempt is welcome; long ago while there are free ones."""
    recent = select(func.count(), func.max(Attempt.at)).where(Attempt.kind == kind, whose, Attempt.at > moment - WINDOW)
    count, latest = connection.execute(recent).one()
    if count < free:
        return moment
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
