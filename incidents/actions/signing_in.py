"""Signing in and out, and ending sessions from afar."""

from __future__ import annotations

from ..access import identity, passwords, sessions
from ..access.passwords import PasswordHash
from ..kernel import clock, throttle
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..records.people import Person, find_person
from ..records.sessions import ServerSession
from .audit import note
from .passwords import LOGIN

_WRONG = "The e-mail address or the password is wrong."


class WrongPassword(Refusal):
    """Nobody has that address, or not that password, or the account is closed: it is never said which."""

    status = 422

    def __init__(self) -> None:
        super().__init__(_WRONG)


def prove(email: str, password: str, *, address: str) -> tuple[Person, str]:
    """The person who has that address and password, and the hash that showed it.

    Counts the attempt; raises TooMany after too many, and WrongPassword. Does the same work whether the account
    exists or not. Call it outside a transaction: hashing takes long.
    """
    throttle.admit(LOGIN, account=email, address=address)
    person = find_person(email)
    kept = person.password_hash if person is not None and person.is_active else None
    person_id = person.id if person is not None else None
    db.session.rollback()
    right = passwords.is_right(password, kept)
    if not right or kept is None:
        raise WrongPassword
    fresh = _renewed(password, kept)
    person = db.session.get_one(Person, person_id)
    if fresh is not None and person.password_hash == kept:
        person.password_hash = kept = fresh
    return person, kept


def _renewed(password: str, kept: str) -> PasswordHash | None:
    """The same password hashed by today's parameters, where it was hashed by weaker ones."""
    if not passwords.needs_renewal(kept):
        return None
    return passwords.rehash(password)


def sign_in(person: Person, *, proven: str | None, remembered: bool, address: str, agent: str) -> None:
    """Begin a session for this browser under a new id.

    ``proven`` is the hash that the password was checked against: raises WrongPassword when the account was closed
    or the password changed since.
    """
    if not person.is_active or person.password_hash != proven:
        raise WrongPassword
    throttle.forgive(LOGIN, account=person.email)
    identity.sign_in(person, remembered=remembered, address=address, agent=agent)
    note("signed in", by=person.as_actor(), subject=person.email, address=address, remembered=remembered)


def note_failure(email: str, *, address: str) -> None:
    """Write down that somebody tried in vain to get into an account that exists."""
    person = find_person(email)
    if person is not None:
        note("sign-in failed", by=person.as_actor(), subject=person.email, address=address)


def renew_proof(person: Person, session: ServerSession, *, proven: str | None) -> None:
    """Note that the person has just given the password again, in this browser.

    ``proven`` is the hash it was checked against: raises WrongPassword when the password changed since.
    """
    if person.password_hash != proven:
        raise WrongPassword
    throttle.forgive(LOGIN, account=person.email)
    session.proven_at = clock.now()
    note("password given again", by=person.as_actor(), subject=person.email)


def sign_out() -> None:
    """End the session of this browser, on our side and in its cookie."""
    found = identity.signed_in()
    if found is not None:
        sessions.end(found.session)
        note("signed out", by=found.person.as_actor(), subject=found.person.email)
    identity.forget_browser()


def end_session(person: Person, session_id: int) -> None:
    """Sign one of a person's browsers out; one that is not theirs, or gone already, is let be."""
    for each in sessions.sessions_of(person):
        if each.id == session_id:
            sessions.end(each)
            note("session ended", by=person.as_actor(), subject=person.email, address=each.address)


def end_other_sessions(person: Person, *, here: ServerSession) -> None:
    """Sign a person out everywhere but ``here``."""
    sessions.end_all(person, but=here)
    note("other sessions ended", by=person.as_actor(), subject=person.email)
