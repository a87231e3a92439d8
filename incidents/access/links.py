"""One-time links: write one, read one, spend one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from sqlalchemy import CursorResult, delete, select, update

from ..kernel import clock
from ..kernel.database import db
from ..kernel.settings import Settings
from ..records.links import LIFETIME, LinkKind, OneTimeLink
from ..records.people import Person, Role
from .secrets import digest, new_secret

_PATH = {LinkKind.SETUP: "/setup/", LinkKind.INVITATION: "/invitations/", LinkKind.RESET: "/login/reset/"}


def write_link(
    kind: LinkKind,
    *,
    person: Person | None = None,
    email: str | None = None,
    role: Role | None = None,
    lifetime: timedelta | None = None,
) -> tuple[str, datetime]:
    """Make older links of the kind for the same person or address void, and write a new one.

    Returns its address, which is nowhere else, and when it expires; the caller commits.
    """
    void(kind, person=person, email=email)
    token, moment = new_secret(), clock.now()
    expires_at = moment + (lifetime or LIFETIME[kind])
    db.session.add(
        OneTimeLink(
            kind=kind.value,
            token_hash=digest(token),
            person_id=person.id if person else None,
            email=email,
            role=role.value if role else None,
            created_at=moment,
            expires_at=expires_at,
        )
    )
    return base_url() + _PATH[kind] + token, expires_at


def void(kind: LinkKind, *, person: Person | None = None, email: str | None = None) -> None:
    """Make unused links of the kind worthless: a person's, an address's, or (without either) all of them."""
    doomed = delete(OneTimeLink).where(OneTimeLink.kind == kind.value, OneTimeLink.used_at.is_(None))
    if person is not None:
        doomed = doomed.where(OneTimeLink.person_id == person.id)
    if email is not None:
        doomed = doomed.where(OneTimeLink.email == email)
    db.session.execute(doomed)


def read_link(kind: LinkKind, token: str) -> OneTimeLink | None:
    """The link behind ``token`` while it can be used."""
    return db.session.scalar(
        select(OneTimeLink).where(
            OneTimeLink.kind == kind.value,
            OneTimeLink.token_hash == digest(token),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > clock.now(),
        )
    )


def spend(kind: LinkKind, token: str) -> OneTimeLink | None:
    """Use the link up; of two who try at once one gets it and the other None."""
    found = read_link(kind, token)
    if found is None:
        return None
    taken = update(OneTimeLink).where(OneTimeLink.id == found.id, OneTimeLink.used_at.is_(None))
    result = cast("CursorResult[Any]", db.session.execute(taken.values(used_at=clock.now())))
    return found if result.rowcount == 1 else None


def base_url() -> str:
    """Where people reach this Sevenbells: always BASE_URL, never what a request claims."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings.base_url
