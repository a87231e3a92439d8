"""The newest incidents and announced work as Atom, RSS and JSON Feed, written by an XML writer and never by templates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import escape

from incidents.policy.maintenance import State
from incidents.published.wording import speakable

from .prepared import Document
from .records import MOST_RECENT
from .snapshot import Picture
from .story import EPOCH, Incident, Update
from .times import machine
from .work import Said, Work

_ATOM = "http://www.w3.org/2005/Atom"
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
_HEADERS = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One incident or announced work, as every feed tells it."""

    id: str
    path: str
    title: str
    html: str
    published_at: datetime
    updated_at: datetime


def documents(picture: Picture, *, base: str) -> dict[str, Document]:
    """The three feeds; their time is that of the newest entry, never the clock's."""
    entries = _entries(picture)
    changed_at = max((each.updated_at for each in entries), default=picture.settings.updated_at or EPOCH)
    return {
        "/history.atom": Document(
            "application/atom+xml; charset=utf-8", _atom(picture, entries, base, changed_at), _HEADERS, changed_at
        ),
        "/history.rss": Document(
            "application/rss+xml; charset=utf-8", _rss(picture, entries, base, changed_at), _HEADERS, changed_at
        ),
        "/history.json": Document(
            "application/feed+json; charset=utf-8", _json_feed(picture, entries, base), _HEADERS, changed_at
        ),
    }


def _entries(picture: Picture) -> list[Entry]:
    """The newest of both kinds, by when they were first told; of a series the next one, once it is near."""
    found = [
        Entry(
            f"Incident/{each.id}",
            f"/incidents/{each.id}",
            each.title,
            content(each),
            each.row.created_at,
            updated_at(each),
        )
        for each in picture.incidents[:MOST_RECENT]
    ]
    found += [
        Entry(
            f"Incident/{work.id}",
            f"/maintenances/{work.id}",
            work.title,
            about_work(work, picture),
            work.row.created_at,
            work.updated_at(picture.minute),
        )
        for work in _told_works(picture)
    ]
    found.sort(key=lambda each: (each.published_at, each.updated_at), reverse=True)
    return found[:MOST_RECENT]


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


def _atom(picture: Picture, entries: list[Entry], base: str, changed_at: datetime) -> bytes:
    name = picture.settings.name
    feed = Element("feed", {"xml:lang": "en", "xmlns": _ATOM})
    _add(feed, "id", _tag(base, "/history"))
    _add(feed, "link", rel="alternate", type="text/html", href=base)
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{base}/history.atom")
    _add(feed, "title", f"{name} Status - Incident History")
    _add(feed, "updated", machine(changed_at))
    _add(_add(feed, "author"), "name", name)
    for each in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", _tag(base, each.id))
        _add(entry, "published", machine(each.published_at))
        _add(entry, "updated", machine(each.updated_at))
        _add(entry, "link", rel="alternate", type="text/html", href=base + each.path)
        _add(entry, "title", each.title)
        _add(entry, "content", each.html, type="html")
    return _written(feed)


def _rss(picture: Picture, entries: list[Entry], base: str, changed_at: datetime) -> bytes:
    rss = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    channel = _add(rss, "channel")
    _add(channel, "title", f"{picture.settings.name} Status - Incident History")
    _add(channel, "link", base)
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=f"{base}/history.rss")
    _add(channel, "description", "Statuspage")
    _add(channel, "pubDate", format_datetime(changed_at.astimezone(UTC)))
    for each in entries:
        item = _add(channel, "item")
        _add(item, "title", each.title)
        _add(item, "description", each.html)
        _add(item, "pubDate", format_datetime(each.updated_at.astimezone(UTC)))
        _add(item, "link", base + each.path)
        _add(item, "guid", base + each.path)
    return _written(rss)


def _json_feed(picture: Picture, entries: list[Entry], base: str) -> bytes:
    """https://www.jsonfeed.org/version/1.1/"""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{picture.settings.name} Status - Incident History",
        "home_page_url": base,
        "feed_url": f"{base}/history.json",
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
            for each in entries
        ],
    }
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
