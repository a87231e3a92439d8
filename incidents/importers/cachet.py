"""Cachet: the API of 2.x (``/api/v1``), the API of 3.x (JSON:API), or a file that holds the answers of either.

In a file ``components``, ``groups`` (or ``component-groups``), ``incidents`` and ``schedules`` each hold an answer or its
list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ..policy.components import IMPACT_OF, ComponentStatus, worst
from . import fields
from .found import Component, Found, Group, Incident, Said, Unreadable, Work
from .loading import Page

SOURCE = "cachet"
_PER_PAGE = 100
_MOST_PAGES = 500
_STATUS: Mapping[int, str] = {1: "investigating", 2: "identified", 3: "monitoring", 4: "resolved"}
_COMPONENT_STATUS: Mapping[int, ComponentStatus] = {
    1: ComponentStatus.OPERATIONAL,
    2: ComponentStatus.DEGRADED,
    3: ComponentStatus.PARTIAL,
    4: ComponentStatus.MAJOR,
}

Json = dict[str, Any]


def read_page(page: Page, zone: ZoneInfo) -> Found:
    """Everything that the API tells; the newer one is asked first. Times there have no zone: they are meant in ``zone``."""
    try:
        components = list(_pages(page, "/api/components?include=group"))
        names = {"groups": "/api/component-groups", "incidents": "/api/incidents?include=components,updates"}
        names["schedules"] = "/api/schedules?include=components,updates"
    except Unreadable:
        components = list(_pages(page, "/api/v1/components"))
        names = {"groups": "/api/v1/components/groups", "incidents": "/api/v1/incidents?sort=id&order=asc"}
        names["schedules"] = "/api/v1/schedules"
    found = Found(SOURCE, page.host)
    content: dict[str, list[Json]] = {"components": components}
    for name, path in names.items():
        try:
            content[name] = list(_pages(page, path))
        except Unreadable:
            content[name] = []
            found.warnings.append(f"Its {name} cannot be read at {path}.")
    return _understand(content, found, zone)


def read_file(content: Any, origin: str, zone: ZoneInfo) -> Found:
    """What a file holds."""
    if not isinstance(content, dict) or not {"components", "incidents"} & content.keys():
        raise Unreadable("This is no Cachet: neither components nor incidents stand in it.")
    names = {"components": "components", "groups": "groups", "incidents": "incidents", "schedules": "schedules"}
    if "component-groups" in content:
        names["groups"] = "component-groups"
    listed = {name: list(_flat(content.get(key))) for name, key in names.items()}
    return _understand(listed, Found(SOURCE, origin), zone)


def _pages(page: Page, path: str) -> Iterator[Json]:
    """One list, page after page."""
    joint = "&" if "?" in path else "?"
    for number in range(1, _MOST_PAGES + 1):
        answer = page.json(f"{path}{joint}per_page={_PER_PAGE}&page={number}")
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
            raise Unreadable(f"{page.base}{path} holds no list of Cachet's.")
        yield from _flat(answer)
        pages = fields.number(fields.part(answer, "meta", "pagination", "total_pages"))
        if not answer["data"] or (pages is not None and number >= pages):
            return
        if pages is None and not fields.part(answer, "links", "next"):
            return


def _flat(answer: Any) -> Iterator[Json]:
    """The objects of an answer in one shape: JSON:API's attributes lifted up, what it refers to in their place."""
    listed = answer.get("data", answer) if isinstance(answer, dict) else answer
    included = {_name(each): each for each in fields.objects(fields.part(answer, "included"))}
    for each in fields.objects(listed):
        if not isinstance(each.get("attributes"), dict):
            yield each
            continue
        flat = {"id": each.get("id"), **each["attributes"]}
        relations = each.get("relationships")
        for name, relation in relations.items() if isinstance(relations, dict) else ():
            meant = relation.get("data") if isinstance(relation, dict) else None
            both = [meant] if isinstance(meant, dict) else list(fields.objects(meant))
            full = [included.get(_name(one), one) for one in both]
            flat[name] = [{"id": one.get("id"), **_attributes(one)} for one in full]
        yield flat


def _name(each: Json) -> tuple[str, str]:
    return fields.identity(each.get("type")), fields.identity(each.get("id"))


def _attributes(each: Json) -> Json:
    found = each.get("attributes")
    return found if isinstance(found, dict) else {}


def _understand(content: Mapping[str, list[Json]], found: Found, zone: ZoneInfo) -> Found:
    for each in content.get("groups", ()):
        external_id, name = fields.identity(each.get("id")), fields.line(each.get("name"), longest=100)
        if external_id and name:
            found.groups.append(Group(external_id, name))
    for each in content.get("components", ()):
        _take_component(each, found, zone)
    known = {each.external_id for each in found.components}
    for each in content.get("incidents", ()):
        _take_incident(each, known, found, zone)
    for each in content.get("schedules", ()):
        _take_work(each, known, found, zone)
    return found


