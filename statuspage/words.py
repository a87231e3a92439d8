"""The sentences of the page: what is so, what is not affected, and when the next word comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from incidents.kernel.languages import forms, phrase, say, say_many
from incidents.kernel.languages import listed as joined
from incidents.policy import uptime
from incidents.policy.components import BADNESS, ComponentStatus
from incidents.policy.zones import start_of_day

from . import times
from .snapshot import Picture
from .story import Incident

DARK = "none"  # the state of a page that can no longer see for itself
STATUS_WORD: Mapping[str, str] = {
    "investigating": phrase("Investigating"),
    "identified": phrase("Identified"),
    "monitoring": phrase("Monitoring"),
    "resolved": phrase("Resolved"),
    "postmortem": phrase("Post-mortem"),
}
SEVERITY_WORD: Mapping[str, str] = {
    "P1": phrase("P1 Critical"),
    "P2": phrase("P2 High"),
    "P3": phrase("P3 Medium"),
    "P4": phrase("P4 Low"),
}
_HEADLINE: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: phrase("All systems operational"),
    ComponentStatus.MAINTENANCE: phrase("Maintenance in progress"),
    ComponentStatus.DEGRADED: phrase("Some systems are degraded"),
    ComponentStatus.PARTIAL: phrase("Part of the service is down"),
    ComponentStatus.MAJOR: phrase("The service is down"),
}
# one and many
_TROUBLE: Mapping[str, tuple[str, str]] = {
    ComponentStatus.MAINTENANCE: (phrase("{names} is under maintenance."), phrase("{names} are under maintenance.")),
    ComponentStatus.DEGRADED: (
        phrase("{names} is slow or failing for some people."),
        phrase("{names} are slow or failing for some people."),
    ),
    ComponentStatus.PARTIAL: (phrase("{names} is partly down."), phrase("{names} are partly down.")),
    ComponentStatus.MAJOR: (phrase("{names} is down."), phrase("{names} are down.")),
}
_MOST_NAMES = 4
_QUIET = timedelta(days=14)


def headline(picture: Picture) -> str:
    """The answer, in one plain sentence."""
    if picture.dark_since:
        return say(
            "We cannot reach our own systems since {time}. What you see is from then.",
            time=times.at(picture.dark_since, picture.zone),
        )
    named = any(component.status == picture.state for component in picture.components)
    if picture.state not in (ComponentStatus.OPERATIONAL, ComponentStatus.MAINTENANCE) and not named:
        return say("We are looking into a problem")
    return say(_HEADLINE[picture.state])


def sentence(picture: Picture) -> str:
    """What is affected, and that the rest is not."""
    affected = _affected(picture)
    if affected:
        rest = len(picture.components) > sum(len(names) for _status, names in affected)
        told = [trouble(status, names) for status, names in affected]
        return run_on([*told, say("Everything else is working normally.")] if rest else told)
    if picture.open_incidents:
        return _while_all_works(picture.open_incidents)
    return _since_the_last(picture)


def trouble(status: str, names: Sequence[str]) -> str:
    """Analysis Engine and API are slow or failing for some people."""
    one, many = _TROUBLE[status]
    return say(one if len(names) == 1 else many, names=listed(names))


def run_on(sentences: Sequence[str]) -> str:
    """One sentence behind the other; Japanese puts no space between."""
    return ("" if sentences[0].endswith("。") else " ").join(sentences)


def listed(names: Sequence[str]) -> str:
    """A, B and C; beyond four, and so many others."""
    if len(names) > _MOST_NAMES:
        first = forms().comma.join(names[: _MOST_NAMES - 1])
        return say_many(
            len(names) - _MOST_NAMES + 1, "{names} and {count} other", "{names} and {count} others", names=first
        )
    return joined(names)


def _affected(picture: Picture) -> list[tuple[str, list[str]]]:
    by_status: dict[str, list[str]] = {}
    for component in picture.components:
        if component.status != ComponentStatus.OPERATIONAL:
            by_status.setdefault(component.status, []).append(component.name)
    return sorted(by_status.items(), key=lambda each: -BADNESS[each[0]])


def _while_all_works(running: Sequence[Incident]) -> str:
    if all(incident.status == "monitoring" for incident in running):
        return say("A fix is in place, and we are watching it.")
    if len(running) == 1:
        return say("No component is known to be affected.")
    return say_many(len(running), "{count} incident is open.", "{count} incidents are open.")


def _since_the_last(picture: Picture) -> str:
    ends = [incident.ended_at for incident in picture.incidents if incident.ended_at]
    if not ends:
        return say("No incidents so far.")
    last = max(ends)
    days = (picture.today - last.astimezone(picture.zone).date()).days
    if days < 1:
        return say("The last incident ended at {time}.", time=times.both(last, picture.zone))
    return say("No incidents since yesterday.") if days == 1 else _none_in(days)


def _none_in(days: int) -> str:
    return say_many(days, "No incidents in the last day.", "No incidents in the last {count} days.")


def as_of(picture: Picture) -> str:
    """As of 03:31 CET (02:31 UTC), Mon 23 Nov."""
    return say("As of {times}, {day}.", times=times.both(picture.minute, picture.zone), day=times.day(picture.today))


def old(picture: Picture) -> str:
    """What a copy says of itself that outlived us, or a tab that was left open: the reader's own clock shows it."""
    return say(
        "This page is from {times}. It has not been renewed since, and may be out of date.",
        times=times.both(picture.minute, picture.zone),
    )


