"""Who did something: a person, a token acting for one, or the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "token", "clock", "cli"]


@dataclass(frozen=True)
class Actor:
    """Stored beside what was done as ``by_kind, by_id, by_name``, so that history outlives accounts.

    ``id`` is the person's or token's row id, None for the clock and the command line.
    """

    kind: ActorKind
    id: int | None
    name: str

    @property
    def is_human(self) -> bool:
        """A person, or a token (which acts for one)."""
        return self.kind in ("person", "token")


CLOCK = Actor("clock", None, "Sevenbells")
COMMAND_LINE = Actor("cli", None, "the command line")
