"""Incidents and announced work as feeds: what stands in each, and what it tells. ``feed_forms`` writes them down.

The feeds at ``/history.*`` hold the newest. What is older stands in one archive a month (RFC 5005, 4), so that a reader
that has never been here can walk back to the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from markupsafe import escape

from incidents.policy.maintenance import State
from incidents.policy.zones import start_of_day

from .feed_forms import TYPES, Entry, Feed, written
from .prepared import Document
from .records import MOST_RECENT
from .snapshot import Picture
from .story import Incident, Update
from .work import Said, Work

# what readers of Statuspage feeds look for
_WORD = {
    "investigating": "Investigating",
    "identified": "Identified",
    "monitoring": "Monitoring",
    "resolved": "Resolved",
    "postmortem": "Postmortem",
    State.SCHEDULED: "Scheduled",
    State.IN_PROGRESS: "In progress",
    State.VERIFYING: "Verifying",
    State.COMPLETED: "Completed",
    State.CANCELLED: "Cancelled",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def documents(picture: Picture, *, base: str) -> dict[str, Document]:
    """The three feeds of everything; their time is that of the newest entry, never the clock's."""
    months = _months_before(picture)
    feed = Feed(
        "/history",
        "/history",
        _title(picture),
        "/",
        _newest(picture),
        earlier=f"/history/{months:%Y-%m}" if months else None,
    )
    return {f"/history.{form}": written(picture, feed, form, base=base) for form in TYPES}


def archive(
    picture: Picture, first: date, incidents: Iterable[Incident], works: Iterable[Work], form: str, *, base: str
) -> Document | None:
    """``/history/<yyyy-mm>.atom`` and its kin: what began in a month that is over; None for this one and later ones."""
    this_month = picture.today.replace(day=1)
    if first >= this_month:
        return None
    oldest = _oldest_month(picture)
    before, after = (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=32)).replace(day=1)
    feed = Feed(
        f"/history/{first:%Y-%m}",
        "/history",
        _title(picture),
        f"/history/{first:%Y-%m}",
        _sorted([*(_of_incident(each, picture) for each in incidents), *(_of_work(each, picture) for each in works)]),
        earlier=f"/history/{before:%Y-%m}" if oldest and before >= oldest else None,
        later=f"/history/{after:%Y-%m}" if after < this_month else None,
        is_archive=True,
    )
    return written(picture, feed, form, base=base)


def of_component(picture: Picture, public_id: str, form: str, *, base: str) -> Document | None:
    """``/components/<id>/history.atom`` and its kin: what touches one component; None for one that is not shown."""
    component = next((each for each in picture.components if each.id == public_id), None)
    if component is None:
        return None
    touched = [_of_incident(each, picture) for each in picture.incidents if public_id in each.worst_of]
    touched += [_of_work(work, picture) for work in _told_works(picture) if public_id in work.components]
    path = f"/components/{public_id}"
    feed = Feed(
        f"{path}/history",
        f"{path}/history",
        f"{picture.settings.name} Status - {component.name}",
        path,
        _sorted(touched)[:MOST_RECENT],
    )
    return written(picture, feed, form, base=base)


def _title(picture: Picture) -> str:
    return f"{picture.settings.name} Status - Incident History"


def _newest(picture: Picture) -> tuple[Entry, ...]:
    """The newest of both kinds, and whatever began this month: the archives begin with the last."""
    this_month = start_of_day(picture.today.replace(day=1), picture.zone)
    incidents = [
        each for place, each in enumerate(picture.incidents) if place < MOST_RECENT or each.row.began_at >= this_month
    ]
    works = _told_works(picture)
    chosen = _sorted(
        [*(_of_incident(each, picture) for each in incidents), *(_of_work(each, picture) for each in works)]
    )
    if len(chosen) <= MOST_RECENT:
        return chosen
    recent = {f"Incident/{each.id}" for each in incidents if each.began_at >= this_month}
    recent |= {f"Incident/{each.id}" for each in works if each.began_at >= this_month}
    return tuple(each for place, each in enumerate(chosen) if place < MOST_RECENT or each.id in recent)


def _of_incident(incident: Incident, picture: Picture) -> Entry:
    return picture.told.once(incident.id, "entry", incident, lambda: _entry_of_incident(incident))


