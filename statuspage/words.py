"""The sentences of the page: what is so, what is not affected, and when the next word comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from incidents.policy.components import BADNESS, ComponentStatus

from . import times
from .snapshot import Picture
from .story import Incident

DARK = "none"  # the state of a page that can no longer see for itself
STATUS_WORD: Mapping[str, str] = {
    "investigating": "Investigating",
    "identified": "Identified",
    "monitoring": "Monitoring",
    "resolved": "Resolved",
    "postmortem": "Post-mortem",
}
SEVERITY_WORD: Mapping[str, str] = {"P1": "P1 Critical", "P2": "P2 High", "P3": "P3 Medium", "P4": "P4 Low"}
_HEADLINE: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: "All systems operational",
    ComponentStatus.MAINTENANCE: "Maintenance in progress",
    ComponentStatus.DEGRADED: "Some systems are degraded",
    ComponentStatus.PARTIAL: "Part of the service is down",
    ComponentStatus.MAJOR: "The service is down",
}
# one and many
_TROUBLE: Mapping[str, tuple[str, str]] = {
    ComponentStatus.MAINTENANCE: ("{names} is under maintenance.", "{names} are under maintenance."),
    ComponentStatus.DEGRADED: (
        "{names} is slow or failing for some people.",
        "{names} are slow or failing for some people.",
    ),
    ComponentStatus.PARTIAL: ("{names} is partly down.", "{names} are partly down."),
    ComponentStatus.MAJOR: ("{names} is down.", "{names} are down."),
}
_MOST_NAMES = 4
_QUIET = timedelta(days=14)


def headline(picture: Picture) -> str:
    """The answer, in one plain sentence."""
    if picture.dark_since:
        return f"We cannot reach our own systems since {times.at(picture.dark_since, picture.zone)}. What you see is from then."
    named = any(component.status == picture.state for component in picture.components)
    if picture.state not in (ComponentStatus.OPERATIONAL, ComponentStatus.MAINTENANCE) and not named:
        return "We are looking into a problem"
    return _HEADLINE[picture.state]


def sentence(picture: Picture) -> str:
    """What is affected, and that the rest is not."""
    affected = _affected(picture)
    if affected:
        rest = len(picture.components) > sum(len(names) for _status, names in affected)
        told = [trouble(status, names) for status, names in affected]
        return " ".join([*told, "Everything else is working normally."] if rest else told)
    if picture.open_incidents:
        return _while_all_works(picture.open_incidents)
    return _since_the_last(picture)


def trouble(status: str, names: Sequence[str]) -> str:
    """Analysis Engine and API are slow or failing for some people."""
    one, many = _TROUBLE[status]
    return (one if len(names) == 1 else many).format(names=listed(names))


def listed(names: Sequence[str]) -> str:
    """A, B and C; beyond four, and so many others."""
    if len(names) > _MOST_NAMES:
        return f"{', '.join(names[: _MOST_NAMES - 1])} and {len(names) - _MOST_NAMES + 1} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _affected(picture: Picture) -> list[tuple[str, list[str]]]:
    by_status: dict[str, list[str]] = {}
    for component in picture.components:
        if component.status != ComponentStatus.OPERATIONAL:
            by_status.setdefault(component.status, []).append(component.name)
    return sorted(by_status.items(), key=lambda each: -BADNESS[each[0]])


def _while_all_works(running: Sequence[Incident]) -> str:
    if all(incident.status == "monitoring" for incident in running):
        return "A fix is in place, and we are watching it."
    return "No component is known to be affected." if len(running) == 1 else f"{len(running)} incidents are open."


def _since_the_last(picture: Picture) -> str:
    ends = [incident.ended_at for incident in picture.incidents if incident.ended_at]
    if not ends:
        return "No incidents so far."
    last = max(ends)
    days = (picture.today - last.astimezone(picture.zone).date()).days
    if days < 1:
        return f"The last incident ended at {times.both(last, picture.zone)}."
    return "No incidents since yesterday." if days == 1 else f"No incidents in the last {days} days."


def as_of(picture: Picture) -> str:
    """As of 03:31 CET (02:31 UTC), Mon 23 Nov."""
    return f"As of {times.both(picture.minute, picture.zone)}, {times.day(picture.today)}."


def promise(due: datetime, *, minute: datetime, zone: ZoneInfo) -> str:
    """When we write again; once that has passed, how late we are."""
    when = times.both_with_day(due, zone, now=minute)
    if is_late(due, minute):
        return f"Next update expected at {when}, {times.lasted(minute - due)} late"
    return f"Next update by {when}"


def is_late(due: datetime, minute: datetime) -> bool:
    """Whether a promise is broken: from the minute after the one that was printed."""
    return minute - due >= timedelta(minutes=1)


def promised(due: datetime, *, then: datetime, zone: ZoneInfo) -> str:
    """What an earlier update had promised."""
    return f"The next update was promised for {times.both_with_day(due, zone, now=then)}."


def ago(moment: datetime, minute: datetime) -> str:
    """Started 02:41 CET (01:41 UTC), 50 min ago: the last part."""
    length = minute - moment
    return f"{times.lasted(length)} ago" if length >= timedelta(minutes=1) else "just now"


def quiet_days(picture: Picture, past: Sequence[Incident]) -> str:
    """How many of the last 14 days had nothing."""
    first = picture.today - _QUIET + timedelta(days=1)
    busy: set[date] = set()
    for incident in [*past, *picture.open_incidents]:
        start = max(incident.began_at.astimezone(picture.zone).date(), first)
        end = (incident.ended_at or picture.minute).astimezone(picture.zone).date()
        busy.update(start + timedelta(days=day) for day in range((end - start).days + 1))
    if not busy:
        return f"No incidents in the last {_QUIET.days} days."
    quiet = _QUIET.days - len(busy)
    if quiet <= 0:
        return "Every one of the last 14 days had an incident."
    return f"No incidents on the other {quiet} {'day' if quiet == 1 else 'days'} of the last {_QUIET.days}."


def recent(picture: Picture) -> list[Incident]:
    """Those that are over, and ended within the last 14 days of the page's zone."""
    first = picture.today - _QUIET + timedelta(days=1)
    return [
        each for each in picture.incidents if each.ended_at and each.ended_at.astimezone(picture.zone).date() >= first
    ]


def zone_words(picture: Picture) -> str:
    """CET (UTC+1) and UTC"""
    letters, offset = times.abbreviation(picture.minute, picture.zone), times.offset(picture.minute, picture.zone)
    if letters == offset:
        return letters if letters == "UTC" else f"{letters} and UTC"
    return f"{letters} ({offset}) and UTC"
