"""Times and durations as the page prints them: the page's zone first, UTC beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@lru_cache(maxsize=16)
def zone_named(name: str) -> ZoneInfo:
    """The zone; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def abbreviation(moment: datetime, zone: ZoneInfo) -> str:
    """CET, EST; zones without letters of their own say UTC+3."""
    local = moment.astimezone(zone)
    letters = local.tzname() or ""
    return letters if letters.isalpha() else offset(moment, zone)


def offset(moment: datetime, zone: ZoneInfo) -> str:
    """UTC+1, UTC-3:30, or plain UTC."""
    minutes = int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")


def at(moment: datetime, zone: ZoneInfo) -> str:
    """02:41 CET"""
    return f"{moment.astimezone(zone):%H:%M} {abbreviation(moment, zone)}"


def in_utc(moment: datetime) -> str:
    """01:41 UTC"""
    return f"{moment.astimezone(UTC):%H:%M} UTC"


def both(moment: datetime, zone: ZoneInfo) -> str:
    """02:41 CET (01:41 UTC); the same once where the page's zone is UTC."""
    here, there = at(moment, zone), in_utc(moment)
    return here if here == there else f"{here} ({there})"


def both_with_day(moment: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """02:41 CET (01:41 UTC), and Mon 23 Nov behind it when that is another day than ``now``."""
    local, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    return both(moment, zone) if local == today else f"{both(moment, zone)}, {day(local, near=today)}"


def day(when: date, *, near: date | None = None) -> str:
    """Mon 23 Nov, with the year when ``near`` (usually today) lies in another."""
    text = f"{_WEEKDAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]}"
    return text if near is None or near.year == when.year else f"{text} {when.year}"


def short_day(when: date) -> str:
    """23 Nov"""
    return f"{when.day} {_MONTHS[when.month - 1]}"


def month(when: date) -> str:
    """November 2026"""
    return f"{_LONG_MONTHS[when.month - 1]} {when.year}"


def machine(moment: datetime) -> str:
    """What goes into ``<time datetime>``: to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def lasted(length: timedelta) -> str:
    """48 min, 1 h 12 min, 1 d 3 h; never less than a minute."""
    minutes = max(1, int(length.total_seconds()) // 60)
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {left:02d} min" if left else f"{hours} h"
    return f"{minutes} min"
