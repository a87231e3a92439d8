"""Where the blocks and bars of the charts stand; the template only draws them. Every chart has its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ...policy.severity import Severity

_WIDTH, _LEFT, _TOP = 640, 28, 12
_PITCH, _NARROW_PITCH, _HIGH = 30, 20, 160  # of a block with its gap; and of a chart whose columns hold too many blocks
_MOST_BLOCKS, _MOST_WIDE_BLOCKS = 12, 5
_LETTERED, _LETTER = 14, 6.5  # a piece lower than this has no room for a word; and how wide a letter is


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A block, or a stretch of a bar, with the word in it. ``of`` is the severity in lower case."""

    of: str
    x: float
    y: float
    width: float
    height: float
    word: str = ""

    @property
    def middle(self) -> tuple[float, float]:
        return round(self.x + self.width / 2, 1), round(self.y + self.height / 2 + 4, 1)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """``marks`` are words beneath the base, ``lines`` heights with their number; ``says`` is the chart in a sentence."""

    width: int
    height: int
    base: float
    pieces: Sequence[Piece]
    marks: Sequence[tuple[float, str]]
    lines: Sequence[tuple[float, int]]
    says: str
    is_in_blocks: bool = True

    @property
    def left(self) -> int:
        return _LEFT


def over_time(parts: Mapping[date, Mapping[str, int]], *, is_in_weeks: bool) -> Chart:
    """One block an incident, worst at the bottom; where there would be too many, one stretch of a bar a severity."""
    totals = [sum(counts.values()) for counts in parts.values()]
    most = max([*totals, 1])
    in_blocks = most <= _MOST_BLOCKS
    pitch = (_PITCH if most <= _MOST_WIDE_BLOCKS else _NARROW_PITCH) if in_blocks else _HIGH / most
    base = _TOP + max(most, 2) * pitch if in_blocks else _TOP + _HIGH
    slot = (_WIDTH - _LEFT) / len(parts)
    width = min(28.0 if in_blocks else 40.0, slot - 4)
    pieces: list[Piece] = []
    for place, counts in enumerate(parts.values()):
        x = round(_LEFT + slot * place + (slot - width) / 2, 1)
        pieces += _blocks(counts, x, width, base, pitch) if in_blocks else _stretches(counts, x, width, base, pitch)
    every = max(1, -(-56 // int(max(slot, 1))))  # a word beneath takes so much
    return Chart(
        width=_WIDTH,
        height=round(base + 28),
        base=round(base, 1),
        pieces=pieces,
        marks=[
            (round(_LEFT + slot * (place + 0.5), 1), _mark(part, is_in_weeks=is_in_weeks, is_first=place == 0))
            for place, part in enumerate(parts)
            if place % every == 0
        ],
        lines=[(round(base - number * pitch, 1), number) for number in _heights(most)],
        says=_said(parts, totals, is_in_weeks=is_in_weeks),
        is_in_blocks=in_blocks,
    )


def _mark(part: date, *, is_in_weeks: bool, is_first: bool) -> str:
    if is_in_weeks:
        return f"{part.day} {part:%b}"
    return f"{part:%b %Y}" if is_first or part.month == 1 else f"{part:%b}"


def _blocks(counts: Mapping[str, int], x: float, width: float, base: float, pitch: float) -> list[Piece]:
    severities = [severity for severity in Severity for _ in range(counts[severity])]
    return [
        Piece(
            of=severity.lower(),
            x=x,
            y=round(base - (place + 1) * pitch + 2, 1),
            width=round(width, 1),
            height=pitch - 3,
            word=severity if width >= 18 else "",
        )
        for place, severity in enumerate(severities)
    ]


def _stretches(counts: Mapping[str, int], x: float, width: float, base: float, pitch: float) -> list[Piece]:
    pieces, y = [], base
    for severity in Severity:
        height = counts[severity] * pitch
        y -= height
        if height:
            word = _fitting([f"{severity} {counts[severity]}", str(counts[severity])], width, height)
            pieces.append(
                Piece(
                    of=severity.lower(), x=x, y=round(y, 1), width=round(width, 1), height=round(height, 1), word=word
                )
            )
    return pieces


def _fitting(words: Sequence[str], width: float, height: float) -> str:
    """The first of these that has room there."""
    return next((word for word in words if height >= _LETTERED and len(word) * _LETTER <= width), "")


def _heights(most: int) -> list[int]:
    """The greatest, and half of it where that is whole enough to be read."""
    if most <= 3:
        return [max(most, 2)]
    return [most // 2, most // 2 * 2]


def _said(parts: Mapping[date, Mapping[str, int]], totals: Sequence[int], *, is_in_weeks: bool) -> str:
    each = "week" if is_in_weeks else "month"
    if not any(totals):
        return f"{len(totals)} {each}s without an incident."
    peak = max(range(len(totals)), key=totals.__getitem__)
    part = list(parts)[peak]
    when = f"the week of {part.day} {part:%b}" if is_in_weeks else f"{part:%B %Y}"
    whole = {severity: sum(counts[severity] for counts in parts.values()) for severity in Severity}
    split = ", ".join(f"{number} {severity}" for severity, number in whole.items() if number)
    return f"{len(totals)} {each}{'s' if len(totals) > 1 else ''}: {split}. Most in {when}: {max(totals)}."


def hours(counts: Sequence[int]) -> Chart:
    """A bar an hour of the day."""
    most, slot, high = max([*counts, 1]), (_WIDTH - _LEFT) / 24, 96
    base = _TOP + 14 + high
    pieces = [
        Piece(
            of="hour",
            x=round(_LEFT + slot * hour + 4, 1),
            y=round(base - high * number / most, 1),
            width=round(slot - 8, 1),
            height=round(high * number / most, 1),
            word=str(number),
        )
        for hour, number in enumerate(counts)
        if number
    ]
    peak = max(range(24), key=counts.__getitem__)
    says = f"Most began between {peak:02d}:00 and {(peak + 1) % 24:02d}:00: {most}." if any(counts) else "None began."
    return Chart(
        width=_WIDTH,
        height=round(base + 28),
        base=base,
        pieces=pieces,
        marks=[(round(_LEFT + slot * (hour + 0.5), 1), f"{hour:02d}") for hour in range(0, 24, 3)],
        lines=[],
        says=says,
        is_in_blocks=False,
    )


def shares_of(numbers: Sequence[int | None]) -> list[float]:
    """How long each bar is, in per cent of the longest."""
    most = max((number for number in numbers if number), default=0)
    return [round(100 * (number or 0) / most, 1) if most else 0.0 for number in numbers]
