"""Inviting people by a one-time link."""

from __future__ import annotations

from flask import current_app

from ..access import links
from ..access.passwords import PasswordHash
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..messages import about_people
from ..records.actors import Actor
from ..records.links import LinkKind, OneTimeLink
from ..records.people import Person, Role, find_person
from . import people
from .audit import note


def invite(email: str, role: Role, *, by: Actor) -> str:
    """Invite an address: the link to hand over, good for 7 days; it is mailed too where a mail server is set.

    An older invitation of the same address becomes void. Raises Malformed when the address will not do or is taken.
    """
    email = people.clean_email(email)
    if find_person(email):
        raise Malformed({"email": "Somebody with this address is here already"})
    address, expires_at = links.write_link(LinkKind.INVITATION, email=email, role=role)
    note("person invited", by=by, subject=email, role=role.value)
    if can_mail():
        letter = about_people.invitation(address, expires_at=expires_at, by_name=by.name)
        outbox.enqueue(
            event=f"invitation:{email}:{expires_at.isoformat()}",
            channel="email",
            destination=email,
            payload=letter.payload(email),
            expires_at=expires_at,
        )
    return address


def read_invitation(token: str) -> OneTimeLink | None:
    """The invitation behind a link while it can be accepted."""
    return links.read_link(LinkKind.INVITATION, token)


def accept_invitation(token: str, *, name: str, password: PasswordHash) -> Person:
    """Make the account that the invitation names. Raises NotAllowed when it was used, withdrawn or has expired."""
    link = links.spend(LinkKind.INVITATION, token)
    if link is None or link.email is None or link.role is None:
        raise NotAllowed("This invitation was used or has expired. Ask an administrator for a fresh one.")
    person = people.add_person(email=link.email, name=name, role=Role(link.role), password=password, by=None)
    note("invitation accepted", by=person.as_actor(), subject=person.email, role=person.role)
    return person


def withdraw_invitation(link: OneTimeLink, *, by: Actor) -> None:
    """Make an open invitation worthless."""
    note("invitation withdrawn", by=by, subject=link.email or "")
    db.session.delete(link)


def can_mail() -> bool:
    """Whether a mail server is set."""
    return current_app.extensions["sevenbells.settings"].smtp_url is not None
