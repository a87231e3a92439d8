"""Who did something: a person, a token acting for one, the clock, or somebody in Slack whom we do not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "token", "clock", "cli", "slack"]


@dataclass(frozen=True)
class Actor:
    """Stored beside what was done as ``by_kind, by_id, by_name``, so that history outlives accounts.

    ``id`` is the person's or token's row id, of somebody in Slack whose account here is not known the one among
    ``slack_users``; None for the clock, the command line, and whoever only wrote a message that was pinned.
    """

    kind: ActorKind
    id: int | None
    name: str

    @property
    def is_human(self) -> bool:
        """A person, known or not, or a token (which acts for one)."""
        return self.kind in ("person", "token", "slack")


CLOCK = Actor("clock", None, "Sevenbells")
COMMAND_LINE = Actor("cli", None, "the command line")
