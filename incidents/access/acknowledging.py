"""The address in a letter with which its recipient, and nobody else, acknowledges one incident without signing in.

It needs no row: incident, person and the moment of writing stand in it under a seal that only our key makes. It serves
once, because an acknowledgement by that person after that moment is on the timeline.
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

from flask import current_app

from ..kernel import clock
from ..kernel.settings import Settings
from ..records.incidents import Incident
from ..records.people import Person
from .links import base_url

# the slowest severity asks for an answer within a day
LIFETIME = timedelta(days=2)
_FACTS = struct.Struct(">III")  # incident, person, second of writing
_SEAL = 16  # bytes
_PURPOSE = b"sevenbells: acknowledge from a message"


@dataclass(frozen=True)
class Pass:
    """What a genuine address says."""

    incident_id: int
    person_id: int
    written_at: datetime

    @property
    def is_expired(self) -> bool:
        return clock.now() >= self.written_at + LIFETIME


def address(incident: Incident, person: Person) -> str:
    """``https://…/ack/<token>`` for this incident and this person, from now on."""
    facts = _FACTS.pack(incident.id, person.id, int(clock.now().timestamp()))
    token = base64.urlsafe_b64encode(facts + _seal(facts, next(_keys()))).rstrip(b"=").decode()
    return f"{base_url()}/ack/{token}"


def read(token: str) -> Pass | None:
    """What ``token`` says; None where we did not write it. Says nothing about whether it can still be used."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    facts, seal = raw[: _FACTS.size], raw[_FACTS.size :]
    if len(facts) != _FACTS.size or not any(hmac.compare_digest(seal, _seal(facts, key)) for key in _keys()):
        return None
    incident_id, person_id, second = _FACTS.unpack(facts)
    return Pass(incident_id, person_id, datetime.fromtimestamp(second, UTC))


def _keys() -> Iterator[bytes]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    for key in (settings.secret_key, settings.secret_key_old):
        if key:
            yield hmac.digest(key.encode(), _PURPOSE, hashlib.sha256)


def _seal(facts: bytes, key: bytes) -> bytes:
    return hmac.digest(key, facts, hashlib.sha256)[:_SEAL]
