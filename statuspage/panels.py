"""What the templates print of one incident: a panel with its updates, or a line in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

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
            _said(update, incident, picture, is_newest=not place)
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


def _said(update: Update, incident: Incident, picture: Picture, *, is_newest: bool) -> Markup:
    """What the macro ``update`` prints of one text."""
    stands = _Standing(
        incident.id,
        incident.is_open,
        incident.rca is not None,
        is_newest,
        picture.minute if is_newest and incident.promise is not None else None,
        picture.today,
        picture.zone,
    )
    return _text(update, stands, (spoken(), written_in()))


class _Standing(NamedTuple):
    """What else decides how a text is printed; ``minute`` only where it tells how late we are."""

    incident: str
    is_open: bool
    has_rca: bool
    is_newest: bool
    minute: datetime | None
    today: date
    zone: ZoneInfo


@lru_cache(maxsize=2048)
def _text(update: Update, stands: _Standing, _tongue: tuple[str, str]) -> Markup:
    """Printed once for as long as all of this is the same: older texts stand unchanged through minutes and changes."""
    zone, today = stands.zone, stands.today
    local_day = update.display_at.astimezone(zone).date()
    here, utc = times.at(update.display_at, zone), times.in_utc(update.display_at)
    view = {
        "word": say(words.STATUS_WORD[update.status]),
        "at": update.display_at,
        "clock": here,
        "utc": utc if utc != here else "",
        "day": times.day(local_day, near=today) if local_day != today or not stands.is_open else "",
        # the root cause analysis has a page of its own: here stands where it is
        "html": _rca_link(stands.incident) if update.status == "postmortem" else Markup(update.body_html),  # noqa: S704 - made safe when it was written (kernel.text)
        "rca": f"/incidents/{stands.incident}/rca" if update.status == "resolved" and stands.has_rca else "",
        "promised_at": update.promised_at,
        "promise": _promise(update, stands),
        "is_late": _is_late(update.promised_at, stands.minute),
        "edited_at": update.edited_at,
        "edited": say("Edited {time}", time=times.both_with_day(update.edited_at, zone, now=update.display_at))
        if update.edited_at
        else "",
    }
    return line(view, is_newest=stands.is_newest)


def line(view: dict[str, Any], *, is_newest: bool) -> Markup:
    """What the macro ``update`` prints."""
    return Markup(_parts().update(view, is_newest))  # noqa: S704 - our own macro


def _rca_link(incident: str) -> Markup:
    words_of_it = say("What happened, and what we change")
    return Markup('<p><a href="/incidents/{}/rca">{}</a></p>').format(incident, words_of_it)


def _promise(update: Update, stands: _Standing) -> str:
    if update.promised_at is None:
        return ""
    if stands.minute is not None:
        return words.promise(update.promised_at, minute=stands.minute, zone=stands.zone)
    return words.promised(update.promised_at, then=update.display_at, zone=stands.zone)


def _is_late(promised_at: datetime | None, minute: datetime | None) -> bool:
    return promised_at is not None and minute is not None and words.is_late(promised_at, minute)


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
