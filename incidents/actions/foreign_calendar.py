"""Reads shifts out of an iCalendar that somebody else keeps (RFC 5545): single and repeated events, whole days, exceptions.

It is written by strangers: what repeats without end ends with the stretch that was asked for, and what repeats by the
minute is refused.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr  # type: ignore[import-untyped] # it ships no types
from icalendar import Calendar

from ..policy import zones

MOST_SHIFTS = 5000
_MOST_STEPS = 200_000  # of one repetition, looked at or passed over
_LONGEST = 10.0  # seconds for all of it: a rule that never matches is searched to the year 9999
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")  # no database keeps all of them, and nobody can see one
_PRIORITY = re.compile(r"\[L(\d)\]", re.IGNORECASE)
_STEPS = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1)}
_DAY = timedelta(days=1)


class Unreadable(Exception):
    """This is no calendar that can be read. Says why, in one plain sentence."""


@dataclass(frozen=True)
class Found:
    """One shift as it stands there. ``title`` is without its priority, ``attendees`` are e-mail addresses."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    title: str
    priority: int
    attendees: tuple[str, ...] = ()


@dataclass
class _Series:
    """What has one UID: the event itself, and the occurrences that were changed on their own."""

    events: list[Any] = field(default_factory=list)
    changed: dict[datetime, Any] = field(default_factory=dict)


def read(body: bytes, *, zone: ZoneInfo, since: datetime, until: datetime) -> list[Found]:
    """The shifts that touch the stretch, in order. Whole days and times without a zone are meant in ``zone``.

    Raises Unreadable.
    """
    ends = time.monotonic() + _LONGEST
    calendar = _parsed(body)
    found: dict[tuple[str, datetime], Found] = {}
    try:
        for uid, series in _by_uid(calendar, zone).items():
            for shift in _shifts(uid, series, zone, since, until, ends):
                found[(shift.uid, shift.starts_at)] = shift
                if len(found) > MOST_SHIFTS:
                    raise Unreadable(f"The calendar has more than {MOST_SHIFTS:,} shifts in a year.")
            _hurry(ends)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, LookupError):
        raise Unreadable("The calendar has an event whose times cannot be read.") from None
    return sorted(found.values(), key=lambda shift: (shift.starts_at, shift.uid))


def _hurry(ends: float) -> None:
    if time.monotonic() > ends:
        raise Unreadable("The calendar takes too long to be read.")


