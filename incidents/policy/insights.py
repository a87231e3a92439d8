"""Figures that a few slow cases cannot bend: medians and 90th percentiles with their n, and shares with their whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """How long ``n`` things took, in whole seconds; None where there was nothing to measure."""

    n: int = 0
    median: int | None = None
    p90: int | None = None


@dataclass(frozen=True)
class Share:
    """``met`` of ``of``."""

    met: int = 0
    of: int = 0

    @property
    def percent(self) -> int | None:
        """Cut down to a whole per cent, so that 100 means all of them; None of nothing."""
        return 100 * self.met // self.of if self.of else None

    def __add__(self, other: Share) -> Share:
        return Share(self.met + other.met, self.of + other.of)


def spread(lengths: Iterable[float]) -> Spread:
    """Of lengths in whole seconds: the middle one, or half-way between the middle two, and the 90th percentile by nearest rank."""
    ordered = sorted(int(each) for each in lengths)
    if not ordered:
        return Spread()
    return Spread(len(ordered), int(median(ordered)), nearest_rank(ordered, 90))


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """The smallest of these that at least ``percent`` per cent of them do not exceed; there must be one."""
    return ordered[max(1, -(-percent * len(ordered) // 100)) - 1]


# Per cent, from the picture of the screen (DESIGN §6.10): what a team that does well reaches.
GOALS: Mapping[str, int] = {"answered": 95, "updates": 90}
