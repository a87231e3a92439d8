"""Weeks beneath one another, as a calendar has them: the month of a rotation, and the preview of one being edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ...policy import zones
from .lanes import Span
from .week import Bar, Day, bar, share

WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Monday to Sunday. ``now``: where the present stands, in the week that holds it."""

    days: Sequence[Day]
    bars: Sequence[Bar]
    now: float | None


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def rows(spans: Sequence[Span], *, first: date, weeks: int, now: datetime, zone: ZoneInfo) -> list[Row]:
    """``weeks`` rows from the Monday ``first`` on; each bar begins with the time of its hand-over."""
    return [_row(spans, first + number * WEEK, now, zone) for number in range(weeks)]


def ends(first: date, weeks: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants between which such rows lie."""
    return zones.start_of_day(first, zone), zones.start_of_day(first + weeks * WEEK, zone)


def _row(spans: Sequence[Span], first: date, now: datetime, zone: ZoneInfo) -> Row:
    since, until = ends(first, 1, zone)
    shown = [span for span in spans if span.starts_at < until and span.ends_at > since]
    return Row(
        days=[_day(first + timedelta(days=number), number, now, zone) for number in range(7)],
        bars=[bar(span, since, until, zone, timed=True) for span in shown],
        now=share(now, since, until) if since <= now < until else None,
    )


def _day(day: date, number: int, now: datetime, zone: ZoneInfo) -> Day:
    return Day(
        left=round(100 * number / 7, 3),
        wide=f"{day.day} {day:%b}" if number == 0 or day.day == 1 else str(day.day),
        small=str(day.day),
        is_today=day == zones.local_day(now, zone),
    )
