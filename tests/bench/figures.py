"""One measured figure beside its reference and its goal, and how they are printed and kept."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """``ours`` and ``reference`` in ``unit``; the goal is for their ratio, or for ``ours`` where there is no reference."""

    name: str
    ours: float
    unit: str
    goal: float
    better: Literal["at most", "at least"]
    reference: float | None = None

    @property
    def ratio(self) -> float:
        """What the goal speaks of: ours over the reference, or ours alone."""
        return self.ours if self.reference is None else self.ours / self.reference

    @property
    def is_reached(self) -> bool:
        return self.ratio <= self.goal if self.better == "at most" else self.ratio >= self.goal

    def line(self) -> str:
        """One printed row."""
        mark = "reached" if self.is_reached else "MISSED"
        beside = f"{self.ours:,.3g} {self.unit} beside {self.reference:,.3g}" if self.reference is not None else ""
        of = f"{self.ratio:,.3g}" + ("" if self.reference is not None else f" {self.unit}")
        return f"{self.name:<66} {of:>14}  ({self.better} {self.goal:,.3g}: {mark})  {beside}"


@dataclass(frozen=True)
class LeftOut:
    """Something that could not be measured here, and why."""

    name: str
    why: str

    def line(self) -> str:
        """One printed row."""
        return f"{self.name:<66} {'left out':>14}  ({self.why})"


Result = Figure | LeftOut


def interleaved(ours: Callable[[], float], reference: Callable[[], float], *, rounds: int) -> tuple[float, float]:
    """Medians of both, measured in turn, so that a noisy machine is noisy for both alike."""
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def keep(results: Sequence[Result], path: Path) -> None:
    """Write them as JSON for whoever compares runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {**asdict(result), "ratio": result.ratio, "reached": result.is_reached}
        if isinstance(result, Figure)
        else {**asdict(result), "left_out": True}
        for result in results
    ]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
