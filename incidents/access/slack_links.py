"""The address by which somebody in Slack says which account here is theirs: shown to them alone, good for a quarter of an hour.

It needs no row: workspace, user and the moment of writing stand in it under our seal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..kernel import clock
from . import sealed

LIFETIME = timedelta(minutes=15)
_PURPOSE = b"sevenbells: link a Slack user"
_FACTS = re.compile(rb"([A-Z0-9]{2,30}) ([A-Z0-9]{2,30}) ([0-9]{1,11})")


@dataclass(frozen=True)
class SlackLink:
    """What a genuine address says."""

    team_id: str
    user_id: str
    written_at: datetime

    @property
    def is_expired(self) -> bool:
        return clock.now() >= self.written_at + LIFETIME


def write(team_id: str, user_id: str) -> str:
    """The token for this Slack user, from now on. Raises ValueError where these are no IDs of Slack's."""
    facts = f"{team_id} {user_id} {int(clock.now().timestamp())}".encode()
    if not _FACTS.fullmatch(facts):
        raise ValueError("no IDs of Slack")
    return sealed.seal(facts, purpose=_PURPOSE)


def read(token: str) -> SlackLink | None:
    """What ``token`` says; None where we did not write it. Says nothing about whether it can still be used."""
    facts = sealed.unseal(token, purpose=_PURPOSE)
    found = _FACTS.fullmatch(facts) if facts is not None else None
    if found is None:
        return None
    team_id, user_id, second = (part.decode() for part in found.groups())
    return SlackLink(team_id, user_id, datetime.fromtimestamp(int(second), UTC))
