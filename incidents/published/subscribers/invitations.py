"""The address in a letter with which its reader, and nobody else, confirms a subscription.

It needs no row: subscriber and moment of writing stand in it under a seal that only our key makes, over the subscriber's
own token too, so that a number which is given again opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ...kernel import clock
from ...kernel.database import db
from .model import Subscriber
from .places import page_address, settings

LIFETIME = timedelta(days=3)  # a weekend and a day
_FACTS = struct.Struct(">II")  # subscriber, second of writing
_SEAL = 20  # bytes
_PURPOSE = b"sevenbells: confirm a subscription"


@dataclass(frozen=True)
class Invitation:
    """What a genuine address says."""

    subscriber: Subscriber
    written_at: datetime

    @property
    def is_expired(self) -> bool:
        return clock.now() >= self.written_at + LIFETIME


def address(subscriber: Subscriber) -> str:
    """``https://…/subscriptions/<token>`` for this subscriber, from now on."""
    return address_of(subscriber.id, subscriber.token)


def address_of(number: int, token: str) -> str:
    """The same by the row's number and the subscriber's own token."""
    facts = _FACTS.pack(number, int(clock.now().timestamp()))
    sealed = facts + _seal(facts, token, next(_keys()))
    return page_address(f"/subscriptions/{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}")


def invitation(token: str) -> Invitation | None:
    """What ``token`` says; None where we did not write it, or whom it invites is no longer there."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    facts, seal = raw[: _FACTS.size], raw[_FACTS.size :]
    if len(raw) != _FACTS.size + _SEAL:
        return None
    number, second = _FACTS.unpack(facts)
    subscriber = db.session.get(Subscriber, number) if 0 < number < 2**31 else None
    if subscriber is None:
        return None
    if not any(hmac.compare_digest(seal, _seal(facts, subscriber.token, key)) for key in _keys()):
        return None
    return Invitation(subscriber, datetime.fromtimestamp(second, UTC))


def _keys() -> Iterator[bytes]:
    chosen = settings()
    for key in (chosen.secret_key, chosen.secret_key_old):
        if key:
            yield hmac.digest(key.encode(), _PURPOSE, hashlib.sha256)


def _seal(facts: bytes, token: str, key: bytes) -> bytes:
    return hmac.digest(key, facts + token.encode(), hashlib.sha256)[:_SEAL]
