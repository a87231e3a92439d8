"""Statuspage: its public JSON (v2), the history behind it, or a file that holds either or a list of the manage API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ..policy.components import STATUS_OF, ComponentStatus, Impact
from . import fields
from .found import Component, Found, Group, Incident, Said, Unreadable, Work
from .loading import Missing, Page

SOURCE = "statuspage"
_UTC = ZoneInfo("UTC")
_STATUSES = ("investigating", "identified", "monitoring", "resolved", "postmortem")
_OVER = ("resolved", "postmortem")
_WORK_STATUSES = ("scheduled", "in_progress", "verifying", "completed")
_NEWEST = 50  # as many as incidents.json lists
_MOST_MONTHS_BACK = 60  # pages of history.json, three months each

Json = dict[str, Any]


def read_page(page: Page, zone: ZoneInfo = _UTC) -> Found:
    """Everything that the page tells in public, with its whole history. Its times all name their zone."""
    listed = page.json("/api/v2/components.json")
    incidents = list(fields.objects(fields.part(page.json("/api/v2/incidents.json"), "incidents")))
    works = list(
        fields.objects(fields.part(page.json("/api/v2/scheduled-maintenances.json"), "scheduled_maintenances"))
    )
    found = Found(SOURCE, page.host)
    if len(incidents) >= _NEWEST or len(works) >= _NEWEST:
        known = {fields.identity(each.get("id")) for each in (*incidents, *works)}
        for older in _older(page, known, found):
            (works if older.get("scheduled_for") else incidents).append(older)
    whole = {"page": fields.part(listed, "page"), "components": fields.part(listed, "components")}
    return _understand(whole | {"incidents": incidents, "scheduled_maintenances": works}, found)


def read_file(content: Any, origin: str, zone: ZoneInfo = _UTC) -> Found:
    """What a file holds: an object with ``components``, ``incidents`` or ``scheduled_maintenances``, or a list of incidents."""
    if isinstance(content, list):
        both = [each for each in fields.objects(content) if "incident_updates" in each]
        content = {
            "incidents": [each for each in both if not each.get("scheduled_for")],
            "scheduled_maintenances": [each for each in both if each.get("scheduled_for")],
        }
    if not isinstance(content, dict) or not {"components", "incidents", "scheduled_maintenances"} & content.keys():
        raise Unreadable("This is no Statuspage: neither components nor incidents stand in it.")
    return _understand(content, Found(SOURCE, fields.identity(fields.part(content, "page", "id")) or origin))


def _older(page: Page, known: set[str], found: Found) -> Iterator[Json]:
    """What the newest fifty do not hold, by way of the history's own JSON, which names each by its code."""
    for number in range(1, _MOST_MONTHS_BACK + 1):
        try:
            months = list(fields.objects(fields.part(page.json(f"/history.json?page={number}"), "months")))
        except Unreadable:
            months = []
        codes = [
            code
            for month in months
            for each in fields.objects(month.get("incidents"))
            if (code := fields.identity(each.get("code"))) and code.isalnum() and code not in known
        ]
        if not months and number == 1:
            found.warnings.append(f"The page has no history.json: only its newest {_NEWEST} incidents can be read.")
        if not months or (not codes and number > 4 and not any(month.get("incidents") for month in months)):
            return
        for code in codes:
            known.add(code)
            try:
                older = page.json(f"/incidents/{code}.json")
            except Missing:
                found.warn("Incident", code, "it stands in the history, and has no page.")
                continue
            inner = fields.part(older, "incident")
            yield inner if isinstance(inner, dict) else older


def _understand(content: Json, found: Found) -> Found:
    found.name = fields.line(fields.part(content, "page", "name"), longest=60)
    _take_components(content.get("components"), found)
    known = {each.external_id for each in found.components}
    for each in fields.objects(content.get("incidents")):
        _take_incident(each, known, found)
    for each in fields.objects(content.get("scheduled_maintenances")):
        _take_work(each, known, found)
    return found


def _take_components(listed: Any, found: Found) -> None:
    for each in fields.objects(listed):
        external_id, name = fields.identity(each.get("id")), fields.line(each.get("name"), longest=100)
        if not external_id or not name:
            found.warn("Component", name or external_id or "?", "it has no id or no name; left out.")
        elif each.get("group"):
            found.groups.append(Group(external_id, name))
        else:
            found.components.append(
                Component(
                    external_id,
                    name,
                    fields.line(each.get("description"), longest=500),
                    fields.identity(each.get("group_id")) or None,
                    fields.day(each.get("start_date")),
                )
            )


