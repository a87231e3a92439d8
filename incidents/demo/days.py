"""Moments told as people tell them: so many days ago, at this time of the company's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .people import ZONE


@dataclass(frozen=True)
class Days:
    """Counts back from ``now``."""

    now: datetime

    def ago(self, days: int, at: str) -> datetime:
        """That many days ago at "09:15" in the company's zone; never later than now."""
        zone = ZoneInfo(ZONE)
        day = self.now.astimezone(zone).date() - timedelta(days=days)
        return min(datetime.combine(day, time.fromisoformat(at), zone).astimezone(UTC), self.now)

    def minutes_ago(self, minutes: float) -> datetime:
        """That many minutes before now, on a whole minute."""
        return (self.now - timedelta(minutes=minutes)).replace(second=0, microsecond=0)
