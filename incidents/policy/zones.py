"""Local days and local times of a named zone, as instants that exist."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time in ``zone``.

    A time that a clock change leaves out means the first instant after the gap; one that occurs
    twice means the first of the two.
    """
    naive = local.replace(tzinfo=None, fold=0)
    first = naive.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == naive:
        return first
    earlier = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change_between(earlier, first, zone)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which ``day`` begins in ``zone`` (not always 00:00: some clocks change at midnight)."""
    return instant(datetime.combine(day, time.min), zone)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in ``zone``."""
    return moment.astimezone(zone).date()


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the offset of ``after``, by halving; zones change on whole seconds."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
