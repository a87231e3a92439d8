"""Signed-in browsers: begin, recognise, end. The cookie holds a random token and we its digest."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from ..kernel import clock
from ..kernel.database import db, writing
from ..records.people import Person
from ..records.sessions import ABSOLUTE, REMEMBERED, ServerSession
from .secrets import digest, new_secret

# One write a minute is enough to judge idleness by hours, and keeps reading pages free of writes.
_TOUCH_EVERY = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def begin(person: Person, *, remembered: bool, address: str, agent: str) -> tuple[str, ServerSession]:
    """Remember a sign-in: the token for its cookie, and the row; the caller commits."""
    token, moment = new_secret(), clock.now()
    db.session.execute(delete(ServerSession).where(ServerSession.expires_at < moment))
    row = ServerSession(
        token_hash=digest(token),
        person=person,
        created_at=moment,
        seen_at=moment,
        expires_at=moment + (REMEMBERED if remembered else ABSOLUTE),
        remembered=remembered,
        address=address[:45],
        agent=agent[:200],
    )
    db.session.add(row)
    return token, row


def recognise(token: str) -> ServerSession | None:
    """The living session of an active person that ``token`` belongs to.

    Notes that it was seen, at most once a minute, in a short write of its own: the request itself may be reading.
    """
    found = _find(token)
    if found is not None and clock.now() - found.seen_at >= _TOUCH_EVERY:
        _touch(found.id)
        found = _find(token)
    return found


def sessions_of(person: Person) -> list[ServerSession]:
    """A person's living sessions, the one seen last first."""
    wanted = select(ServerSession).where(ServerSession.person_id == person.id)
    latest_first = wanted.order_by(ServerSession.seen_at.desc(), ServerSession.id.desc())
    return [each for each in db.session.scalars(latest_first) if each.is_alive(clock.now())]


def end(session: ServerSession) -> None:
    """Sign that browser out, at its next request."""
    db.session.execute(delete(ServerSession).where(ServerSession.id == session.id))


def end_all(person: Person, *, but: ServerSession | None = None) -> None:
    """Sign a person out everywhere, or everywhere ``but`` here."""
    doomed = delete(ServerSession).where(ServerSession.person_id == person.id)
    if but is not None:
        doomed = doomed.where(ServerSession.id != but.id)
    db.session.execute(doomed)


def _find(token: str) -> ServerSession | None:
    found = db.session.scalar(select(ServerSession).where(ServerSession.token_hash == digest(token)))
    if found is None or not found.person.is_active or not found.is_alive(clock.now()):
        return None
    return found


def _touch(session_id: int) -> None:
    # the request's transaction ends first: on SQLite it may hold the write lock that we ask for
    db.session.rollback()
    seen = update(ServerSession).where(ServerSession.id == session_id).values(seen_at=clock.now())
    try:
        with writing(), db.engine.begin() as connection:
            connection.execute(seen)
    except OperationalError as broken:
        # a full disk or a locked file must not keep anybody from reading
        log.warning("session_not_touched", reason=str(broken.orig))
