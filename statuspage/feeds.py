"""Incidents and announced work as Atom, RSS and JSON Feed, written by an XML writer and never by templates.

The feeds at ``/history.*`` hold the newest. What is older stands in one archive a month (RFC 5005, 4), so that a reader
that has never been here can walk back to the beginning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import escape

from incidents.policy.maintenance import State
from incidents.published.wording import speakable

from .prepared import OPEN, Document
from .records import MOST_RECENT
from .snapshot import Picture
from .story import EPOCH, Incident, Update
from .times import machine
from .work import Said, Work

_ATOM = "http://www.w3.org/2005/Atom"
_ARCHIVE = "http://purl.org/syndication/history/1.0"
_TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
_FEED_YEAR = "2005"  # RFC 4151 wants a date on which the name was ours; Statuspage writes this one, and parsers know it
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One incident or announced work, as every feed tells it."""

    id: str
    path: str
    title: str
    html: str
    published_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed in all its forms. Addresses go without the form: ``/history`` is ``/history.atom``.

    ``earlier`` and ``later`` are the archives beside it; a feed that ``is_archive`` changes no more but by correction.
    """

    path: str
    id: str
    title: str
    about: str
    entries: tuple[Entry, ...]
    earlier: str | None = None
    later: str | None = None
    is_archive: bool = False


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
    return {f"/history.{form}": written(picture, feed, form, base=base) for form in _TYPES}


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
        _sorted([*map(_of_incident, incidents), *(_of_work(work, picture) for work in works)]),
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
    touched = [_of_incident(each) for each in picture.incidents if public_id in each.worst_of]
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


def written(picture: Picture, feed: Feed, form: str, *, base: str) -> Document:
    """The feed as ``atom``, ``rss`` or ``json``."""
    changed_at = max((each.updated_at for each in feed.entries), default=picture.settings.updated_at or EPOCH)
    write = {"atom": _atom, "rss": _rss, "json": _json_feed}[form]
    return Document(f"{_TYPES[form]}; charset=utf-8", write(picture, feed, base, changed_at), OPEN, changed_at)


def _title(picture: Picture) -> str:
    return f"{picture.settings.name} Status - Incident History"


def _newest(picture: Picture) -> tuple[Entry, ...]:
    """The newest of both kinds, and whatever began this month: the archives begin with the last."""
    this_month = picture.today.replace(day=1)
    incidents = [
        each
        for place, each in enumerate(picture.incidents)
        if place < MOST_RECENT or _month_of(each.began_at, picture) >= this_month
    ]
    works = _told_works(picture)
    chosen = _sorted([*map(_of_incident, incidents), *(_of_work(work, picture) for work in works)])
    if len(chosen) <= MOST_RECENT:
        return chosen
    recent = {f"Incident/{each.id}" for each in incidents if _month_of(each.began_at, picture) >= this_month}
    recent |= {f"Incident/{each.id}" for each in works if _month_of(each.times.began_at, picture) >= this_month}
    return tuple(each for place, each in enumerate(chosen) if place < MOST_RECENT or each.id in recent)


def _of_incident(incident: Incident) -> Entry:
    path = f"/incidents/{incident.id}"
    title, html = incident.title, content(incident)
    return Entry(f"Incident/{incident.id}", path, title, html, incident.row.created_at, updated_at(incident))


def _of_work(work: Work, picture: Picture) -> Entry:
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
    for work in reversed(picture.told.works):
        if work.row.series_id is not None and work.state(picture.minute) == State.SCHEDULED:
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


def _tag(base: str, rest: str) -> str:
    return f"tag:{urlsplit(base).hostname or 'localhost'},{_FEED_YEAR}:{rest}"


def _add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, name, attributes)
    child.text = speakable(text) if text is not None else None
    return child


def _atom(picture: Picture, feed: Feed, base: str, changed_at: datetime) -> bytes:
    root = Element("feed", {"xml:lang": "en", "xmlns": _ATOM})
    if feed.is_archive:
        root.set("xmlns:fh", _ARCHIVE)
    _add(root, "id", _tag(base, feed.id))
    _add(root, "link", rel="alternate", type="text/html", href=base + feed.about.rstrip("/"))
    for rel, address in _beside(feed, "atom", base):
        _add(root, "link", rel=rel, type=_TYPES["atom"], href=address)
    _add(root, "title", feed.title)
    _add(root, "updated", machine(changed_at))
    _add(_add(root, "author"), "name", picture.settings.name)
    if feed.is_archive:
        _add(root, "fh:archive")
    for each in feed.entries:
        entry = _add(root, "entry")
        _add(entry, "id", _tag(base, each.id))
        _add(entry, "published", machine(each.published_at))
        _add(entry, "updated", machine(each.updated_at))
        _add(entry, "link", rel="alternate", type="text/html", href=base + each.path)
        _add(entry, "title", each.title)
        _add(entry, "content", each.html, type="html")
    return _written(root)


def _beside(feed: Feed, form: str, base: str) -> list[tuple[str, str]]:
    """The feed itself and the archives beside it, by the names of RFC 5005."""
    found = [("self", feed.path), ("prev-archive", feed.earlier), ("next-archive", feed.later)]
    if feed.is_archive:
        found.append(("current", "/history"))
    return [(rel, f"{base}{path}.{form}") for rel, path in found if path]


def _rss(picture: Picture, feed: Feed, base: str, changed_at: datetime) -> bytes:
    rss = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    if feed.is_archive:
        rss.set("xmlns:fh", _ARCHIVE)
    channel = _add(rss, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", base + feed.about.rstrip("/"))
    for rel, address in _beside(feed, "rss", base):
        _add(channel, "atom:link", rel=rel, type=_TYPES["rss"], href=address)
    _add(channel, "description", f"What happened, and what is planned: {picture.settings.name}")
    _add(channel, "language", "en")
    _add(channel, "pubDate", format_datetime(changed_at.astimezone(UTC)))
    if feed.is_archive:
        _add(channel, "fh:archive")
    for each in feed.entries:
        item = _add(channel, "item")
        _add(item, "title", each.title)
        _add(item, "description", each.html)
        _add(item, "pubDate", format_datetime(each.updated_at.astimezone(UTC)))
        _add(item, "link", base + each.path)
        _add(item, "guid", base + each.path, isPermaLink="true")
    return _written(rss)


def _json_feed(picture: Picture, feed: Feed, base: str, changed_at: datetime) -> bytes:
    """https://www.jsonfeed.org/version/1.1/"""
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": base + feed.about.rstrip("/"),
        "feed_url": f"{base}{feed.path}.json",
        **({"next_url": f"{base}{feed.earlier}.json"} if feed.earlier else {}),
        "authors": [{"name": picture.settings.name, "url": base}],
        "language": "en",
        "items": [
            {
                "id": _tag(base, each.id),
                "url": base + each.path,
                "title": each.title,
                "content_html": each.html,
                "date_published": machine(each.published_at),
                "date_modified": machine(each.updated_at),
            }
            for each in feed.entries
        ],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
