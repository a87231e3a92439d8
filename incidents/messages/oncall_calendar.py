"""Shifts as a calendar that other programs read (iCalendar, RFC 5545)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from icalendar import Calendar, vText
from icalendar.parser import Contentline, Parameters

_PRODUCT = "-//Sevenbells//On call//EN"
_REFRESH = timedelta(minutes=15)
_PLAIN = re.compile(r"[\w.@-]{1,70}", re.ASCII)  # stands on a line as it is


@dataclass(frozen=True)
class Entry:
    """One shift. ``uid`` stays the same while it begins at the same time in the same rotation."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    sequence: int


def as_icalendar(name: str, entries: Iterable[Entry]) -> bytes:
    """The calendar; the same entries are always the same bytes. Times are in UTC, names are escaped by the library.

    The library writes what people named. The rest it would write a hundred times as slowly: a year has 8,760 hours.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    head, end, _nothing = calendar.to_ical().decode().rpartition("END:VCALENDAR\r\n")
    summary = cache(partial(_line, "SUMMARY"))
    return "".join([head, *(_event(entry, summary(entry.title)) for entry in entries), end]).encode()


def _event(entry: Entry, summary: str) -> str:
    # the time of the last change and not of the reading, so that what did not change is the same bytes
    changed = _stamp(entry.changed_at)
    return (
        f"BEGIN:VEVENT\r\n{summary}DTSTART:{_stamp(entry.starts_at)}\r\nDTEND:{_stamp(entry.ends_at)}\r\n"
        f"DTSTAMP:{changed}\r\n{_uid(entry.uid)}SEQUENCE:{entry.sequence}\r\nLAST-MODIFIED:{changed}\r\n"
        "TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n"  # nobody is busy all week
    )


def _uid(uid: str) -> str:
    return f"UID:{uid}\r\n" if _PLAIN.fullmatch(uid) else _line("UID", uid)


def _line(name: str, text: str) -> str:
    """One property as the library writes it, escaped and folded."""
    written: bytes = Contentline.from_parts(name, Parameters(), vText(text)).to_ical()
    return f"{written.decode()}\r\n"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
