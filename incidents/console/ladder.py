"""The escalation ladder: who by name, when, and whether word truly reached them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..actions import matrix, telling, watch
from ..policy import escalation
from ..policy.escalation import Level
from ..records.incidents import Incident
from ..records.people import Person
from ..reports import tellings
from ..reports.tellings import Telling


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One level. ``state``: told, waiting (on its way), missed (could not be told), nobody, stopped or due."""

    level: Level
    place: int
    state: str
    names: str  # of those told, or of those who would be; empty where it names nobody
    at: datetime
    meant: Sequence[Person] = ()  # whom its words mean at the moment
    reason: str = ""
    may_call: bool = False  # by hand

    @property
    def title(self) -> str:
        return self.level.label or f"Level {self.place}"

    @property
    def was_told(self) -> bool:
        """Whether the clock has come to it, whatever became of the letters."""
        return self.state not in ("due", "stopped")

    @property
    def sign(self) -> tuple[str, str]:
        """The icon and what it means."""
        return {
            "told": ("check", "Told"),
            "waiting": ("clock", "Being told"),
            "missed": ("deg", "Not told"),
            "nobody": ("none", "Nobody told"),
            "stopped": ("none", "Not told"),
            "due": ("up", "Will be told"),
        }[self.state]


def rungs(incident: Incident) -> list[Rung]:
    """The levels of the incident's present severity, lowest first."""
    levels = matrix.levels_of(incident)
    struck = watch.struck_for(incident)
    timed = escalation.ladder(
        levels, started_at=incident.watch_started_at, told=struck.levels, resumed_at=incident.escalation_resumed_at
    )
    known = tellings.of_levels(incident) if struck.levels else {}
    return [
        _rung(incident, place, level, at, struck.levels.keys(), known.get(level.key))
        for place, (level, at) in enumerate(timed, start=1)
    ]


def _rung(
    incident: Incident, place: int, level: Level, at: datetime, struck: Collection[str], known: Telling | None
) -> Rung:
    meant = telling.people_meant(incident, level.tell)
    state = _state(incident, is_struck=level.key in struck, known=known, meant=meant)
    names = [*known.told, *known.waiting, *(name for name, _reason in known.missed), *known.spared] if known else []
    return Rung(
        level=level,
        place=place,
        state=state,
        names=", ".join(names or [person.name for person in meant]),
        at=at,
        meant=meant,
        reason=known.reasons if known else "",
        may_call=incident.is_open and bool(meant) and state in ("stopped", "missed", "nobody"),
    )


def _state(incident: Incident, *, is_struck: bool, known: Telling | None, meant: Sequence[Person]) -> str:
    if known is not None and is_struck:
        return known.state
    if is_struck:
        return "told" if meant else "nobody"
    return "stopped" if not incident.is_open or incident.is_acknowledged or incident.pages_nobody else "due"
