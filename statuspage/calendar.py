"""Announced work as iCalendar (RFC 5545), so that it stands in people's own calendars."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from incidents.published.wording import speakable

from .plaintext import plain
from .prepared import OPEN, Document
from .records import MOST_RECENT
from .snapshot import Picture
from .story import EPOCH
from .work import Work

_MOST_AHEAD = 200
_END = b"END:VCALENDAR\r\n"


def documents(picture: Picture, *, base: str) -> dict[str, Document]:
    """``/maintenance.ics``: what is to come, and the latest past; its times are those of the changes, never the clock's."""
    works = picture.told.works
    ahead = [work for work in works if (work.times.over_at or picture.minute) >= picture.minute]
    past = [work for work in works if (work.times.over_at or picture.minute) < picture.minute]
    chosen = [*reversed(past[:MOST_RECENT]), *list(reversed(ahead))[:_MOST_AHEAD]]
    events = [_event(_facts(work), base, picture.first_address(base)) for work in chosen]
    body = _calendar(speakable(picture.settings.name), base).removesuffix(_END) + b"".join(events) + _END
    changed_at = max((work.row.updated_at for work in chosen), default=picture.settings.updated_at or EPOCH)
    return {"/maintenance.ics": Document("text/calendar; charset=utf-8", body, OPEN, changed_at)}


Facts = tuple[str, str, str, str, datetime, datetime, bool, int, datetime, datetime]


def _facts(work: Work) -> Facts:
    """All that an event says, so that it is written anew only when that changes."""
    row = work.row
    names = ", ".join(work.names[one] for one in work.components)
    is_off = row.cancelled_at is not None
    ends_at = row.finished_at if row.finished_at and row.finished_at > work.times.began_at else row.ends_at
    return (
        work.id, speakable(row.title), speakable(plain(row.body_html)), speakable(names), work.times.began_at, ends_at,
        is_off, row.sequence, row.created_at, row.updated_at,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _event(facts: Facts, base: str, named: str) -> bytes:
    from icalendar import Event  # the page starts without it; only who has maintenance pays for the import

    public_id, title, body, names, begins_at, ends_at, is_off, sequence, created_at, updated_at = facts
    event = Event()
    event.add("uid", f"maintenance-{public_id}@{urlsplit(named).hostname or 'localhost'}")
    event.add("dtstamp", updated_at)
    event.add("created", created_at)
    event.add("last-modified", updated_at)
    event.add("sequence", sequence)
    event.add("dtstart", begins_at)
    event.add("dtend", ends_at)
    event.add("summary", title)
    event.add("description", "\n\n".join(part for part in (body, f"Affects {names}" if names else "") if part))
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["Maintenance"])
    event.add("url", f"{base}/maintenances/{public_id}")
    return bytes(event.to_ical())


@lru_cache(maxsize=8)
def _calendar(name: str, base: str) -> bytes:
    from icalendar import Calendar, vText

    calendar = Calendar()
    calendar.add("prodid", "-//Sevenbells//Maintenance//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", vText(f"{name} maintenance"))
    calendar.add("x-wr-calname", vText(f"{name} maintenance"))
    calendar.add("url", base)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return bytes(calendar.to_ical())
