"""API tokens: issue one, revoke one."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ..access import tokens
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..records.actors import Actor
from ..records.tokens import ApiToken, Scope
from .audit import note
from .people import clean_name


def issue_token(name: str, scope: Scope, *, by: Actor) -> str:
    """Make a token and return it; it cannot be shown again.

    Raises Malformed (field ``name``) when the name will not do or is taken, by a revoked one too: names stand in
    timelines.
    """
    value, digest, beginning = tokens.new_token_value()
    token = ApiToken(
        name=clean_name(name),
        token_hash=digest,
        beginning=beginning,
        scope=scope.value,
        created_at=clock.now(),
        created_by=by.name,
    )
    try:
        with db.session.begin_nested():
            db.session.add(token)
    except IntegrityError:
        raise Malformed({"name": "There is, or was, a token of this name. Choose another"}) from None
    note("token issued", by=by, subject=token.name, scope=scope.value)
    return value


def revoke_token(token: ApiToken, *, by: Actor) -> None:
    """Make a token worthless at once; its name stays on what it did."""
    if token.is_active:
        token.revoked_at = clock.now()
        note("token revoked", by=by, subject=token.name)