def _entry_of_incident(incident: Incident) -> Entry:
    path = f"/incidents/{incident.id}"
    title, html = incident.title, content(incident)
    return Entry(f"Incident/{incident.id}", path, title, html, incident.row.created_at, updated_at(incident))


def _of_work(work: Work, picture: Picture) -> Entry:
    made_from = (work, work.passed(picture.minute))
    return picture.told.once(work.id, "entry", made_from, lambda: _entry_of_work(work, picture))


def _entry_of_work(work: Work, picture: Picture) -> Entry:
    path, changed_at = f"/maintenances/{work.id}", work.updated_at(picture.minute)
    return Entry(f"Incident/{work.id}", path, work.title, about_work(work, picture), work.row.created_at, changed_at)


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """By when they were first told, the newest first."""
    return tuple(sorted(entries, key=lambda each: (each.published_at, each.updated_at), reverse=True))


def _months_before(picture: Picture) -> date | None:
    """The last month, unless there was nothing before this one."""
    last = (picture.today.replace(day=1) - timedelta(days=1)).replace(day=1)
    oldest = _oldest_month(picture)
    return last if oldest and oldest <= last else None


def _oldest_month(picture: Picture) -> date | None:
    """The first month of which anything is told."""
    began = [work.times.began_at for work in picture.told.works[-1:]]
    began += [at for at in (picture.records.first_began_at,) if at]
    return min((_month_of(at, picture) for at in began), default=None)


def _month_of(at: datetime, picture: Picture) -> date:
    return at.astimezone(picture.zone).date().replace(day=1)


def _told_works(picture: Picture) -> list[Work]:
    """All but the later ones of a series: ten entries at once tell a reader nothing."""
    series: set[int] = set()
    told = []
    for work, state in picture.told.standing(picture.minute).in_order:
        if state == State.SCHEDULED and work.row.series_id is not None:
            if work.row.series_id in series:
                continue
            series.add(work.row.series_id)
        told.append(work)
    return told[-MOST_RECENT:]


def about_work(work: Work, picture: Picture) -> str:
    """When it is planned for, and all that was said until this minute, newest first."""
    said = work.said(picture.minute)
    planned = _between(work.row.starts_at, work.row.ends_at)
    head = f"<p><strong>Maintenance, planned for {planned}</strong></p>"
    older = [*said[1:], None]
    return head + "".join(_said(each, before) for each, before in zip(said, older, strict=True))


def _said(said: Said, before: Said | None) -> str:
    at = said.at.astimezone(UTC)
    word = "Update" if before is not None and before.state == said.state else _WORD[said.state]
    head = f"<p><small>{_MONTHS[at.month - 1]} {at.day}, {at:%H:%M} UTC</small><br><strong>{word}</strong> - "
    body = said.body_html.strip()
    if said.was is not None and said.now is not None:
        body = f"<p>New time: {_between(*said.now)}. Before: {_between(*said.was)}.</p>{body}"
    return head + (body.removeprefix("<p>") if body.startswith("<p>") else f"</p>{body}")


def _between(start: datetime, end: datetime) -> str:
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{_MONTHS[last.month - 1]} {last.day}, {last:%H:%M}"
    return f"{_MONTHS[first.month - 1]} {first.day}, {first:%H:%M} to {until} UTC"


def updated_at(incident: Incident) -> datetime:
    """When anything about it last changed."""
    return max(incident.row.updated_at, *(update.updated_at for update in incident.updates))


def content(incident: Incident) -> str:
    """All updates as HTML, newest first; a status that repeats is called "Update", as Statuspage does."""
    older = [*incident.updates[1:], None]
    return "".join(_paragraph(update, before) for update, before in zip(incident.updates, older, strict=True))


def _paragraph(update: Update, before: Update | None) -> str:
    at = update.display_at.astimezone(UTC)
    word = "Update" if before is not None and before.status == update.status else _WORD[update.status]
    head = f"<p><small>{_MONTHS[at.month - 1]} {at.day}, {at:%H:%M} UTC</small><br><strong>{escape(word)}</strong> - "
    body = update.body_html.strip()
    return head + (body.removeprefix("<p>") if body.startswith("<p>") else f"</p>{body}")
