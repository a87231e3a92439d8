"""Times and durations as the page prints them: the page's zone first, UTC beside it, in the language that is spoken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from incidents.kernel.languages import forms, say, say_many


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
    return forms().zones.get(letters, letters) if letters.isalpha() else offset(moment, zone)


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
    if local == today:
        return both(moment, zone)
    return say("{times}, {day}", times=both(moment, zone), day=day(local, near=today))


def day(when: date, *, near: date | None = None) -> str:
    """Mon 23 Nov, with the year when ``near`` (usually today) lies in another."""
    how = forms()
    pattern = how.day if near is None or near.year == when.year else how.day_and_year
    return _filled(pattern, when)


def full_day(when: date) -> str:
    """Mon 23 Nov 2026: the year always, so that what is over keeps its bytes from one year to the next."""
    return _filled(forms().day_and_year, when)


def short_day(when: date) -> str:
    """23 Nov"""
    return _filled(forms().short_day, when)


def month(when: date) -> str:
    """November 2026"""
    how = forms()
    return how.month.format(month=how.long_months[when.month - 1], year=when.year)


def _filled(pattern: str, when: date) -> str:
    how = forms()
    return pattern.format(
        weekday=how.weekdays[when.weekday()], day=when.day, month=how.months[when.month - 1], year=when.year
    )


def machine(moment: datetime) -> str:
    """What goes into ``<time datetime>``: to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def lasted(length: timedelta) -> str:
    """48 min, 1 h 12 min, 1 d 3 h; never less than a minute."""
    minutes = max(1, int(length.total_seconds()) // 60)
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    if days:
        whole = say_many(days, "{count} d", "{count} d")
        return say("{days} {hours} h", days=whole, hours=hours) if hours else whole
    if hours:
        return say("{hours} h {minutes:02d} min", hours=hours, minutes=left) if left else say("{hours} h", hours=hours)
    return say("{minutes} min", minutes=minutes)
