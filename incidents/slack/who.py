"""Somebody in Slack whom we do not know, or no longer: how they stand on the timeline, and whether they may come in."""

from __future__ import annotations

from sqlalchemy import select

from ..kernel.database import db
from ..kernel.text import one_line
from ..records.actors import Actor
from ..records.addresses import ContactAddress
from ..records.people import Person

_LONGEST_NAME = 80


def is_shut_out(user: str) -> bool:
    """Whether this Slack user is somebody's whose account is disabled."""
    owners = (
        select(Person.id)
        .join(ContactAddress, ContactAddress.person_id == Person.id)
        .where(
            ContactAddress.kind == "slack",
            ContactAddress.value == user,
            ContactAddress.removed_at.is_(None),
            Person.disabled_at.is_not(None),
        )
    )
    return db.session.scalar(owners.limit(1)) is not None


def unknown(user_name: str) -> Actor:
    """How somebody whose account is not known stands beside what they did."""
    name = one_line(user_name)[:_LONGEST_NAME].strip() or "Somebody"
    return Actor("slack", None, f"{name} in Slack")
