"""Lengths of time in the words a person reads: ``48 min``, ``1 h 12 min``, ``1 d 3 h``, ``11:56``."""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def to_the_minute(moment: datetime) -> datetime:
    """The same instant cut down to its whole minute, so that what is printed is what is measured."""
    return moment.replace(second=0, microsecond=0)


def duration(length: timedelta) -> str:
    """A length in its two largest units, cut down: ``under 1 min``, ``48 min``, ``1 h 12 min``, ``1 d 3 h``.

    The sign is left out: the sentence around it says "ago", "late" or "in".
    """
    length = abs(length)
    if length < MINUTE:
        return "under 1 min"
    if length < HOUR:
        return f"{length // MINUTE} min"
    if length < DAY:
        return _two(length // HOUR, "h", (length % HOUR) // MINUTE, "min")
    return _two(length // DAY, "d", (length % DAY) // HOUR, "h")


def countdown(length: timedelta) -> str:
    """A ticking length: ``11:56`` (minutes and seconds), ``1 h 05`` from an hour on, ``1 d 3 h`` from a day on.

    The sign is left out; a late promise counts up ("late by 6:40").
    """
    length = abs(length)
    if length < HOUR:
        return f"{length // MINUTE}:{(length % MINUTE).seconds:02d}"
    if length < DAY:
        return f"{length // HOUR} h {(length % HOUR) // MINUTE:02d}"
    return duration(length)


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
