"""The newest incidents as Atom, RSS and JSON Feed, written by an XML writer and never by templates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import escape

from incidents.published.wording import speakable

from .prepared import Document
from .records import MOST_RECENT
from .snapshot import Picture
from .story import EPOCH, Incident, Update
from .times import machine

_ATOM = "http://www.w3.org/2005/Atom"
_FEED_YEAR = "2005"  # RFC 4151 wants a date on which the name was ours; Statuspage writes this one, and parsers know it
# what readers of Statuspage feeds look for
_WORD = {
    "investigating": "Investigating",
    "identified": "Identified",
    "monitoring": "Monitoring",
    "resolved": "Resolved",
    "postmortem": "Postmortem",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADERS = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}


def documents(picture: Picture, *, base: str) -> dict[str, Document]:
    """The three feeds; their time is that of the newest entry, never the clock's."""
    entries = picture.incidents[:MOST_RECENT]
    changed_at = max((updated_at(each) for each in entries), default=picture.settings.updated_at or EPOCH)
    return {
        "/history.atom": Document(
            "application/atom+xml; charset=utf-8", _atom(picture, base, changed_at), _HEADERS, changed_at
        ),
        "/history.rss": Document(
            "application/rss+xml; charset=utf-8", _rss(picture, base, changed_at), _HEADERS, changed_at
        ),
        "/history.json": Document(
            "application/feed+json; charset=utf-8", _json_feed(picture, base), _HEADERS, changed_at
        ),
    }


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


def _link(base: str, incident: Incident) -> str:
    return f"{base}/incidents/{incident.id}"


def _add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, name, attributes)
    child.text = speakable(text) if text is not None else None
    return child


def _atom(picture: Picture, base: str, changed_at: datetime) -> bytes:
    name = picture.settings.name
    feed = Element("feed", {"xml:lang": "en", "xmlns": _ATOM})
    _add(feed, "id", _tag(base, "/history"))
    _add(feed, "link", rel="alternate", type="text/html", href=base)
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{base}/history.atom")
    _add(feed, "title", f"{name} Status - Incident History")
    _add(feed, "updated", machine(changed_at))
    _add(_add(feed, "author"), "name", name)
    for incident in picture.incidents[:MOST_RECENT]:
        entry = _add(feed, "entry")
        _add(entry, "id", _tag(base, f"Incident/{incident.id}"))
        _add(entry, "published", machine(incident.row.created_at))
        _add(entry, "updated", machine(updated_at(incident)))
        _add(entry, "link", rel="alternate", type="text/html", href=_link(base, incident))
        _add(entry, "title", incident.title)
        _add(entry, "content", content(incident), type="html")
    return _written(feed)


def _rss(picture: Picture, base: str, changed_at: datetime) -> bytes:
    rss = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    channel = _add(rss, "channel")
    _add(channel, "title", f"{picture.settings.name} Status - Incident History")
    _add(channel, "link", base)
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=f"{base}/history.rss")
    _add(channel, "description", "Statuspage")
    _add(channel, "pubDate", format_datetime(changed_at.astimezone(UTC)))
    for incident in picture.incidents[:MOST_RECENT]:
        item = _add(channel, "item")
        _add(item, "title", incident.title)
        _add(item, "description", content(incident))
        _add(item, "pubDate", format_datetime(updated_at(incident).astimezone(UTC)))
        _add(item, "link", _link(base, incident))
        _add(item, "guid", _link(base, incident))
    return _written(rss)


def _json_feed(picture: Picture, base: str) -> bytes:
    """https://www.jsonfeed.org/version/1.1/"""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{picture.settings.name} Status - Incident History",
        "home_page_url": base,
        "feed_url": f"{base}/history.json",
        "language": "en",
        "items": [
            {
                "id": _tag(base, f"Incident/{incident.id}"),
                "url": _link(base, incident),
                "title": incident.title,
                "content_html": content(incident),
                "date_published": machine(incident.row.created_at),
                "date_modified": machine(updated_at(incident)),
            }
            for incident in picture.incidents[:MOST_RECENT]
        ],
    }
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
