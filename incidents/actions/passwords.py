"""Forgotten and changed passwords. Nobody ever chooses another person's password."""

from __future__ import annotations

from datetime import timedelta

from ..access import links, sessions
from ..access.passwords import PasswordHash
from ..kernel import clock, outbox, throttle
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..messages import about_people
from ..records.actors import Actor
from ..records.links import HANDED_OVER, LIFETIME, LinkKind
from ..records.people import Person, find_person
from ..records.sessions import ServerSession
from .audit import note
from .invitations import can_mail

LOGIN = "login"  # the kind of attempt that the throttle counts for signing in


def request_reset(email: str) -> None:
    """Mail a link that works for an hour, if an active account has that address; say nothing either way."""
    person = find_person(email)
    if person is None or not person.is_active or not can_mail():
        return
    _mail(person, LIFETIME[LinkKind.RESET])
    note("reset requested", by=person.as_actor(), subject=person.email)


def issue_reset(person: Person, *, by: Actor) -> str:
    """The link to hand over to somebody who cannot get in, good for 24 hours; it is mailed too where possible.

    Raises NotAllowed for a closed account.
    """
    if not person.is_active:
        raise NotAllowed(f"The account of {person.name} is disabled. Enable it first.")
    note("reset issued", by=by, subject=person.email)
    return _mail(person, HANDED_OVER)


def _mail(person: Person, lifetime: timedelta) -> str:
    address, expires_at = links.write_link(LinkKind.RESET, person=person, lifetime=lifetime)
    if can_mail():
        letter = about_people.reset(address, expires_at=expires_at, zone=person.zone)
        outbox.enqueue(
            event=f"reset:{person.id}:{clock.now().isoformat()}",
            channel="email",
            destination=person.email,
            payload=letter.payload(person.email),
            expires_at=expires_at,
        )
    return address


def owner_of_reset(token: str) -> Person | None:
    """Whose password this link would change, while it can be used."""
    link = links.read_link(LinkKind.RESET, token)
    person = db.session.get(Person, link.person_id) if link else None
    return person if person and person.is_active else None


def reset_password(token: str, password: PasswordHash) -> Person:
    """Set a new password by a link, and sign the person out everywhere.

    Raises NotAllowed when the link was used or has expired.
    """
    link = links.spend(LinkKind.RESET, token)
    person = db.session.get(Person, link.person_id) if link else None
    if person is None or not person.is_active:
        raise NotAllowed("This link was used or has expired. Ask for a fresh one.")
    person.password_hash = password
    sessions.end_all(person)
    links.void(LinkKind.RESET, person=person)
    throttle.forgive(LOGIN, account=person.email)
    note("password reset", by=person.as_actor(), subject=person.email)
    return person


def change_password(person: Person, password: PasswordHash, *, proven: str | None, here: ServerSession | None) -> None:
    """Set a new password and sign the person out everywhere but ``here``.

    ``proven`` is the hash that the current password was checked against. Raises NotAllowed when it changed since.
    """
    if person.password_hash != proven:
        raise NotAllowed("The password was changed a moment ago, in another place. Try again with the new one.")
    person.password_hash = password
    sessions.end_all(person, but=here)
    links.void(LinkKind.RESET, person=person)
    note("password changed", by=person.as_actor(), subject=person.email)
