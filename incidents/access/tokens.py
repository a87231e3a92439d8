"""API tokens: make one, and recognise the one a program shows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from ..kernel import clock
from ..kernel.database import db
from ..records.tokens import ApiToken
from .passing import write_in_passing
from .secrets import digest, matches, new_secret

PREFIX = "sb_"
_BEGINNING = 8
_TOUCH_EVERY = timedelta(minutes=1)


def new_token_value() -> tuple[str, str, str]:
    """A fresh token: itself, its digest, and the beginning it may be recognised by."""
    value = new_secret(PREFIX)
    return value, digest(value), value[:_BEGINNING]


def recognise(value: str) -> ApiToken | None:
    """The living token with that value; notes its use at most once a minute, in a short write of its own."""
    found = _find(value)
    if found is not None and (found.last_used_at is None or clock.now() - found.last_used_at >= _TOUCH_EVERY):
        write_in_passing(update(ApiToken).where(ApiToken.id == found.id).values(last_used_at=clock.now()))
        found = _find(value)
    return found


def _find(value: str) -> ApiToken | None:
    found = db.session.scalar(select(ApiToken).where(ApiToken.token_hash == digest(value)))
    if found is None or not matches(value, found.token_hash) or not found.is_active:
        return None
    return found