def promise(due: datetime, *, minute: datetime, zone: ZoneInfo) -> str:
    """When we write again; once that has passed, how late we are."""
    when = times.both_with_day(due, zone, now=minute)
    said = say("Next update by {time}", time=when)
    if is_late(due, minute):
        said = say("Next update expected at {time}, {length} late", time=when, length=times.lasted(minute - due))
    return say("{sentence}.", sentence=said)


def is_late(due: datetime, minute: datetime) -> bool:
    """Whether a promise is broken: from the minute after the one that was printed."""
    return minute - due >= timedelta(minutes=1)


def promised(due: datetime, *, then: datetime, zone: ZoneInfo) -> str:
    """What an earlier update had promised."""
    return say("The next update was promised for {time}.", time=times.both_with_day(due, zone, now=then))


def ago(moment: datetime, minute: datetime) -> str:
    """Started 02:41 CET (01:41 UTC), 50 min ago: the last part."""
    length = minute - moment
    return say("{length} ago", length=times.lasted(length)) if length >= timedelta(minutes=1) else say("just now")


def quiet_days(picture: Picture, past: Sequence[Incident]) -> str:
    """How many of the last 14 days had nothing."""
    first = picture.today - _QUIET + timedelta(days=1)
    busy: set[date] = set()
    for incident in [*past, *picture.open_incidents]:
        start = max(incident.began_at.astimezone(picture.zone).date(), first)
        end = (incident.ended_at or picture.minute).astimezone(picture.zone).date()
        busy.update(start + timedelta(days=day) for day in range((end - start).days + 1))
    if not busy:
        return _none_in(_QUIET.days)
    quiet = _QUIET.days - len(busy)
    if quiet <= 0:
        return say("Every one of the last {days} days had an incident.", days=_QUIET.days)
    return say_many(
        quiet,
        "No incidents on the other {count} day of the last {days}.",
        "No incidents on the other {count} days of the last {days}.",
        days=_QUIET.days,
    )


def recent(picture: Picture) -> list[Incident]:
    """Those that are over, and ended within the last 14 days of the page's zone."""
    since = start_of_day(picture.today - _QUIET + timedelta(days=1), picture.zone)
    return [each for each in picture.incidents if each.row.ended_at is not None and each.row.ended_at >= since]


def zone_words(picture: Picture) -> str:
    """CET (UTC+1) and UTC"""
    letters, offset = times.abbreviation(picture.minute, picture.zone), times.offset(picture.minute, picture.zone)
    if letters == offset:
        return letters if letters == "UTC" else say("{zone} and UTC", zone=letters)
    return say("{zone} and UTC", zone=f"{letters} ({offset})")


def formula(picture: Picture) -> str:
    """The sentence printed beside the percentages, saying exactly how they are counted."""
    weights = picture.settings.weights
    if (weights.major, weights.degraded) == (uptime.USUAL.major, uptime.USUAL.degraded):
        return say(
            "Uptime covers the last {days} days of this page's time zone, today up to now. A major outage counts in "
            "full, a partial outage counts {weight} %, degraded performance counts as up. Maintenance is left out of "
            "the time. Where several things overlap, the worst counts. Rounded down to two places.",
            days=uptime.DAYS,
            weight=weights.partial,
        )
    return say(
        "Uptime covers the last {days} days of this page's time zone, today up to now. A major outage counts {major} %, "
        "a partial outage {partial} %, degraded performance {degraded} %. Maintenance is left out of "
        "the time. Where several things overlap, the worst counts. Rounded down to two places.",
        days=uptime.DAYS,
        major=weights.major,
        partial=weights.partial,
        degraded=weights.degraded,
    )


def equation(picture: Picture) -> str:
    """The same as one line of arithmetic."""
    weights = picture.settings.weights
    return say(
        "Uptime = 100 % − ({major} % × major outage + {partial} % × partial outage + {degraded} % × degraded) "
        "÷ (time − maintenance).",
        major=weights.major,
        partial=weights.partial,
        degraded=weights.degraded,
    )