def _parsed(body: bytes) -> Calendar:
    body = body.lstrip(b"\xef\xbb\xbf \t\r\n")  # the first three are the mark that some programs begin a file with
    beginning = body[:20].upper()
    if beginning.startswith(b"<"):
        raise Unreadable("What stands there is a page and no calendar. Use the secret address in iCal format.")
    if not beginning.startswith(b"BEGIN:VCALENDAR"):
        raise Unreadable("What stands there is no calendar in iCal format.")
    try:
        return Calendar.from_ical(body.decode("utf-8", "replace"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Unreadable("The calendar cannot be read: it is cut off or damaged.") from None


def _by_uid(calendar: Calendar, zone: ZoneInfo) -> Mapping[str, _Series]:
    known: dict[str, _Series] = {}
    event: Any  # the library's types of properties are wider than what stands in an event
    for event in calendar.walk("VEVENT"):
        # some programs leave it out; then its beginning and its title must do
        uid = str(event.get("UID") or f"{event['DTSTART'].to_ical().decode()} {event.get('SUMMARY', '')}")
        series = known.setdefault(_seen(uid)[:300], _Series())
        if "RECURRENCE-ID" in event:
            _only_one(event["RECURRENCE-ID"])
            series.changed[_instant(event["RECURRENCE-ID"].dt, zone)] = event
        else:
            series.events.append(event)
    return known


def _only_one(occurrence: Any) -> None:
    """What changes all that follow as well would put the wrong person on call, if it were read as one occurrence."""
    if occurrence.params.get("RANGE"):
        raise Unreadable(
            "The calendar changes a shift and all that follow it at once (RANGE=THISANDFUTURE), which is not understood"
            " here. End the series there, and begin another."
        )


def _shifts(
    uid: str, series: _Series, zone: ZoneInfo, since: datetime, until: datetime, ends: float
) -> Iterator[Found]:
    for event in series.events:
        lasts = _length(event, zone)
        for local in _starts(event, zone, since - lasts, until, ends):
            if _instant(local, zone) not in series.changed:
                yield from _shift(uid, event, _instant(local, zone), _end(local, lasts, zone), since, until)
    for event in series.changed.values():
        local = event["DTSTART"].dt
        yield from _shift(uid, event, _instant(local, zone), _end(local, _length(event, zone), zone), since, until)


def _shift(
    uid: str, event: Any, starts_at: datetime, ends_at: datetime, since: datetime, until: datetime
) -> Iterator[Found]:
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or not starts_at < ends_at:
        return
    if ends_at <= since or starts_at >= until:
        return
    title = _seen(str(event.get("SUMMARY", "")))
    priority = _PRIORITY.search(title)
    yield Found(
        uid=uid,
        starts_at=starts_at,
        ends_at=ends_at,
        title=" ".join(_PRIORITY.sub(" ", title).split())[:200],
        priority=int(priority[1]) if priority else 0,
        attendees=tuple(_attendees(event)),
    )


def _seen(text: str) -> str:
    """The text on one line and without what is no character to be seen."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _starts(event: Any, zone: ZoneInfo, since: datetime, until: datetime, ends: float) -> Iterator[date]:
    """Every beginning near the stretch, as it was written: a day, or a time on the wall of its zone."""
    first = event["DTSTART"].dt
    left_out = {_instant(each, zone) for each in _moments(event, "EXDATE")}
    starts = [first] if "RRULE" not in event else []
    for rule in _each(event, "RRULE"):
        for wall in _repeated(rule, first, zone, since, until):
            _hurry(ends)  # one event may hold many rules, and a rule 200,000 times that are passed over
            starts.append(_alike(wall, first))
        _hurry(ends)
    starts += list(_moments(event, "RDATE"))
    yield from (start for start in starts if _instant(start, zone) not in left_out)


def _repeated(rule: Any, first: date, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """The beginnings of a rule by the wall clock, so that nine o'clock stays nine o'clock over a clock change."""
    wall, rule = _wall(first), {name: list(values) for name, values in rule.items()}
    frequency = str(rule["FREQ"][0]).upper()
    if frequency in ("SECONDLY", "MINUTELY"):
        raise Unreadable("The calendar has an event that is repeated by the minute.")
    if any(int(each) < 1 for each in rule.get("INTERVAL", ())):
        raise Unreadable("The calendar has an event that is repeated without a step.")  # dateutil would never return
    if frequency == "HOURLY" and any(name.upper().startswith("BY") for name in rule):
        raise Unreadable("The calendar has an event whose rule is not understood here: by the hour, with exceptions.")
    latest = _wall(until.astimezone(_zone_of(first, zone))) + _DAY
    ends = min([latest, *(_wall_end(each, first, zone) for each in rule.pop("UNTIL", ()))])
    if (ends - wall) / _STEPS.get(frequency, _DAY) > _MOST_STEPS:
        raise Unreadable("The calendar has an event that has been repeated too often.")
    counted = rule.pop("COUNT", [_MOST_STEPS])
    words = [f"{name}={','.join(_word(value) for value in values)}" for name, values in rule.items()]
    found = rrulestr(";".join([*words, f"UNTIL={ends:%Y%m%dT%H%M%S}"]), dtstart=wall)
    earliest = _wall(since.astimezone(_zone_of(first, zone))) - _DAY
    return (each for each in islice(iter(found), min(int(counted[0]), _MOST_STEPS)) if each >= earliest)


def _word(value: Any) -> str:
    written = value.to_ical() if hasattr(value, "to_ical") else value
    return written.decode() if isinstance(written, bytes) else str(written)


def _wall_end(until: date, first: date, zone: ZoneInfo) -> datetime:
    """A rule's last time as the wall of the event shows it; a day includes all of itself."""
    if not isinstance(until, datetime):
        return datetime.combine(until, time_of_day.max.replace(microsecond=0))
    if until.tzinfo is None:
        return until
    return _wall(until.astimezone(_zone_of(first, zone)))


def _wall(moment: date) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime.combine(moment, time_of_day.min)


def _alike(wall: datetime, first: date) -> date:
    return wall.replace(tzinfo=first.tzinfo) if isinstance(first, datetime) else wall.date()


def _zone_of(moment: date, zone: ZoneInfo) -> tzinfo:
    return (moment.tzinfo if isinstance(moment, datetime) else None) or zone


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    known = _zone_of(moment, zone)
    if isinstance(known, ZoneInfo):
        return zones.instant(_wall(moment), known)
    return _wall(moment).replace(tzinfo=known).astimezone(UTC)


def _length(event: Any, zone: ZoneInfo) -> timedelta:
    """On the wall for whole days, else in real time; a day where a day has no end, nothing where a time has none."""
    first = event["DTSTART"].dt
    _known_zone(event["DTSTART"])
    if "DTEND" in event:
        last = event["DTEND"].dt
        if isinstance(first, datetime) != isinstance(last, datetime):
            raise ValueError("a day and a time")
        _known_zone(event["DTEND"])
        return _instant(last, zone) - _instant(first, zone) if isinstance(first, datetime) else last - first
    if "DURATION" in event:
        lasts: timedelta = event["DURATION"].dt
        return lasts
    return timedelta(0) if isinstance(first, datetime) else _DAY


def _end(start: date, lasts: timedelta, zone: ZoneInfo) -> datetime:
    if isinstance(start, datetime):
        return _instant(start, zone) + lasts
    return _instant(start + lasts, zone)


def _known_zone(written: Any) -> None:
    """A zone that neither this machine nor the calendar explains would put everything at the wrong hour."""
    name = written.params.get("TZID") if hasattr(written, "params") else None
    if name and isinstance(written.dt, datetime) and written.dt.tzinfo is None:
        raise Unreadable(f"The calendar uses a time zone that is not known here: {_seen(str(name))[:60]}.")


def _moments(event: Any, name: str) -> Iterator[date]:
    for several in _each(event, name):
        for each in several.dts:
            moment = each.dt
            yield moment[0] if isinstance(moment, tuple) else moment


def _each(event: Any, name: str) -> list[Any]:
    value = event.get(name)
    return [] if value is None else value if isinstance(value, list) else [value]


def _attendees(event: Any) -> Iterator[str]:
    for each in _each(event, "ATTENDEE"):
        scheme, _, address = str(each).partition(":")
        if scheme.lower() == "mailto" and str(getattr(each, "params", {}).get("PARTSTAT", "")).upper() != "DECLINED":
            yield _seen(address).lower()
