"""Times as subscribers read them: the page's zone first, UTC beside it, in the language that is spoken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..kernel.languages import forms, say


def both(moment: datetime, zone: ZoneInfo) -> str:
    """02:41 CET (01:41 UTC), Mon 23 Nov 2026: a letter is read on any day, so each time bears its own."""
    local = moment.astimezone(zone)
    here, there = f"{local:%H:%M} {_letters(local)}", f"{moment.astimezone(UTC):%H:%M} UTC"
    times = here if here == there else f"{here} ({there})"
    return say("{times}, {day}", times=times, day=_day(local))


def _day(local: datetime) -> str:
    how = forms()
    return how.day_and_year.format(
        weekday=how.weekdays[local.weekday()], day=local.day, month=how.months[local.month - 1], year=local.year
    )


def _letters(local: datetime) -> str:
    """CET, EST; zones without letters of their own say UTC+3."""
    name = local.tzname() or ""
    if name.isalpha():
        return forms().zones.get(name, name)
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "") if minutes else "UTC"
