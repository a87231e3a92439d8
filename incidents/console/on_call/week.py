"""A week of on call as a drawing: days across, a lane for each role, the present as a line; and the same in words.

Places across are shares of the whole width in percent, so that one drawing serves every screen; a name has two
forms, for a wide screen and for a phone, each cut to what fits there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ...policy import zones
from .lanes import NOBODY, Lane, Span

# how wide a lane is on a small laptop and on a phone, in pixels (narrower ones clip), and what a letter takes there
_WIDE, _SMALL = 640, 288
_LETTER, _SMALL_LETTER = 7.6, 7.2
_INSIDE, _INSIDE_SHORT = 18, 8  # of a bar, left and right of its name; a short one stands nearer
_SHORT = 3
_NARROWEST_GAP = 44


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One stretch of a lane. ``left`` and ``width`` are shares in percent; ``wide`` and ``small`` are the name cut to fit."""

    left: float
    width: float
    kind: str  # me, other, gap
    is_cover: bool
    wide: str
    small: str
    title: str


@dataclass(frozen=True, kw_only=True)
class DrawnLane:
    """One row of the drawing."""

    label: str
    bars: Sequence[Bar]


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day's heading, and where the day begins."""

    left: float
    wide: str
    small: str  # the weekday stands beside it where there is room
    is_today: bool
    weekday: str = ""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Everything that the template prints. ``now``: the share at which the line of the present stands."""

    days: Sequence[Day]
    lanes: Sequence[DrawnLane]
    now: float | None
    now_word: str
    text: str


def drawing(lanes: Sequence[Lane], *, since: datetime, until: datetime, now: datetime, zone: ZoneInfo) -> Drawing:
    """The drawing of these lanes from ``since`` to ``until``, with its text alternative."""
    return Drawing(
        days=list(_days(since, until, now, zone)),
        lanes=[
            DrawnLane(label=lane.label, bars=[bar(span, since, until, zone) for span in lane.spans]) for lane in lanes
        ],
        now=share(now, since, until) if since <= now < until else None,
        now_word=f"Now, {now.astimezone(zone):%H:%M}",
        text=_text(lanes, zone),
    )


def bar(span: Span, since: datetime, until: datetime, zone: ZoneInfo, *, timed: bool = False) -> Bar:
    """One stretch, cut to the drawing; ``timed``: with the time of its hand-over, where that fits before the name."""
    left, right = share(span.starts_at, since, until), share(span.ends_at, since, until)
    part = (right - left) / 100
    begins = f"{span.starts_at.astimezone(zone):%H:%M} " if timed and span.starts_at > since else ""
    return Bar(
        left=left,
        width=round(right - left, 3),
        kind="gap" if span.is_gap else "me" if span.is_mine else "other",
        is_cover=span.is_cover,
        wide=_shown(span, begins, _WIDE * part, _LETTER),
        small=_shown(span, begins, _SMALL * part, _SMALL_LETTER),
        title=f"{span.name}, {span_words(span.starts_at, span.ends_at, zone)}",
    )


def share(at: datetime, since: datetime, until: datetime) -> float:
    """How far an instant is on the way, in percent; what lies outside is at the edge."""
    whole = (until - since).total_seconds()
    return round(100 * min(max((at - since).total_seconds() / whole, 0), 1), 3)


def _shown(span: Span, begins: str, pixels: float, letter: float) -> str:
    """What stands in a bar; a gap says "Nobody" or is left to its hatching."""
    if span.is_gap:
        return NOBODY if pixels >= _NARROWEST_GAP else ""
    return _timed(begins, span.name, pixels, letter)


def _timed(begins: str, name: str, pixels: float, letter: float) -> str:
    whole = begins + name
    return whole if begins and _width(whole) * letter + _INSIDE <= pixels else fitting(name, pixels, letter)


def moment_words(at: datetime, zone: ZoneInfo) -> str:
    """``Mon 23 Nov, 09:00``: how the screens of on call say a time; the zone stands above them."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def span_words(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """``Wed 25 Nov, 18:00 to 22:00``; the day of the end only where it is another one."""
    begin, end = since.astimezone(zone), until.astimezone(zone)
    last = f"{end:%H:%M}" if begin.date() == end.date() else moment_words(until, zone)
    return f"{moment_words(since, zone)} to {last}"


def fitting(name: str, pixels: float, letter: float = _LETTER) -> str:
    """What fits of a name: all of it, the first name, as much of that as is worth reading, two letters, or nothing."""
    room = pixels - (_INSIDE if len(name) > _SHORT else _INSIDE_SHORT)
    first = name.split(maxsplit=1)[0] if name.split() else ""
    for whole in (name, first):
        if _width(whole) * letter <= room:
            return whole
    cut = _cut(first, int(room / letter) - 1)
    if len(cut) >= 3:
        return f"{cut}…"
    words = name.split()
    initials = f"{words[0][0]}{words[-1][0]}".upper() if len(words) > 1 else ""
    return initials if _width(initials) * letter <= pixels - 6 else ""


def _days(since: datetime, until: datetime, now: datetime, zone: ZoneInfo) -> Iterator[Day]:
    day = zones.local_day(since, zone)
    while (begins := zones.start_of_day(day, zone)) < until:
        yield Day(
            left=share(begins, since, until),
            wide=f"{day:%a} {day.day}",
            small=str(day.day),
            is_today=day == zones.local_day(now, zone),
            weekday=f"{day:%a}"[:2],
        )
        day += timedelta(days=1)


def _text(lanes: Sequence[Lane], zone: ZoneInfo) -> str:
    """What the drawing says, for whoever does not see it."""
    said = []
    for lane in lanes:
        turns = [f"{span.name} until {moment_words(span.ends_at, zone)}" for span in lane.spans]
        said.append(f"{lane.label}: {', then '.join(turns)}.")
    return " ".join(said)


def _width(words: str) -> int:
    """In letters; those of East Asia and pictures take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words)


def _cut(words: str, letters: int) -> str:
    while words and _width(words) > letters:
        words = words[:-1]
    return words
