"""What can be done to accounts: add, rename, change role and preferences, disable, enable."""

from __future__ import annotations

import re
import zoneinfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ..access import links, sessions
from ..access.passwords import PasswordHash
from ..kernel import clock, mail_addresses
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..published.page_settings import page_settings
from ..records.actors import Actor
from ..records.links import LinkKind
from ..records.people import Founding, Person, Role, Theme
from .audit import note

LONGEST_NAME = 100
LONGEST_EMAIL = mail_addresses.LONGEST
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean_email(text: str) -> str:
    """The address in lower case. Raises Malformed (field ``email``) when it is none."""
    try:
        return mail_addresses.clean(text)
    except ValueError as wrong:
        raise Malformed({"email": str(wrong)}) from None


def clean_name(text: str) -> str:
    """The name with single blanks. Raises Malformed (field ``name``) when it is empty, too long or unprintable."""
    name = " ".join(text.split())
    if not name:
        raise Malformed({"name": "Give a name"})
    if len(name) > LONGEST_NAME:
        raise Malformed({"name": f"Use at most {LONGEST_NAME} characters for the name"})
    if _CONTROL.search(name):
        raise Malformed({"name": "Leave control characters out of the name"})
    return name


def clean_zone(name: str) -> str:
    """A time zone's IANA name. Raises Malformed (field ``zone``) when this machine knows none of that name."""
    if name not in zoneinfo.available_timezones():
        raise Malformed({"zone": "Choose a time zone from the list, such as Europe/Berlin"})
    return name


def add_person(*, email: str, name: str, role: Role, by: Actor | None, password: PasswordHash | None = None) -> Person:
    """Add somebody; without a password they cannot sign in until a reset link gave them one.

    They read times in the page's zone until they choose their own. ``by`` is None when people add themselves by a
    link they were given. Closes set-up for ever.
    Raises Malformed when the name or address will not do, or the address is taken.
    """
    person = Person(
        email=clean_email(email),
        name=clean_name(name),
        role=role.value,
        password_hash=password,
        zone=page_settings().zone,
        created_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        raise Malformed({"email": "Somebody with this address is here already"}) from None
    _found()
    note("person added", by=by or person.as_actor(), subject=person.email, role=role.value)
    return person


def _found() -> None:
    """Close set-up, unless it was closed before."""
    if db.session.get(Founding, 1) is None:
        try:
            with db.session.begin_nested():
                db.session.add(Founding(id=1))
        except IntegrityError:
            pass  # somebody else did so in the same moment


def rename(person: Person, name: str, *, by: Actor) -> None:
    """Change how a person is called; what they did before keeps the name it was done under."""
    name, before = clean_name(name), person.name
    if name != before:
        person.name = name
        note("person renamed", by=by, subject=person.email, before=before, after=name)


def change_zone(person: Person, zone: str, *, by: Actor) -> None:
    """Change the zone in which a person reads times."""
    zone, before = clean_zone(zone), person.zone
    if zone != before:
        person.zone = zone
        note("time zone changed", by=by, subject=person.email, before=before, after=zone)


def change_preferences(
    person: Person,
    *,
    theme: Theme | None = None,
    single_keys: bool | None = None,
    agrees_to_drills: bool | None = None,
    weekly_digest: bool | None = None,
    by: Actor,
) -> None:
    """Change what a person chose for themself; what is None stays."""
    chosen: dict[str, object] = {
        "theme": theme.value if theme else None,
        "single_keys": single_keys,
        "agrees_to_drills": agrees_to_drills,
        "weekly_digest": weekly_digest,
    }
    changed = {name: value for name, value in chosen.items() if value is not None and value != getattr(person, name)}
    for name, value in changed.items():
        setattr(person, name, value)
    if changed:
        note("preferences changed", by=by, subject=person.email, **changed)


def change_role(person: Person, role: Role, *, by: Actor) -> None:
    """Change what a person may do, and sign them out everywhere so that it holds at once.

    Raises NotAllowed when nobody would be left to administer.
    """
    if role.value == person.role:
        return
    if role is not Role.ADMIN:
        _keep_an_admin(but=person)
    before, person.role = person.role, role.value
    sessions.end_all(person)
    note("role changed", by=by, subject=person.email, before=before, after=role.value)


def disable(person: Person, *, by: Actor) -> None:
    """Close an account: signed out everywhere, open links void, told nothing any more. What they did stays.

    Raises NotAllowed when nobody would be left to administer.
    """
    if not person.is_active:
        return
    _keep_an_admin(but=person)
    person.disabled_at = clock.now()
    sessions.end_all(person)
    links.void(LinkKind.RESET, person=person)
    note("person disabled", by=by, subject=person.email)


def enable(person: Person, *, by: Actor) -> None:
    """Open a closed account again, with the role and the password it had."""
    if person.is_active:
        return
    person.disabled_at = None
    note("person enabled", by=by, subject=person.email)


def _keep_an_admin(*, but: Person) -> None:
    # locked in one order: two admins who demote each other at the same moment must not both succeed
    admins = select(Person).where(Person.role == Role.ADMIN.value, Person.disabled_at.is_(None))
    locked = db.session.scalars(
        admins.order_by(Person.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    if [person.id for person in locked] == [but.id]:
        raise NotAllowed(f"{but.name} is the only administrator. Make somebody else one first.")
