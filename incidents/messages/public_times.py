"""Times as subscribers read them: the page's zone first, UTC beside it, and the day where it is not this one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def both(moment: datetime, zone: ZoneInfo) -> str:
    """Mon 23 Nov, 02:41 CET (01:41 UTC); a letter is read on any day, so each time bears its own."""
    local = moment.astimezone(zone)
    here, there = f"{local:%H:%M} {_letters(local)}", f"{moment.astimezone(UTC):%H:%M} UTC"
    return f"{day(local)}, {here}" + ("" if here == there else f" ({there})")


def day(local: datetime) -> str:
    """Mon 23 Nov 2026"""
    return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"


def _letters(local: datetime) -> str:
    """CET, EST; zones without letters of their own say UTC+3."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "") if minutes else "UTC"
