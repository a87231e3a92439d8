"""Stretches of whole local days that figures are counted over, the one before, and the weeks or months inside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from . import zones

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
# up to so many days the stretch is told week by week, beyond them month by month
_LONGEST_IN_WEEKS = 184
_NAME = re.compile(r"(\d{4})-(?:W(\d{2})|(\d{2}))", re.ASCII)
EARLIEST, LATEST = date(2000, 1, 3), date(2100, 12, 31)


@dataclass(frozen=True)
class Period:
    """From the beginning of ``first`` to the end of ``last``, days on the wall of ``zone``."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """The first instant inside."""
        return zones.start_of_day(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return zones.start_of_day(self.last + _DAY, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, directly before."""
        return Period(self.first - timedelta(days=self.days), self.first - _DAY, self.zone)

    @property
    def is_in_weeks(self) -> bool:
        """Whether it is told week by week, else month by month."""
        return self.days <= _LONGEST_IN_WEEKS

    @property
    def parts(self) -> Sequence[date]:
        """The Mondays, or the firsts of the months, of every week or month that it touches."""
        found = [self.part_of(self.first)]
        while (following := self._after(found[-1])) <= self.last:
            found.append(following)
        return found

    def part_of(self, day: date) -> date:
        """The Monday of that day's week, or the first of its month."""
        return day - timedelta(days=day.weekday()) if self.is_in_weeks else day.replace(day=1)

    def _after(self, part: date) -> date:
        return part + _WEEK if self.is_in_weeks else _next_month(part)


def ending(last: date, *, days: int, zone: ZoneInfo) -> Period:
    """So many days, of which ``last`` is the last."""
    return Period(last - timedelta(days=days - 1), last, zone)


def named(name: str, zone: ZoneInfo) -> Period | None:
    """The week ``2026-W47`` (ISO 8601) or the month ``2026-11``; None where there is no such one."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, week, month = (int(part) if part else 0 for part in found.groups())
    try:
        first = date.fromisocalendar(year, week, 1) if found[2] else date(year, month, 1)
    except ValueError:
        return None
    if not EARLIEST <= first <= LATEST:
        return None
    last = first + timedelta(days=6) if found[2] else _next_month(first) - _DAY
    return Period(first, last, zone) if last <= LATEST else None


def week_name(day: date) -> str:
    """``2026-W47``: the name of the week in which the day lies."""
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02d}"


def month_name(day: date) -> str:
    """``2026-11``."""
    return f"{day:%Y-%m}"


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
