"""A policy that begins again: after its last level, as often as it says, while nobody acknowledges."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .escalation import Level, Levels, timetable
from .severity import Severity

MOST_TIMES = 9
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True)
class Repeat:
    """The policy begins again ``times`` times, each ``after`` its last level was told."""

    times: int
    after: timedelta


NEVER = Repeat(0, timedelta(minutes=15))
Repeated = Mapping[int, Mapping[str, datetime]]  # by the number of the repetition, when it told each level


@dataclass(frozen=True)
class Round:
    """One repetition: its number from 1, and each level with the instant at which it is due or was told."""

    number: int
    rungs: tuple[tuple[Level, datetime], ...]
    told: Mapping[str, datetime]

    @property
    def next_at(self) -> datetime:
        """When its next level is due, possibly in the past."""
        return min(at for level, at in self.rungs if level.key not in self.told)

    def due(self, now: datetime) -> Levels:
        """The levels to tell at ``now``, lowest first."""
        return tuple(level for level, at in self.rungs if at <= now and level.key not in self.told)


def next_round(
    levels: Sequence[Level],
    repeat: Repeat,
    *,
    told: Mapping[str, datetime],
    repeated: Repeated,
    resumed_at: datetime | None = None,
    reaches_nobody: Collection[str] = (),
    quiet_until: datetime | None = None,
) -> Round | None:
    """The repetition that goes on, or comes next; None before the last level was told, and after the last repetition.

    It counts from when the last level was really told, so that what a silence of the clock swallowed is not made up
    for. ``told``: what the policy itself told in this cycle; ``repeated``: what its repetitions told. An
    acknowledgement that expired (``resumed_at``) told everybody again: the wait begins there anew.
    """
    before = told
    for number in range(1, repeat.times + 1):
        if not levels or any(level.key not in before for level in levels):
            return None
        so_far = repeated.get(number, {})
        if any(level.key not in so_far for level in levels):
            begins_at, resumed_inside = _beginning(levels, repeat, before, so_far, resumed_at)
            rungs = timetable(levels, begins_at - levels[0].after, so_far, resumed_inside, reaches_nobody, quiet_until)
            return Round(number, tuple(rungs), so_far)
        before = so_far
    return None


def rounds_left(repeat: Repeat, repeated: Repeated) -> int:
    """How many repetitions have not begun."""
    return max(0, repeat.times - max((number for number, told in repeated.items() if told), default=0))


def to_snapshot(repeats: Mapping[Severity, Repeat]) -> dict[str, dict[str, int]]:
    """The repeats of every severity as plain JSON in the API's shape, to be kept on an incident."""
    return {
        severity.value: {"times": repeat.times, "after_minutes": repeat.after // timedelta(minutes=1)}
        for severity, repeat in repeats.items()
        if repeat.times
    }


def from_snapshot(kept: Mapping[str, Any] | None) -> Repeat:
    """One severity's repeat as ``to_snapshot`` wrote it; none where it wrote none."""
    return Repeat(int(kept["times"]), timedelta(minutes=int(kept["after_minutes"]))) if kept else NEVER


def _beginning(
    levels: Sequence[Level],
    repeat: Repeat,
    before: Mapping[str, datetime],
    so_far: Mapping[str, datetime],
    resumed_at: datetime | None,
) -> tuple[datetime, datetime | None]:
    """When a repetition begins, and the expiry that moves what is left of it, if one came after its beginning."""
    last_told_at = max(before[level.key] for level in levels)
    told = [at for key, at in so_far.items() if any(level.key == key for level in levels)]
    if told:
        is_inside = resumed_at is not None and resumed_at >= min(told)
        return min(told), resumed_at if is_inside else None
    return max(last_told_at, resumed_at or last_told_at) + repeat.after, None