def _take_component(each: Json, found: Found, zone: ZoneInfo) -> None:
    external_id, name = fields.identity(each.get("id")), fields.line(each.get("name"), longest=100)
    if not external_id or not name:
        found.warn("Component", name or external_id or "?", "it has no id or no name; left out.")
        return
    if each.get("enabled") in (False, 0):
        found.warn("Component", name, "it is switched off there; left out.")
        return
    group = fields.identity(each.get("group_id")) or next(
        (fields.identity(one.get("id")) for one in fields.objects(each.get("group"))), ""
    )
    made = _time(each, "created", zone)
    found.components.append(
        Component(
            external_id,
            name,
            fields.line(each.get("description"), longest=500),
            group if group not in ("", "0") else None,
            made.date() if made else None,
        )
    )


def _take_incident(each: Json, known: set[str], found: Found, zone: ZoneInfo) -> None:
    external_id, title = fields.identity(each.get("id")), fields.line(each.get("name"), longest=200)
    if not external_id or not title:
        found.warn("Incident", title or external_id or "?", "it has no id or no title; left out.")
        return
    if each.get("visible") in (0, False):
        found.warn("Incident", title, "it is hidden there; left out.")
        return
    began_at = _time(each, "occurred", zone) or _time(each, "created", zone)
    if began_at is None or _status(each) == 0:
        found.warn("Incident", title, "its times cannot be read, or it is planned work; left out.")
        return
    touched = _touched(each, known)
    updates = [Said(external_id, "investigating", fields.told(each.get("message")) or title, began_at, touched)]
    for update in fields.objects(each.get("updates")):
        at, status = _time(update, "created", zone), _STATUS.get(_status(update) or 0)
        if at is None or status is None:
            found.warn("Incident", title, "an update has no time or no status; left out.")
            continue
        body = fields.told(update.get("message")) or status.capitalize()
        updates.append(Said(f"update {fields.identity(update.get('id'))}", status, body, max(at, began_at)))
    updates.sort(key=lambda one: one.at)
    if updates[-1].status != "resolved" and (_status(each) != 4 and each.get("is_resolved") is not True):
        found.warn("Incident", title, "it is still open there; left out until it is over.")
        return
    ended_at = updates[-1].at if updates[-1].status == "resolved" else _time(each, "updated", zone) or updates[-1].at
    impact = IMPACT_OF[worst(touched.values())]
    found.incidents.append(
        Incident(
            external_id,
            title,
            str(impact),
            began_at,
            max(ended_at, began_at),
            tuple(updates),
            fields.link(each.get("permalink")),
        )
    )


def _touched(each: Json, known: set[str]) -> dict[str, str]:
    """Cachet 2 names one component, and what it is now at best; 3 names several, with what each was."""
    named = list(fields.objects(each.get("components")))
    single = fields.identity(each.get("component_id"))
    if not named and single not in ("", "0"):
        named = [{"id": single, "status": fields.part(each, "component", "status")}]
    touched = {}
    for one in named:
        code = fields.number(fields.part(one, "pivot", "component_status") or _status(one))
        # what was not said, or is well again by now, was at least slow
        status = _COMPONENT_STATUS.get(code or 0, ComponentStatus.DEGRADED)
        status = ComponentStatus.DEGRADED if status == ComponentStatus.OPERATIONAL else status
        if fields.identity(one.get("id")) in known:
            touched[fields.identity(one.get("id"))] = str(status)
    return touched


def _take_work(each: Json, known: set[str], found: Found, zone: ZoneInfo) -> None:
    external_id, title = fields.identity(each.get("id")), fields.line(each.get("name"), longest=200)
    starts_at, ends_at = _time(each, "scheduled", zone), _time(each, "completed", zone)
    if not external_id or not title or starts_at is None or ends_at is None or ends_at <= starts_at:
        found.warn("Maintenance", title or external_id or "?", "it has no beginning or no end there; left out.")
        return
    named = (
        fields.identity(one.get("component_id")) or fields.identity(one.get("id"))
        for one in fields.objects(each.get("components"))
    )
    announced = _time(each, "created", zone) or starts_at
    notes = [
        Said(fields.identity(update.get("id")), "in_progress", fields.told(update.get("message")), at)
        for update in fields.objects(each.get("updates"))
        if (at := _time(update, "created", zone)) and fields.told(update.get("message"))
    ]
    found.works.append(
        Work(
            external_id,
            title,
            fields.told(each.get("message")),
            starts_at,
            ends_at,
            tuple(sorted({one for one in named if one in known})),
            announced,
            tuple(sorted(notes, key=lambda one: one.at)),
        )
    )


def _status(each: Json) -> int | None:
    status = each.get("status")
    return fields.number(status.get("value") if isinstance(status, dict) else status)


def _time(each: Json, name: str, zone: ZoneInfo) -> Any:
    """``created_at`` of 2.x, or ``created.string`` of 3.x."""
    return fields.moment(each.get(f"{name}_at") or fields.part(each, name, "string"), zone)
