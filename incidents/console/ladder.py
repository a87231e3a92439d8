"""The escalation ladder: who by name, when, whether word truly reached them, and when it begins again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..actions import matrix, telling, watch
from ..actions.looks import each_once
from ..policy import escalation, repeats
from ..policy.escalation import ANY_RESPONDER, Level
from ..records.incidents import Incident
from ..records.people import Person
from ..reports import tellings
from ..reports.tellings import Telling

_MINUTE = timedelta(minutes=1)  # within it the bell and the entry are of the same telling


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
    is_next: bool = False
    again_at: datetime | None = None  # the last time that it was told, where that was not the first

    @property
    def title(self) -> str:
        return self.level.label or f"Level {self.place}"

    @property
    def is_in_turn(self) -> bool:
        """Whether it tells one of several, each in turn."""
        return ANY_RESPONDER in self.level.tell

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


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The levels of the present severity, who is told next, and how often it all begins again."""

    rungs: Sequence[Rung]
    next_names: str = ""  # who is told next while nobody acknowledges
    next_at: datetime | None = None
    begins_again_at: datetime | None = None
    times_left: int = 0  # how often it still begins again

    @property
    def unheard(self) -> list[Rung]:
        """Levels that the clock came to and that meant nobody."""
        return [rung for rung in self.rungs if rung.state == "nobody"]

    @property
    def reaches_nobody(self) -> bool:
        """Whether no level means anybody at the moment."""
        return bool(self.rungs) and not any(rung.meant for rung in self.rungs)


def of(incident: Incident) -> Ladder:
    """How the incident's escalation stands."""
    struck = watch.struck_so_far(incident)
    found = _rungs(incident, struck)
    if not found or incident.is_acknowledged or not incident.is_open or incident.pages_nobody:
        return Ladder(rungs=found)
    repeat, left = matrix.repeat_of(incident), repeats.rounds_left(matrix.repeat_of(incident), struck.repeated)
    upcoming = next((rung for rung in found if rung.is_next), None)
    if upcoming is not None:
        again_at = max(rung.at for rung in found) + repeat.after if left else None
        return Ladder(
            rungs=found, next_names=upcoming.names, next_at=upcoming.at, begins_again_at=again_at, times_left=left
        )
    levels = matrix.levels_of(incident)
    following = watch.next_round(incident, struck, levels, quiet_until=incident.quiet_until, asks_whom=False)
    if following is None and not left:
        return Ladder(rungs=found)
    if following is None:  # what is left of this round names nobody, and the clock has not passed it over yet
        first = next((rung for rung in found if rung.meant), None)
        again_at = max(rung.at for rung in found) + repeat.after
        names = ", ".join(person.name for person in first.meant) if first else ""
        return Ladder(rungs=found, next_names=names, next_at=again_at, begins_again_at=again_at, times_left=left)
    due = {level.key for level in following.due(following.next_at)}
    people = each_once(person for rung in found if rung.level.key in due for person in rung.meant)
    return Ladder(
        rungs=found,
        next_names=", ".join(person.name for person in people),
        next_at=following.next_at,
        begins_again_at=None if following.told else following.next_at,
        times_left=left,
    )


def rungs(incident: Incident) -> list[Rung]:
    """The levels of the incident's present severity, lowest first."""
    return _rungs(incident, watch.struck_so_far(incident))


def _rungs(incident: Incident, struck: watch.Struck) -> list[Rung]:
    levels = matrix.levels_of(incident)
    meant = telling.people_by_level(incident, levels)
    silent = {key for key, people in meant.items() if not people and key not in struck.levels}
    timed = escalation.ladder(
        levels,
        started_at=incident.watch_started_at,
        told=struck.levels,
        resumed_at=incident.escalation_resumed_at,
        reaches_nobody=silent | struck.unheard.get(0, frozenset()),
        quiet_until=incident.quiet_until,
    )
    known = tellings.of_levels(incident) if struck.levels else {}
    found = [
        _rung(incident, place, level, at, meant[level.key], struck.levels.keys(), known.get(level.key))
        for place, (level, at) in enumerate(timed, start=1)
    ]
    upcoming = next((rung.place for rung in found if rung.state == "due" and rung.meant), None)
    return [replace(rung, is_next=rung.place == upcoming) for rung in found]


def _rung(
    incident: Incident,
    place: int,
    level: Level,
    at: datetime,
    meant: Sequence[Person],
    struck: Collection[str],
    known: Telling | None,
) -> Rung:
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
        again_at=known.at if known is not None and known.at is not None and known.at - at >= _MINUTE else None,
    )


def _state(incident: Incident, *, is_struck: bool, known: Telling | None, meant: Sequence[Person]) -> str:
    if known is not None and is_struck:
        return known.state
    if is_struck:
        return "told" if meant else "nobody"
    return "stopped" if not incident.is_open or incident.is_acknowledged or incident.pages_nobody else "due"
