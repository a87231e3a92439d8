"""Looks subscribers up, one or many."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from ...kernel.database import db
from .model import EMAIL, WEBHOOK, Subscriber

KINDS: Final = (EMAIL, WEBHOOK)
CONFIRMED, UNCONFIRMED, QUARANTINED = "confirmed", "unconfirmed", "quarantined"
STATES: Final = (CONFIRMED, UNCONFIRMED, QUARANTINED)
_TOKEN = re.compile(r"[0-9a-f]{32}")


def by_token(token: str) -> Subscriber | None:
    """Whose own page this is."""
    if not _TOKEN.fullmatch(token):
        return None
    return db.session.scalar(select(Subscriber).where(Subscriber.token == token))


def find(public_id: str) -> Subscriber | None:
    """The subscriber by the name that programs use."""
    return db.session.scalar(select(Subscriber).where(Subscriber.public_id == public_id))


def find_email(email: str) -> Subscriber | None:
    """By an address that is written as we keep it."""
    return db.session.scalar(select(Subscriber).where(Subscriber.email == email))


def find_url(url: str) -> Subscriber | None:
    """The webhook at this address."""
    return db.session.scalar(select(Subscriber).where(Subscriber.url == url))


def counts() -> dict[str, int]:
    """How many there are in each state, and in all under ""; one look at all of them."""
    columns = [func.count().filter(*_in(state)).label(state) for state in STATES]
    found = db.session.execute(select(func.count(), *columns).select_from(Subscriber)).one()
    return dict(zip(("", *STATES), found, strict=True))


def wanted(*, kind: str | None = None, state: str | None = None, words: str | None = None) -> Select[Subscriber]:
    """A query for those of a kind, in a state, or with these words in their address; in no order yet."""
    query = select(Subscriber)
    if kind:
        query = query.where(Subscriber.kind == kind)
    query = query.where(*_in(state))
    if words and words.strip():
        looked_for = words.strip().lower()
        query = query.where(
            or_(
                Subscriber.email.contains(looked_for, autoescape=True),
                Subscriber.url.icontains(looked_for, autoescape=True),
            )
        )
    return query


def _in(state: str | None) -> tuple[ColumnElement[bool], ...]:
    if state == CONFIRMED:
        return Subscriber.confirmed_at.is_not(None), Subscriber.quarantined_at.is_(None)
    if state == UNCONFIRMED:
        return (Subscriber.confirmed_at.is_(None),)
    return (Subscriber.quarantined_at.is_not(None),) if state == QUARANTINED else ()
