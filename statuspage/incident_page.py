"""One incident's own page: is it over, how long did it last, what was said, what was hit."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from incidents.kernel.languages import phrase, say
from incidents.policy.components import BADNESS, ComponentStatus, worst

from . import marks, panels, times, words
from .prepared import Document
from .sheets import sheet
from .snapshot import Picture
from .story import Incident

_PHASE_WORD = {
    "ok": phrase("Working"),
    "deg": phrase("Degraded"),
    "part": phrase("Partly down"),
    "maj": phrase("Down"),
    "mnt": phrase("Maintenance"),
}


def incident(picture: Picture, incident: Incident, *, base: str) -> Document:
    """``/incidents/<id>``: is it over, how long did it last, what was said."""
    view = panels.panel_of(incident, picture, newest_only=False)
    zone, minute = picture.zone, picture.minute
    ended = incident.ended_at
    return sheet(
        "incident.html",
        picture,
        path=f"/incidents/{incident.id}",
        base=base,
        key=marks.KEY[incident.state],
        incident=view,
        about=f"{incident.row.title}. {_outcome(incident, picture)}",
        sentence=_outcome(incident, picture),
        continues=incident.row.continues,
        promise=words.promise(incident.promise, minute=minute, zone=zone) if incident.promise else None,
        promised_at=incident.promise,
        is_late=panels.is_late(incident, picture),
        as_of=words.as_of(picture) if incident.is_open else None,
        began=_when(incident.began_at, picture),
        ended={**_when(ended, picture), "word": say("Merged") if incident.row.continues else say("Resolved")}
        if ended
        else None,
        lasted=times.lasted(incident.lasted(minute)),
        worst=None if incident.names_none else incident.worst,
        worst_for=times.lasted(_time_in(incident, incident.worst, minute)),
        rca=incident.rca is not None,
        ribbon=_ribbon(incident, minute),
        affected=_affected(incident, picture),
    )


def _outcome(incident: Incident, picture: Picture) -> str:
    named = [incident.names[one] for one, status in incident.worst_of.items() if status != ComponentStatus.OPERATIONAL]
    if incident.ended_at:
        length = times.lasted(incident.lasted(picture.minute))
        if incident.row.continues:
            return say("Merged after {length}.", length=length)
        over = say("Resolved after {length}.", length=length)
        return words.run_on([over, _again(named)]) if named else over
    by_status: dict[str, list[str]] = {}
    for one, status in incident.now.items():
        by_status.setdefault(status, []).append(incident.names[one])
    told = [words.trouble(status, by_status[status]) for status in sorted(by_status, key=lambda each: -BADNESS[each])]
    if told:
        return words.run_on(told)
    if incident.status == "monitoring":
        return say("A fix is in place, and we are watching it.")
    return say("We are looking into it.")


def _again(named: list[str]) -> str:
    if len(named) == 1:
        return say("{names} is working normally again.", names=named[0])
    return say("{names} are working normally again.", names=words.listed(named))


def _when(moment: datetime, picture: Picture) -> dict[str, Any]:
    local = moment.astimezone(picture.zone)
    here, utc = times.at(moment, picture.zone), times.in_utc(moment)
    day = times.full_day(local.date())
    return {"at": moment, "clock": here, "rest": say("{day}, {time}", day=day, time=utc) if here != utc else day}


def _time_in(incident: Incident, status: str, minute: datetime) -> timedelta:
    return sum((end - start for start, end, found in _phases(incident, minute) if found == status), timedelta())


def _phases(incident: Incident, minute: datetime) -> list[tuple[datetime, datetime, ComponentStatus]]:
    """The incident from beginning to end, cut where its worst component changed."""
    until = max(incident.ended_at or minute, incident.began_at)
    edges = {incident.began_at, until}
    for each in incident.stretches:
        edges |= {min(max(at, incident.began_at), until) for at in (each.start, each.end or until)}
    cuts = sorted(edges)
    phases: list[tuple[datetime, datetime, ComponentStatus]] = []
    for start, end in pairwise(cuts):
        status = worst(each.status for each in incident.stretches if each.start <= start and (each.end or until) >= end)
        goes_on = bool(phases) and phases[-1][2] == status
        phases.append((phases.pop()[0] if goes_on else start, end, status))
    return phases


def _ribbon(incident: Incident, minute: datetime) -> list[dict[str, Any]]:
    """Down and working, to scale on a line of 1,000."""
    phases = _phases(incident, minute)
    if incident.names_none or not phases:
        return []
    whole = (phases[-1][1] - phases[0][0]).total_seconds()
    drawn = []
    for place, (start, end, status) in enumerate(phases):
        key = marks.KEY[status]
        again = key == "ok" and place > 0
        x = round((start - phases[0][0]).total_seconds() / whole * 1000)
        gap = 0 if place == len(phases) - 1 else 3
        width = max(4, round((end - start).total_seconds() / whole * 1000) - gap)
        length = times.lasted(end - start)
        word = say("Working again") if again else say(_PHASE_WORD[key])
        watched = again and place == len(phases) - 1
        drawn.append(
            {
                "key": key,
                "word": word,
                "x": x,
                "width": width,
                "length": say("watched for {length}", length=length) if watched else length,
            }
        )
    return drawn


def _affected(incident: Incident, picture: Picture) -> list[dict[str, Any]]:
    shown = {component.id for component in picture.components}
    found = []
    for each in incident.stretches:
        end = each.end or picture.minute
        found.append(
            {
                "id": each.component,
                "name": incident.names.get(each.component, ""),
                "link": each.component in shown,
                "status": each.status,
                "when": _span(each.start, each.end, picture),
                "letters": times.abbreviation(end, picture.zone),
                "length": times.lasted(max(end - each.start, timedelta())),
            }
        )
    return found


def _span(start: datetime, end: datetime | None, picture: Picture) -> str:
    zone = picture.zone
    if end is None:
        return say("Since {time}", time=f"{start.astimezone(zone):%H:%M}")
    first, last = start.astimezone(zone), end.astimezone(zone)
    span = say("{start} to {end}", start=f"{first:%H:%M}", end=f"{last:%H:%M}")
    if first.date() == last.date():
        return span
    return say("{times}, {day}", times=span, day=times.short_day(last.date()))
