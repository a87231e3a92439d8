"""Uptime Kuma: the public JSON of one of its status pages, or the backup file that older versions write.

It keeps notices rather than incidents: one without components, with a beginning and a last change. Heartbeats are not
read; uptime is counted from what was told.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from . import fields
from .found import Component, Found, Group, Incident, Said, Unreadable, Work
from .loading import Page

SOURCE = "uptime-kuma"
_STYLES = ("info", "warning", "danger", "primary", "light", "dark")

Json = dict[str, Any]


def read_page(page: Page, zone: ZoneInfo) -> Found:
    """The status page at ``/status/<slug>`` (or its JSON at ``/api/status-page/<slug>``)."""
    slug = page.path.rstrip("/").rpartition("/")[2] or "default"
    if not all(letter.isalnum() or letter in "-_" for letter in slug):
        raise Unreadable("Give the address of one status page, such as https://kuma.example.com/status/main.")
    content = page.json(f"/api/status-page/{slug}")
    return read_file(content, f"{page.host}/{slug}", zone)


def read_file(content: Any, origin: str, zone: ZoneInfo) -> Found:
    """What a status page's JSON or a backup holds."""
    if isinstance(content, dict) and isinstance(content.get("publicGroupList"), list):
        return _of_status_page(content, Found(SOURCE, origin), zone)
    if isinstance(content, dict) and isinstance(content.get("monitorList"), list | dict):
        return _of_backup(content, Found(SOURCE, origin))
    raise Unreadable("This is no Uptime Kuma: neither groups of a status page nor monitors stand in it.")


def _of_status_page(content: Json, found: Found, zone: ZoneInfo) -> Found:
    found.name = fields.line(fields.part(content, "config", "title"), longest=60)
    for group in fields.objects(content["publicGroupList"]):
        group_id, name = fields.identity(group.get("id")), fields.line(group.get("name"), longest=100)
        if group_id and name:
            found.groups.append(Group(group_id, name))
        for monitor in fields.objects(group.get("monitorList")):
            _take_monitor(monitor, group_id if name else None, found)
    both = [content["incident"]] if isinstance(content.get("incident"), dict) else []
    for each in (*both, *fields.objects(content.get("incidents"))):
        _take_notice(each, found, zone)
    for each in fields.objects(content.get("maintenanceList")):
        _take_work(each, found, zone)
    return found


def _of_backup(content: Json, found: Found) -> Found:
    monitors = list(fields.objects(content["monitorList"]))
    groups = {fields.identity(each.get("id")) for each in monitors if each.get("type") == "group"}
    for each in monitors:
        name = fields.line(each.get("name"), longest=100)
        if each.get("active") in (0, False):
            found.warn("Monitor", name, "it is paused there; left out.")
        elif fields.identity(each.get("id")) in groups:
            found.groups.append(Group(fields.identity(each.get("id")), name))
        else:
            parent = fields.identity(each.get("parent"))
            _take_monitor(each, parent if parent in groups else None, found)
    found.warnings.append("A backup holds monitors alone: read the status page's address for its notices and work.")
    return found


def _take_monitor(each: Json, group: str | None, found: Found) -> None:
    external_id, name = fields.identity(each.get("id")), fields.line(each.get("name"), longest=100)
    if not external_id or not name:
        found.warn("Monitor", name or external_id or "?", "it has no id or no name; left out.")
    elif external_id not in {known.external_id for known in found.components}:
        # its description and address may be for colleagues only: they stay there
        found.components.append(Component(external_id, name, group=group))


def _take_notice(each: Json, found: Found, zone: ZoneInfo) -> None:
    external_id, title = fields.identity(each.get("id")), fields.line(each.get("title"), longest=200)
    began_at = fields.moment(each.get("createdDate"), zone)
    if not external_id or not title or began_at is None:
        found.warn("Notice", title or external_id or "?", "it has no id, no title or no date; left out.")
        return
    if each.get("active") not in (0, False) and each.get("pin") not in (0, False):
        found.warn("Notice", title, "it still stands there; left out until it is taken down.")
        return
    if each.get("style") not in _STYLES:
        found.warn("Notice", title, f"its style {each.get('style')!r} is not known; taken as a notice.")
    ended_at = max(fields.moment(each.get("lastUpdatedDate"), zone) or began_at, began_at)
    said = (
        Said(external_id, "investigating", fields.told(each.get("content")) or title, began_at),
        Said(f"{external_id} down", "resolved", "This is over.", ended_at),
    )
    if not any(known.external_id == external_id for known in found.incidents):
        found.incidents.append(Incident(external_id, title, "none", began_at, ended_at, said))


def _take_work(each: Json, found: Found, zone: ZoneInfo) -> None:
    """Each of its times is one piece of work; what repeats has only those that the page lists."""
    external_id, title = fields.identity(each.get("id")), fields.line(each.get("title"), longest=200)
    slots = list(fields.objects(each.get("timeslotList")))
    if not external_id or not title or not slots:
        found.warn("Maintenance", title or external_id or "?", "it has no time there; left out.")
        return
    known = tuple(sorted(one.external_id for one in found.components))
    named = tuple(sorted(fields.identity(one.get("id")) for one in fields.objects(each.get("monitors"))))
    for slot in slots:
        starts_at, ends_at = (fields.moment(slot.get(name), zone) for name in ("startDate", "endDate"))
        if starts_at is None or ends_at is None or ends_at <= starts_at:
            found.warn("Maintenance", title, "one of its times cannot be read; left out.")
            continue
        found.works.append(
            Work(
                f"{external_id} {starts_at:%Y-%m-%dT%H:%M}",
                title,
                fields.told(each.get("description")),
                starts_at,
                ends_at,
                tuple(one for one in named if one in known),
                starts_at,
            )
        )
