"""Quiet hours: from one local time to another, also across midnight; what is not urgent waits until they end."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from . import zones

_DAY = timedelta(days=1)


def ends_at(moment: datetime, *, begins: time, ends: time, zone: ZoneInfo) -> datetime | None:
    """The UTC instant at which the quiet hours around ``moment`` end; None outside of them.

    The times are the wall clock's: on the nights when it is changed they are an hour longer or shorter.
    """
    today = zones.local_day(moment, zone)
    for day in (today - _DAY, today):
        last = day if begins < ends else day + _DAY
        start = zones.instant(datetime.combine(day, begins), zone)
        end = zones.instant(datetime.combine(last, ends), zone)
        if start <= moment < end:
            return end
    return None
