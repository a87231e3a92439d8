"""Days in the address of a list: those that cannot be are told, and ask for nothing."""

from __future__ import annotations

from datetime import date

from werkzeug.datastructures import MultiDict

from ..kernel import clock

_EARLIEST = 2000  # of years: what lies before is a slip of the hand


def day_asked(name: str, args: MultiDict[str, str], errors: dict[str, str]) -> str:
    """The day as the address holds it, in ISO's way; empty, and told in ``errors``, where it is none."""
    given = args.get(name, "").strip()
    if not given:
        return ""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        errors[name] = "Give a day, such as 2026-11-23."
        return ""
    if not _EARLIEST <= day.year <= clock.now().year + 1:
        errors[name] = f"Give a day between {_EARLIEST} and next year."
        return ""
    return day.isoformat()