def _take_incident(each: Json, known: set[str], found: Found) -> None:
    external_id, title = fields.identity(each.get("id")), fields.line(each.get("name"), longest=200)
    if not external_id or not title:
        found.warn("Incident", title or external_id or "?", "it has no id or no title; left out.")
        return
    impact = str(each.get("impact")) if each.get("impact") in ("none", "minor", "major", "critical") else "none"
    if impact != each.get("impact"):
        found.warn("Incident", title, f"its impact {each.get('impact')!r} is not known; taken as none.")
    updates = _updates(each, title, known, found)
    if not updates:
        found.warn("Incident", title, "none of its updates can be read; left out.")
        return
    if updates[-1].status not in _OVER and each.get("status") not in _OVER:
        found.warn("Incident", title, "it is still open there; left out until it is over.")
        return
    updates = _with_impact(each, updates, impact, known)
    began_at = fields.moment(each.get("started_at"), _UTC) or fields.moment(each.get("created_at"), _UTC)
    ended_at = fields.moment(each.get("resolved_at"), _UTC) or next(
        (update.at for update in updates if update.status in _OVER), updates[-1].at
    )
    first = min(began_at or updates[0].at, updates[0].at)
    found.incidents.append(
        Incident(external_id, title, impact, first, max(ended_at, first), updates, fields.link(each.get("shortlink")))
    )


def _updates(each: Json, title: str, known: set[str], found: Found) -> tuple[Said, ...]:
    read: list[Said] = []
    for update in fields.objects(each.get("incident_updates")):
        at = fields.moment(update.get("display_at"), _UTC) or fields.moment(update.get("created_at"), _UTC)
        status, body = update.get("status"), fields.told(update.get("body"))
        external_id = fields.identity(update.get("id"))
        if at is None or status not in _STATUSES or not external_id:
            found.warn("Incident", title, f"an update with status {status!r} cannot be read; left out.")
            continue
        changed = _changed(update.get("affected_components"), title, known, found)
        read.append(Said(external_id, status, body or _SILENT[status], at, changed))
    return tuple(sorted(read, key=lambda one: one.at))


_SILENT: Mapping[str, str] = {
    "investigating": "We are looking into it.",
    "identified": "The cause is known.",
    "monitoring": "A fix is in place.",
    "resolved": "This is resolved.",
    "postmortem": "A post-mortem was written.",
}


def _changed(affected: Any, title: str, known: set[str], found: Found) -> dict[str, str]:
    changed: dict[str, str] = {}
    for one in fields.objects(affected):
        code, status = fields.identity(one.get("code")), str(one.get("new_status"))
        if code not in known:
            name = fields.line(one.get("name"), longest=100) or code
            found.warn("Incident", title, f"it names {name!r}, which is not among the components; left out.")
        elif status in [*ComponentStatus]:
            # work of its own brings maintenance; an incident that says so says nothing bad
            changed[code] = status if status != ComponentStatus.MAINTENANCE else str(ComponentStatus.OPERATIONAL)
    return changed


def _with_impact(each: Json, updates: tuple[Said, ...], impact: str, known: set[str]) -> tuple[Said, ...]:
    """Where no update says what became of a component, those that the incident names were as bad as its impact."""
    if any(update.components for update in updates) or impact == Impact.NONE:
        return updates
    named = (fields.identity(one.get("id")) for one in fields.objects(each.get("components")))
    touched = {one: str(STATUS_OF[impact]) for one in named if one in known}
    first = updates[0]
    return (Said(first.external_id, first.status, first.body, first.at, touched), *updates[1:]) if touched else updates


def _take_work(each: Json, known: set[str], found: Found) -> None:
    external_id, title = fields.identity(each.get("id")), fields.line(each.get("name"), longest=200)
    starts_at, ends_at = (fields.moment(each.get(name), _UTC) for name in ("scheduled_for", "scheduled_until"))
    ended_at = fields.moment(each.get("resolved_at"), _UTC)
    ends_at = ended_at if ended_at and starts_at and ended_at > starts_at else ends_at
    if not external_id or not title or starts_at is None or ends_at is None or ends_at <= starts_at:
        found.warn("Maintenance", title or external_id or "?", "its times cannot be read; left out.")
        return
    said = []
    for update in fields.objects(each.get("incident_updates")):
        at = fields.moment(update.get("display_at"), _UTC) or fields.moment(update.get("created_at"), _UTC)
        body = fields.told(update.get("body"))
        if at and body and update.get("status") in _WORK_STATUSES:
            said.append(Said(fields.identity(update.get("id")), str(update.get("status")), body, at))
    said.sort(key=lambda one: one.at)
    announced = said[0] if said and said[0].status == "scheduled" else None
    named = (fields.identity(one.get("id")) for one in fields.objects(each.get("components")))
    found.works.append(
        Work(
            external_id,
            title,
            announced.body if announced else "",
            starts_at,
            ends_at,
            tuple(sorted({one for one in named if one in known})),
            fields.moment(each.get("created_at"), _UTC) or (said[0].at if said else starts_at),
            tuple(said[1:] if announced else said),
            fields.link(each.get("shortlink")),
        )
    )
