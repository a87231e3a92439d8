"""What search engines and browsers ask of any site: robots.txt, sitemap.xml, and the tab's picture."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from xml.etree.ElementTree import Element, SubElement, tostring

from . import feeds, marks, times, words
from .prepared import OPEN, Document
from .snapshot import Picture

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST_MONTHS = 240
# nothing for strangers to find; each of these also says so itself
_CLOSED = ("/console/", "/login", "/setup/", "/invitations/", "/ack/", "/calendars/", "/subscriptions/")


def robots(*, base: str) -> Document:
    """``/robots.txt``: everything public may be found."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED), "", f"Sitemap: {base}/sitemap.xml", ""]
    return Document("text/plain; charset=utf-8", "\n".join(lines).encode(), OPEN)


def favicon(picture: Picture) -> Document:
    """``/favicon.ico`` for those who ask without having read the page: the state's shape, as SVG."""
    key = words.DARK if picture.dark_since else marks.KEY[picture.state]
    return Document("image/svg+xml; charset=utf-8", marks.favicon_svg(key).encode(), OPEN)


def sitemap(picture: Picture, *, base: str) -> Document:
    """``/sitemap.xml``: every page we know of, with the day of its last change where it has one."""
    root = Element("urlset", {"xmlns": _SITEMAP})
    _add(root, f"{base}/")
    _add(root, f"{base}/history")
    for first in _months(picture):
        _add(root, f"{base}/history/{first:%Y-%m}")
    for incident in picture.incidents:
        _add(root, f"{base}/incidents/{incident.id}", feeds.updated_at(incident))
        if incident.rca is not None:
            _add(root, f"{base}/incidents/{incident.id}/rca", feeds.updated_at(incident))
    for work in picture.told.works:
        _add(root, f"{base}/maintenances/{work.id}", work.updated_at(picture.minute))
    for component in picture.components:
        _add(root, f"{base}/components/{component.id}")
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return Document("application/xml; charset=utf-8", written, OPEN)


def _months(picture: Picture) -> list[date]:
    """From this month back to the first that had an incident."""
    began = picture.records.first_began_at
    month = picture.today.replace(day=1)
    first = began.astimezone(picture.zone).date().replace(day=1) if began else month
    found: list[date] = []
    while month >= first and len(found) < _MOST_MONTHS:
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def _add(root: Element, address: str, changed_at: datetime | None = None) -> None:
    entry = SubElement(root, "url")
    SubElement(entry, "loc").text = address
    if changed_at is not None:
        SubElement(entry, "lastmod").text = times.machine(changed_at)
