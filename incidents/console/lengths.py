"""Lengths of time as people type them into a form: ``15 min``, ``4 h``, ``1 d 12 h``."""

from __future__ import annotations

import re

_MINUTES_IN = {"d": 1440, "h": 60, "min": 1}
_PART = re.compile(r"(\d{1,6})\s*(d|days?|h|hours?|hrs?|m|mins?|minutes?)", re.IGNORECASE)
_WHOLE = re.compile(rf"(?:{_PART.pattern}[\s,]*)+|\d{{1,6}}", re.IGNORECASE)


def minutes_of(text: str) -> int:
    """The whole minutes a person means; a bare number is minutes. Raises ValueError."""
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise ValueError("Write a length such as 15 min, 4 h or 3 d.")
    if text.isdigit():
        return int(text)
    return sum(int(number) * _MINUTES_IN[_unit(word)] for number, word in _PART.findall(text))


def length_text(minutes: int | None) -> str:
    """The same length as it is shown for editing, to the minute; empty for none."""
    if minutes is None:
        return ""
    parts = []
    left = minutes
    for unit, size in _MINUTES_IN.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 min"


def _unit(word: str) -> str:
    first = word[0].lower()
    return "min" if first == "m" else first
