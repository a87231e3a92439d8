"""Shifts as a calendar that other programs read (iCalendar, RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

_PRODUCT = "-//Sevenbells//On call//EN"
_REFRESH = timedelta(minutes=15)


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
    """The calendar; the same entries are always the same bytes. Times are in UTC, names are escaped by the library."""
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry))
    written: bytes = calendar.to_ical()
    return written


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("summary", entry.title)
    event.add("dtstart", _whole(entry.starts_at))
    event.add("dtend", _whole(entry.ends_at))
    # the time of the last change and not of the reading, so that what did not change is the same bytes
    event.add("dtstamp", _whole(entry.changed_at))
    event.add("last-modified", _whole(entry.changed_at))
    event.add("sequence", entry.sequence)
    event.add("transp", "TRANSPARENT")  # nobody is busy all week
    return event


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
