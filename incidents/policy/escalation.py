"""Who is told at which minute while nobody has acknowledged an incident."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from .attention import earliest
from .severity import Severity

ON_CALL = "on_call"
RESPONDERS = "responders"
ANY_RESPONDER = "any_responder"  # one of them in turn
_WORD = re.compile(
    r"on_call|responders|any_responder|role:[a-z][a-z0-9_]{0,39}|(rotation|group):[1-9][0-9]{0,8}"
    r"|person:[^@\s]{1,64}@[^@\s]{1,190}"
)
_KEY = re.compile(r"[A-Za-z0-9_:@.+-]{1,48}")


@dataclass(frozen=True)
class Level:
    """One rung: ``after`` the start, everybody meant by ``tell`` is told.

    A word is ``on_call``, ``responders``, ``any_responder`` (one in turn), ``role:<name>``, ``rotation:<id>``,
    ``group:<id>`` or ``person:<e-mail>``. ``label`` is how people call it. ``time``: 2 where an
    earlier level of its policy tells the same words, and so on (see ``numbered``).
    """

    after: timedelta
    tell: tuple[str, ...]
    label: str = ""
    time: int = 1

    @cached_property
    def key(self) -> str:
        """What this level is known by, in every severity: whom it tells, in any order.

        So a raised severity pages those it has not told yet, and nobody is told the same level twice. At most 51
        of A-Z, a-z, 0-9 and ``_:@.+-``, so that other keys can be built from it; what does not fit is a digest.
        """
        words = "+".join(sorted(set(self.tell)))
        key = words if _KEY.fullmatch(words) else hashlib.sha256(words.encode()).hexdigest()[:16]
        return key if self.time == 1 else f"{key}+{self.time}"


Levels = tuple[Level, ...]

# the operations manual's escalation matrix; P4 is escalated to nobody
DEFAULT_LEVELS: Mapping[Severity, Levels] = {
    Severity.P1: (
        Level(timedelta(0), (ON_CALL,), "On-call engineer"),
        Level(timedelta(minutes=15), ("role:engineering_lead",), "Engineering lead"),
        Level(timedelta(minutes=30), ("role:cto",), "CTO"),
    ),
    Severity.P2: (
        Level(timedelta(0), (ON_CALL,), "On-call engineer"),
        Level(timedelta(minutes=60), ("role:engineering_lead",), "Engineering lead"),
    ),
    Severity.P3: (
        Level(timedelta(0), (ANY_RESPONDER,), "Any engineer"),
        Level(timedelta(minutes=240), ("role:engineering_lead",), "Engineering lead"),
    ),
    Severity.P4: (Level(timedelta(0), (ANY_RESPONDER,), "Any engineer"),),
}

_ACKNOWLEDGEMENT_HOLDS: Mapping[Severity, timedelta] = {
    Severity.P1: timedelta(minutes=30),
    Severity.P2: timedelta(minutes=60),
}


class Trigger(StrEnum):
    """The five reasons for which a person escalates by hand (the operations manual's triggers)."""

    TARGET_PASSED = "target_passed"
    ACCESS_MISSING = "access_missing"
    CUSTOMER = "customer"
    SECURITY = "security"
    DATA_INTEGRITY = "data_integrity"

    @property
    def label(self) -> str:
        return TRIGGER_LABELS[self]


TRIGGER_LABELS: Mapping[Trigger, str] = {
    Trigger.TARGET_PASSED: "The resolve target has passed",
    Trigger.ACCESS_MISSING: "Access is missing",
    Trigger.CUSTOMER: "A customer escalated",
    Trigger.SECURITY: "Security concern",
    Trigger.DATA_INTEGRITY: "Data may be damaged",
}


def due_levels(
    levels: Sequence[Level],
    *,
    started_at: datetime,
    now: datetime,
    told: Mapping[str, datetime],
    acknowledged: bool = False,
    resumed_at: datetime | None = None,
    reaches_nobody: Collection[str] = (),
    quiet_until: datetime | None = None,
) -> Levels:
    """The levels to tell at ``now``, lowest first; nothing while acknowledged.

    ``started_at``: when Sevenbells learnt of the incident, or it was reopened. ``told``: when each level (by its key)
    was told in this cycle; after a severity change the new levels are simply passed, so that one which is already
    due and not told comes back at once. ``resumed_at``: when an acknowledgement expired; the levels told until then
    are told again by the caller (see ``told_again``) and the others keep their gaps from there.
    ``reaches_nobody``: keys of levels that reached nobody, or would at the moment; the next one does not wait for them.
    ``quiet_until``: nothing before this instant (see ``attention.quiet_after``).
    """
    if acknowledged:
        return ()
    return tuple(
        level
        for level, at in timetable(levels, started_at, told, resumed_at, reaches_nobody, quiet_until)
        if at <= now and level.key not in told
    )


def next_level_at(
    levels: Sequence[Level],
    *,
    started_at: datetime,
    told: Mapping[str, datetime],
    acknowledged: bool = False,
    resumed_at: datetime | None = None,
    reaches_nobody: Collection[str] = (),
    quiet_until: datetime | None = None,
) -> datetime | None:
    """When the next level falls due, possibly in the past; None while acknowledged and after the last one."""
    if acknowledged:
        return None
    rungs = timetable(levels, started_at, told, resumed_at, reaches_nobody, quiet_until)
    return earliest(*(at for level, at in rungs if level.key not in told))


def ladder(
    levels: Sequence[Level],
    *,
    started_at: datetime,
    told: Mapping[str, datetime],
    resumed_at: datetime | None = None,
    reaches_nobody: Collection[str] = (),
    quiet_until: datetime | None = None,
) -> tuple[tuple[Level, datetime], ...]:
    """Every level with the instant at which it was told, or is due while nobody acknowledges: the room's ladder."""
    rungs = timetable(levels, started_at, told, resumed_at, reaches_nobody, quiet_until)
    return tuple((level, told.get(level.key, at)) for level, at in rungs)


def told_again(levels: Sequence[Level], told: Collection[str]) -> Levels:
    """The levels that hear of it once more when an acknowledgement expires: those told already."""
    return tuple(level for level in levels if level.key in told)


def next_untold(levels: Sequence[Level], told: Collection[str]) -> Level | None:
    """The level that escalating by hand, or a passed resolve target, tells next; None when all were told."""
    return next((level for level in levels if level.key not in told), None)


def acknowledgement_expires_at(severity: Severity, last_human_entry_at: datetime) -> datetime | None:
    """When an acknowledgement lapses: 30 min (P1) or 60 min (P2) without a timeline entry by a person or a token.

    ``last_human_entry_at`` counts the acknowledgement itself. None: on P3 and P4 it holds.
    """
    holds = _ACKNOWLEDGEMENT_HOLDS.get(severity)
    return None if holds is None else last_human_entry_at + holds


def is_word(word: str) -> bool:
    """Whether this is a word that can name somebody (see ``Level``)."""
    return _WORD.fullmatch(word) is not None


def to_snapshot(policy: Mapping[Severity, Sequence[Level]]) -> dict[str, list[dict[str, Any]]]:
    """The levels of every severity as plain JSON in the API's shape, to be kept on an incident."""
    return {severity.value: [_level_to_json(level) for level in levels] for severity, levels in policy.items()}


def from_snapshot(snapshot: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[Severity, Levels]:
    """The levels that ``to_snapshot`` wrote."""
    return {Severity(name): numbered(_level_from_json(kept) for kept in levels) for name, levels in snapshot.items()}


def numbered(levels: Iterable[Level]) -> Levels:
    """The same levels; one that tells the same as an earlier one of them gets a key of its own, and so its turn."""
    times: dict[str, int] = {}
    found = []
    for level in levels:
        first = replace(level, time=1)
        times[first.key] = times.get(first.key, 0) + 1
        found.append(replace(first, time=times[first.key]))
    return tuple(found)


def timetable(
    levels: Sequence[Level],
    started_at: datetime,
    told: Mapping[str, datetime],
    resumed_at: datetime | None,
    reaches_nobody: Collection[str],
    quiet_until: datetime | None,
) -> Iterator[tuple[Level, datetime]]:
    """Each level with the instant at which it is due while nobody acknowledges (see ``due_levels``)."""
    start = _effective_start(levels, started_at, told, resumed_at)
    before: Level | None = None
    before_at = start
    for level in levels:
        at = start + level.after
        if before is not None and before.key in reaches_nobody:
            at = min(at, before_at)
        before, before_at = level, at
        yield level, at if quiet_until is None else max(at, quiet_until)


def _effective_start(
    levels: Sequence[Level], started_at: datetime, told: Mapping[str, datetime], resumed_at: datetime | None
) -> datetime:
    """The start from which the gaps count: after an expiry, as if the last level told until then had just been due."""
    if resumed_at is None:
        return started_at
    reached = [level.after for level in levels if level.key in told and told[level.key] <= resumed_at]
    return resumed_at - max(reached, default=timedelta(0))


def _level_to_json(level: Level) -> dict[str, Any]:
    return {"after_minutes": level.after // timedelta(minutes=1), "tell": list(level.tell), "label": level.label}


def _level_from_json(kept: Mapping[str, Any]) -> Level:
    tell = tuple(str(word) for word in kept["tell"])
    return Level(timedelta(minutes=int(kept["after_minutes"])), tell, str(kept.get("label", "")))
