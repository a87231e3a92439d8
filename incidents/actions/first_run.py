"""The first run: a one-time link, and the one person who wins with it."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ..access import links
from ..access.passwords import PasswordHash
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..records.links import LinkKind
from ..records.people import Founding, Person, Role, nobody_exists
from . import message_templates, people
from .audit import note


def new_setup_link() -> str | None:
    """A fresh address that makes the first administrator, for 15 minutes; older ones are void. The caller commits.

    None once somebody exists, or ever did.
    """
    if not nobody_exists():
        return None
    address, _expires_at = links.write_link(LinkKind.SETUP)
    return address


def setup_is_open(token: str) -> bool:
    """Whether this link can still make the first administrator."""
    return nobody_exists() and links.read_link(LinkKind.SETUP, token) is not None


def set_up(token: str, *, name: str, email: str, password: PasswordHash) -> Person:
    """Make the first administrator, and close set-up for ever.

    Of any number who try at once exactly one succeeds; the others get NotAllowed. Raises Malformed when the
    name or the address will not do; rolled back, the link can then be used again.
    """
    refusal = NotAllowed("This set-up link was used or has expired. Sevenbells prints a fresh one when it starts.")
    if not setup_is_open(token):
        raise refusal
    try:
        # the row that can exist only once decides the race, and comes before any link is touched: two links may be
        # alive for an instant, and whoever held one would wait for whoever holds the other
        with db.session.begin_nested():
            db.session.add(Founding(id=1))
    except IntegrityError:
        raise refusal from None
    if links.spend(LinkKind.SETUP, token) is None:
        raise refusal
    person = people.add_person(email=email, name=name, role=Role.ADMIN, password=password, by=None)
    links.void(LinkKind.SETUP)
    message_templates.add_ours(by=person.as_actor())
    note("set up", by=person.as_actor(), subject=person.email)
    return person
