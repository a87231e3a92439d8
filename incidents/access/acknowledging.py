"""The address in a letter with which its recipient, and nobody else, acknowledges one incident without signing in.

It needs no row: incident, person and the moment of writing stand in it under a seal that only our key makes. It serves
once, because an acknowledgement by that person after that moment is on the timeline.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..kernel import clock
from ..records.incidents import Incident
from ..records.people import Person
from . import sealed
from .links import base_url

# the slowest severity asks for an answer within a day
LIFETIME = timedelta(days=2)
_FACTS = struct.Struct(">III")  # incident, person, second of writing
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
    return f"{base_url()}/ack/{sealed.seal(facts, purpose=_PURPOSE)}"


def read(token: str) -> Pass | None:
    """What ``token`` says; None where we did not write it. Says nothing about whether it can still be used."""
    facts = sealed.unseal(token, purpose=_PURPOSE)
    if facts is None or len(facts) != _FACTS.size:
        return None
    incident_id, person_id, second = _FACTS.unpack(facts)
    return Pass(incident_id, person_id, datetime.fromtimestamp(second, UTC))
