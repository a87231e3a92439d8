"""Signed-in browsers: begin, recognise, end. The cookie holds a random token and we its digest."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update

from ..kernel import clock
from ..kernel.database import db
from ..records.people import Person
from ..records.sessions import ABSOLUTE, REMEMBERED, ServerSession
from .passing import write_in_passing
from .secrets import digest, new_secret

# One write a minute is enough to judge idleness by hours, and keeps reading pages free of writes.
_TOUCH_EVERY = timedelta(minutes=1)


def begin(person: Person, *, remembered: bool, address: str, agent: str) -> tuple[str, ServerSession]:
    """Remember a sign-in: the token for its cookie, and the row; the caller commits."""
    token, moment = new_secret(), clock.now()
    db.session.execute(delete(ServerSession).where(ServerSession.expires_at < moment))
    row = ServerSession(
        token_hash=digest(token),
        person=person,
        created_at=moment,
        seen_at=moment,
        proven_at=moment,
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
        seen = update(ServerSession).where(ServerSession.id == found.id).values(seen_at=clock.now())
        write_in_passing(seen)
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
