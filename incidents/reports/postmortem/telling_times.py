"""How a post-mortem tells time: the page's zone and UTC, so that it reads the same wherever it is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ...policy import durations


def moment(at: datetime, zone: ZoneInfo) -> str:
    """``23 Nov 2026, 02:41 CET (01:41 UTC)``."""
    local = at.astimezone(zone)
    there = f"{local.day} {local:%b %Y, %H:%M} {word(local)}"
    return there if local.utcoffset() == timedelta(0) else f"{there} ({at.astimezone(UTC):%H:%M} UTC)"


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """``02:41``."""
    return f"{at.astimezone(zone):%H:%M}"


def day_and_time(at: datetime, zone: ZoneInfo) -> str:
    """``23 Nov 02:41``, for tables whose head names the zone."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def word(local: datetime) -> str:
    """The zone's abbreviation at that instant, or its offset where it has none."""
    name = local.tzname() or "UTC"
    return name if name[:1].isalpha() else f"UTC{name}"


def length(seconds: int) -> str:
    """``48 min``, ``1 h 12 min``; seconds only below a minute."""
    return f"{seconds} s" if seconds < 60 else durations.duration(timedelta(seconds=seconds))
