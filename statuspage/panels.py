"""What the templates print of one incident: a panel with its updates, or a line in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from incidents.kernel.languages import forms, say, say_many, spoken, written_in
from incidents.policy.components import ComponentStatus

from . import marks, times, words
from .sheets import templates
from .snapshot import Picture
from .story import Incident, Update

_MOST_UPDATES = 4  # of one incident on the first page; its own page has them all


def panel_of(incident: Incident, picture: Picture, *, newest_only: bool = True) -> dict[str, Any]:
    """What the macro ``panel`` prints of one incident."""
    most = _MOST_UPDATES if newest_only else len(incident.updates)
    left_out = len(incident.updates) - most
    return {
        "id": incident.id,
        "title": incident.title,
        "key": marks.KEY[incident.state],
        "status": incident.state,
        "word": say(words.STATUS_WORD[incident.status]),
        "severity": _severity(incident, picture),
        "affects": _names(incident, incident.now),
        "began_at": incident.began_at,
        "began": _began(incident, picture),
        "updates": [
            _update(update, incident, picture, is_newest=not place)
            for place, update in enumerate(incident.updates[:most])
        ],
        "more": earlier(left_out) if left_out > 0 else say("Incident page"),
    }


def earlier(count: int) -> str:
    """3 earlier updates"""
    return say_many(count, "{count} earlier update", "{count} earlier updates")


def events_of(incidents: Iterable[Incident], picture: Picture) -> list[Markup]:
    """What the macro ``events`` lists: a line for each, printed once for as long as nothing of it changes."""
    settings = picture.settings
    around = (settings.shows_severity, settings.zone, written_in())
    return [
        picture.told.once(
            each.id,
            f"line {spoken()}",
            (each, picture.today.year if each.ended_at else picture.minute, around),
            partial(_line, each, picture),
        )
        for each in incidents
    ]


def _line(incident: Incident, picture: Picture) -> Markup:
    return Markup(_parts().event(_event_of(incident, picture)))  # noqa: S704 - our own macro


def _parts() -> Any:
    return templates.get_template("_parts.html").module


def _event_of(incident: Incident, picture: Picture) -> dict[str, Any]:
    """What the macro ``event`` prints of one incident."""
    zone = picture.zone
    troubled = {one: status for one, status in incident.worst_of.items() if status != ComponentStatus.OPERATIONAL}
    ending = ""
    if incident.ended_at:
        when = times.both_with_day(incident.ended_at, zone, now=incident.began_at)
        ending = say("Merged at {time}", time=when) if incident.row.continues else say("Resolved at {time}", time=when)
    return {
        "id": incident.id,
        "title": incident.title,
        "day": times.day(incident.began_at.astimezone(zone).date(), near=picture.today),
        "length": times.lasted(incident.lasted(picture.minute)) if incident.ended_at else say("Ongoing"),
        "worst": incident.worst if troubled else None,
        "severity": _severity(incident, picture),
        "affects": _names(incident, troubled),
        "ended_at": incident.ended_at,
        "ending": ending,
    }


def _update(update: Update, incident: Incident, picture: Picture, *, is_newest: bool) -> dict[str, Any]:
    zone = picture.zone
    local_day = update.display_at.astimezone(zone).date()
    utc = times.in_utc(update.display_at)
    return {
        "word": say(words.STATUS_WORD[update.status]),
        "at": update.display_at,
        "clock": times.at(update.display_at, zone),
        "utc": utc if utc != times.at(update.display_at, zone) else "",
        "day": times.day(local_day, near=picture.today) if local_day != picture.today or not incident.is_open else "",
        # the root cause analysis has a page of its own: here stands where it is
        "html": _rca_link(incident) if update.status == "postmortem" else Markup(update.body_html),  # noqa: S704 - made safe when it was written (kernel.text)
        "rca": f"/incidents/{incident.id}/rca" if update.status == "resolved" and incident.rca else "",
        "promised_at": update.promised_at,
        "promise": _promise(update, incident, picture, is_newest=is_newest),
        "is_late": is_newest and is_late(incident, picture),
        "edited_at": update.edited_at,
        "edited": say("Edited {time}", time=times.both_with_day(update.edited_at, zone, now=update.display_at))
        if update.edited_at
        else "",
    }


def _rca_link(incident: Incident) -> Markup:
    words_of_it = say("What happened, and what we change")
    return Markup('<p><a href="/incidents/{}/rca">{}</a></p>').format(incident.id, words_of_it)


def _promise(update: Update, incident: Incident, picture: Picture, *, is_newest: bool) -> str:
    if update.promised_at is None:
        return ""
    if is_newest and incident.is_open:
        return words.promise(update.promised_at, minute=picture.minute, zone=picture.zone)
    return words.promised(update.promised_at, then=update.display_at, zone=picture.zone)


def is_late(incident: Incident, picture: Picture) -> bool:
    """Whether the next update should have come by now."""
    return incident.promise is not None and words.is_late(incident.promise, picture.minute)


def _severity(incident: Incident, picture: Picture) -> str:
    word = words.SEVERITY_WORD.get(incident.row.severity)
    return say(word) if word and picture.settings.shows_severity else ""


def _began(incident: Incident, picture: Picture) -> str:
    """For an open one how long ago; what is over does not change by the minute."""
    started = times.both_with_day(
        incident.began_at, picture.zone, now=picture.minute if incident.is_open else incident.began_at
    )
    if incident.is_open:
        return say("Started {time}, {ago}", time=started, ago=words.ago(incident.began_at, picture.minute))
    return say("Started {time}", time=started)


def _names(incident: Incident, which: Mapping[str, object]) -> str:
    return forms().comma.join(incident.names[one] for one in which if one in incident.names)
