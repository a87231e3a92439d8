"""Night hours, from 22 to 6 on the wall of a person's zone: what work takes from sleep."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from . import zones

BEGINS, ENDS = time(22), time(6)
_DAY = timedelta(days=1)


def is_night(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock of ``zone`` stands between 22:00 and 06:00."""
    here = moment.astimezone(zone).time()
    return here >= BEGINS or here < ENDS


def within(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> timedelta:
    """How much of the stretch lies in nights; on the two nights when the clock is changed they are 7 or 9 hours long."""
    found = timedelta(0)
    day, last = zones.local_day(starts_at, zone) - _DAY, zones.local_day(ends_at, zone)
    while day <= last:
        begins = zones.instant(datetime.combine(day, BEGINS), zone)
        ends = zones.instant(datetime.combine(day + _DAY, ENDS), zone)
        found += max(timedelta(0), min(ends, ends_at) - max(begins, starts_at))
        day += _DAY
    return found
