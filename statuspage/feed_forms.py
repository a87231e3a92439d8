"""A feed written down as Atom, RSS and JSON Feed, by an XML writer and never by templates.

Most of its entries are the same from one change to the next: each is written once for as long as it is, and the frame
around them each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from incidents.published.wording import speakable

from .prepared import OPEN, Document
from .snapshot import Picture
from .story import EPOCH
from .times import machine

_ATOM = "http://www.w3.org/2005/Atom"
_ARCHIVE = "http://purl.org/syndication/history/1.0"
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
_FEED_YEAR = "2005"  # RFC 4151 wants a date on which the name was ours; Statuspage writes this one, and parsers know it


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


def written(picture: Picture, feed: Feed, form: str, *, base: str) -> Document:
    """The feed as ``atom``, ``rss`` or ``json``."""
    changed_at = max((each.updated_at for each in feed.entries), default=picture.settings.updated_at or EPOCH)
    frame, write, separator = _FORMS[form]
    head, tail = frame(picture, feed, base, changed_at)
    named = picture.first_address(base)
    entries = separator.join(
        _once(picture, each, form, partial(write, each, base, named), base + named) for each in feed.entries
    )
    return Document(f"{TYPES[form]}; charset=utf-8", b"".join([head, entries, tail]), OPEN, changed_at)


def _once(picture: Picture, entry: Entry, form: str, write: Callable[[], bytes], addresses: str) -> bytes:
    """An entry is written once for as long as it stays the same; most do, from one change to the next."""
    return picture.told.once(entry.id.removeprefix("Incident/"), form, (entry, addresses), write)


def _tag(named: str, rest: str) -> str:
    return f"tag:{urlsplit(named).hostname or 'localhost'},{_FEED_YEAR}:{rest}"


def _add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, name, attributes)
    child.text = speakable(text) if text is not None else None
    return child


Frame = tuple[bytes, bytes]  # what stands before the entries, and behind them


def _atom(picture: Picture, feed: Feed, base: str, changed_at: datetime) -> Frame:
    root = Element("feed", {"xml:lang": "en", "xmlns": _ATOM})
    if feed.is_archive:
        root.set("xmlns:fh", _ARCHIVE)
    _add(root, "id", _tag(picture.first_address(base), feed.id))
    _add(root, "link", rel="alternate", type="text/html", href=base + feed.about.rstrip("/"))
    for rel, address in _beside(feed, "atom", base):
        _add(root, "link", rel=rel, type=TYPES["atom"], href=address)
    _add(root, "title", feed.title)
    _add(root, "updated", machine(changed_at))
    _add(_add(root, "author"), "name", picture.settings.name)
    if feed.is_archive:
        _add(root, "fh:archive")
    return _cut(root, b"</feed>")


def _atom_entry(each: Entry, base: str, named: str) -> bytes:
    entry = Element("entry")
    _add(entry, "id", _tag(named, each.id))
    _add(entry, "published", machine(each.published_at))
    _add(entry, "updated", machine(each.updated_at))
    _add(entry, "link", rel="alternate", type="text/html", href=base + each.path)
    _add(entry, "title", each.title)
    _add(entry, "content", each.html, type="html")
    return _written(entry)


def _beside(feed: Feed, form: str, base: str) -> list[tuple[str, str]]:
    """The feed itself and the archives beside it, by the names of RFC 5005."""
    found = [("self", feed.path), ("prev-archive", feed.earlier), ("next-archive", feed.later)]
    if feed.is_archive:
        found.append(("current", "/history"))
    return [(rel, f"{base}{path}.{form}") for rel, path in found if path]


def _rss(picture: Picture, feed: Feed, base: str, changed_at: datetime) -> Frame:
    rss = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    if feed.is_archive:
        rss.set("xmlns:fh", _ARCHIVE)
    channel = _add(rss, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", base + feed.about.rstrip("/"))
    for rel, address in _beside(feed, "rss", base):
        _add(channel, "atom:link", rel=rel, type=TYPES["rss"], href=address)
    _add(channel, "description", f"What happened, and what is planned: {picture.settings.name}")
    _add(channel, "language", "en")
    _add(channel, "pubDate", format_datetime(changed_at.astimezone(UTC)))
    if feed.is_archive:
        _add(channel, "fh:archive")
    return _cut(rss, b"</channel></rss>")


def _rss_item(each: Entry, base: str, named: str) -> bytes:
    item = Element("item")
    _add(item, "title", each.title)
    _add(item, "description", each.html)
    _add(item, "pubDate", format_datetime(each.updated_at.astimezone(UTC)))
    _add(item, "link", base + each.path)
    # an id that is an address as long as the page is there
    _add(item, "guid", named + each.path, isPermaLink="true" if named == base else "false")
    return _written(item)


def _json_feed(picture: Picture, feed: Feed, base: str, _changed_at: datetime) -> Frame:
    """https://www.jsonfeed.org/version/1.1/"""
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": base + feed.about.rstrip("/"),
        "feed_url": f"{base}{feed.path}.json",
        **({"next_url": f"{base}{feed.earlier}.json"} if feed.earlier else {}),
        "authors": [{"name": picture.settings.name, "url": base}],
        "language": "en",
    }
    return _json(body).removesuffix(b"}") + b',"items":[', b"]}"


def _json_item(each: Entry, base: str, named: str) -> bytes:
    return _json(
        {
            "id": _tag(named, each.id),
            "url": base + each.path,
            "title": each.title,
            "content_html": each.html,
            "date_published": machine(each.published_at),
            "date_modified": machine(each.updated_at),
        }
    )


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _cut(root: Element, tail: bytes) -> Frame:
    """Where the entries belong: before the last end tags."""
    return _DECLARATION + _written(root).removesuffix(tail), tail


def _written(element: Element) -> bytes:
    written: bytes = tostring(element, encoding="utf-8")
    return written


_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>\n"
# how each form is framed, how an entry of it is written, and what stands between two
_FORMS: Mapping[str, tuple[Callable[..., Frame], Callable[[Entry, str, str], bytes], bytes]] = {
    "atom": (_atom, _atom_entry, b""),
    "rss": (_rss, _rss_item, b""),
    "json": (_json_feed, _json_item, b","),
}
