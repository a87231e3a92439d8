"""The picture in the shape of the Statuspage v2 API, so that existing readers work unchanged."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from incidents.policy.components import ComponentStatus, Impact
from incidents.policy.maintenance import State

from .plaintext import plain
from .prepared import OPEN, Document
from .records import MOST_RECENT, ComponentRow, GroupRow
from .snapshot import Group, Picture
from .story import OVER, Change, Incident, Update
from .work import Said, Work

Json = dict[str, Any]

_DESCRIPTION: Mapping[str, str] = {
    Impact.NONE: "All Systems Operational",
    Impact.MINOR: "Partially Degraded Service",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Major System Outage",
    Impact.MAINTENANCE: "Service Under Maintenance",
}
_WITHOUT_WORDS: Mapping[str, str] = {
    "begun": "The maintenance has begun.",
    "verifying": "The work is done, and we are checking it.",
    "completed": "The maintenance is over.",
    "cancelled": "This maintenance is cancelled.",
}


def documents(picture: Picture, *, base: str) -> dict[str, Document]:
    """Every address of the API; nothing in them is relative, so their bytes change with the records and as work goes on."""
    api = _Writer(picture, base)
    newest = picture.incidents[:MOST_RECENT]
    running = [incident for incident in picture.incidents if incident.is_open]
    works = picture.told.works
    to_come = [work for work, state in picture.told.standing(picture.minute).in_order if state == State.SCHEDULED]
    scheduled = to_come[:MOST_RECENT]
    bodies: dict[str, dict[str, str]] = {
        "summary": {
            "components": api.components(),
            "incidents": api.incidents(running),
            "scheduled_maintenances": api.maintenances([*picture.running, *scheduled]),
            "status": api.status(),
        },
        "status": {"status": api.status()},
        "components": {"components": api.components()},
        "incidents": {"incidents": api.incidents(newest)},
        "incidents/unresolved": {"incidents": api.incidents(running)},
        "scheduled-maintenances": {"scheduled_maintenances": api.maintenances(works[:MOST_RECENT])},
        "scheduled-maintenances/upcoming": {"scheduled_maintenances": api.maintenances(scheduled)},
        "scheduled-maintenances/active": {"scheduled_maintenances": api.maintenances(picture.running)},
    }
    about = api.page()
    return {f"/api/v2/{name}.json": _document(_object({"page": about, **body})) for name, body in bodies.items()}


def incident(picture: Picture, incident: Incident, *, base: str) -> Document:
    """``/incidents/<id>.json``: the bare object, so that what is over keeps its ETag."""
    return _document(_Writer(picture, base).incident(incident))


def instant(moment: datetime) -> str:
    """ISO 8601 with milliseconds, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _document(written: str) -> Document:
    return Document("application/json; charset=utf-8", written.encode("utf-8", "replace"), OPEN)


def _written(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _object(parts: Mapping[str, str]) -> str:
    """An object of members that are written already."""
    return "{" + ",".join(f'"{name}":{written}' for name, written in parts.items()) + "}"


def _array(parts: Iterable[str]) -> str:
    return "[" + ",".join(parts) + "]"


def _status(state: State) -> str:
    return str(State.COMPLETED if state == State.CANCELLED else state)


class _Writer:
    """The objects of the API as text. The same incident stands in several answers, and most changes leave it alone."""

    def __init__(self, picture: Picture, base: str) -> None:
        self._shapes = Shapes(picture, base)
        self._told, self._minute = picture.told, picture.minute
        self._around: Hashable = (base, picture.settings.public_id, picture.records.groups)
        self._components = {public_id: self._component(public_id) for public_id in self._shapes.objects}

    def page(self) -> str:
        return _written(self._shapes.page())

    def status(self) -> str:
        return _written(self._shapes.status())

    def components(self) -> str:
        groups = self._shapes.components()
        return _array(self._components[each["id"]] if not each["group"] else _written(each) for each in groups)

    def _component(self, public_id: str) -> str:
        found = self._shapes.objects[public_id]
        return self._told.once(public_id, "api", tuple(found.values()), lambda: _written(found))

    def incidents(self, which: Iterable[Incident]) -> str:
        return _array(self.incident(each) for each in which)

    def incident(self, incident: Incident) -> str:
        """Written once for as long as it, its components and their groups are the same."""
        made_from = (incident, self._named(incident.worst_of), self._around)
        return self._told.once(incident.id, "api", made_from, lambda: _written(self._shapes.incident(incident)))

    def maintenances(self, which: Iterable[Work]) -> str:
        """Most changes touch no announced work; of what comes daily there is a lot, and it stands in three answers."""
        these = tuple(which)
        standing = (self._told.standing(self._minute).states, tuple(self._components.values()), self._around)
        return self._told.announced.once("api", these, standing, lambda: _array(self._work(each) for each in these))

    def _work(self, work: Work) -> str:
        made_from = (work, work.passed(self._minute), self._named(work.components), self._around)
        return self._told.once(work.id, "api", made_from, lambda: _written(self._shapes.maintenance(work)))

    def _named(self, which: Iterable[str]) -> Hashable:
        return tuple(self._components.get(one) for one in which)


class Shapes:
    """The objects of the API; keys stand in the order in which Statuspage writes them."""

    def __init__(self, picture: Picture, base: str) -> None:
        self.picture = picture
        self.base = base
        self.page_id = picture.settings.public_id
        self.groups = {group.id: group for group in picture.records.groups}
        self.statuses = {component.id: str(component.status) for component in picture.components}
        self._works: dict[str, Json] = {}
        self.objects = {row.public_id: self._component(row) for row in picture.records.components}

    def page(self) -> Json:
        settings = self.picture.settings
        return {
            "id": self.page_id,
            "name": settings.name,
            "url": self.base,
            "time_zone": "Etc/UTC" if settings.zone == "UTC" else settings.zone,
            "updated_at": instant(self.picture.updated_at),
        }

    def status(self) -> Json:
        indicator = self.picture.indicator
        return {"indicator": str(indicator), "description": _DESCRIPTION[indicator]}

    def components(self) -> list[Json]:
        found: list[Json] = []
        for group in self.picture.groups:
            if group.row is not None:
                found.append(self._group(group.row, group))
            found += [self.objects[component.id] for component in group.components]
        return found

    def incidents(self, which: Iterable[Incident]) -> list[Json]:
        return [self.incident(each) for each in which]

    def incident(self, incident: Incident) -> Json:
        monitoring = [update.display_at for update in incident.updates if update.status == "monitoring"]
        ended = incident.ended_at if incident.status in OVER else None
        return {
            "id": incident.id,
            "name": incident.title,
            "status": incident.status,
            "created_at": instant(incident.row.created_at),
            "updated_at": instant(max(incident.row.updated_at, incident.updates[0].updated_at)),
            "monitoring_at": instant(monitoring[0]) if monitoring else None,
            "resolved_at": instant(ended) if ended else None,
            "impact": str(incident.impact),
            "shortlink": f"{self.base}/incidents/{incident.id}",
            "started_at": instant(incident.began_at),
            "page_id": self.page_id,
            "incident_updates": [self._update(update, incident) for update in incident.updates],
            "components": [self.objects[one] for one in incident.worst_of if one in self.objects],
        }

    def maintenances(self, which: Iterable[Work]) -> list[Json]:
        return [self._works.get(each.id) or self._works.setdefault(each.id, self.maintenance(each)) for each in which]

    def maintenance(self, work: Work) -> Json:
        """What was called off is completed to readers of this format, which has no word for it."""
        minute = self.picture.minute
        verified_at, over_at = work.times.verifies_at, work.times.over_at
        return {
            "id": work.id,
            "name": work.title,
            "status": _status(work.state(minute)),
            "created_at": instant(work.row.created_at),
            "updated_at": instant(work.updated_at(minute)),
            "monitoring_at": instant(verified_at) if verified_at and verified_at <= minute else None,
            "resolved_at": instant(over_at) if over_at and over_at <= minute else None,
            "impact": str(Impact.MAINTENANCE),
            "shortlink": f"{self.base}/maintenances/{work.id}",
            "started_at": instant(work.times.began_at),
            "page_id": self.page_id,
            "incident_updates": [self._said(said, work) for said in work.said(minute)],
            "components": [self.objects[one] for one in work.components if one in self.objects],
            "scheduled_for": instant(work.row.starts_at),
            "scheduled_until": instant(work.row.ends_at),
        }

    def _said(self, said: Said, work: Work) -> Json:
        body = plain(said.body_html) if said.body_html else _WITHOUT_WORDS.get(said.kind, work.title)
        if said.was is not None and said.now is not None:
            old, new = (f"{instant(start)} to {instant(end)}" for start, end in (said.was, said.now))
            body = f"New time: {new}. Before: {old}."
        return {
            "id": said.id,
            "status": _status(said.state),
            "body": body,
            "incident_id": work.id,
            "created_at": instant(said.at),
            "updated_at": instant(said.at),
            "display_at": instant(said.at),
            "affected_components": self._affected(said.changes),
            "deliver_notifications": said.notify,
            "custom_tweet": None,
            "tweet_id": None,
        }

    def _component(self, row: ComponentRow) -> Json:
        group = self.groups.get(row.group_id) if row.group_id is not None else None
        return {
            "id": row.public_id,
            "name": row.name,
            "status": self.statuses.get(row.public_id, str(ComponentStatus.OPERATIONAL)),
            "created_at": instant(row.created_at),
            "updated_at": instant(row.updated_at),
            "position": max(1, row.position),
            "description": row.description,
            "showcase": row.is_showcased,
            "start_date": f"{row.starts_on or row.created_at:%Y-%m-%d}",
            "group_id": group.public_id if group else None,
            "page_id": self.page_id,
            "group": False,
            "only_show_if_degraded": row.only_if_degraded,
        }

    def _group(self, row: GroupRow, group: Group) -> Json:
        return {
            "id": row.public_id,
            "name": row.name,
            "status": str(group.status),
            "created_at": instant(row.created_at),
            "updated_at": instant(row.updated_at),
            "position": max(1, row.position),
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.page_id,
            "group": True,
            "only_show_if_degraded": False,
            "components": [component.id for component in group.components],
        }

    def _update(self, update: Update, incident: Incident) -> Json:
        return {
            "id": update.id,
            "status": update.status,
            "body": plain(update.body_html),
            "incident_id": incident.id,
            "created_at": instant(update.created_at),
            "updated_at": instant(update.updated_at),
            "display_at": instant(update.display_at),
            "affected_components": self._affected(update.changes),
            "deliver_notifications": update.notify,
            "custom_tweet": None,
            "tweet_id": None,
        }

    def _affected(self, changes: Iterable[Change]) -> list[Json] | None:
        return [
            {
                "code": change.component,
                "name": self._name_in_group(change.component),
                "old_status": change.old,
                "new_status": change.new,
            }
            for change in changes
        ] or None

    def _name_in_group(self, public_id: str) -> str:
        row = self.picture.told.by_id[public_id]
        group = self.groups.get(row.group_id) if row.group_id is not None else None
        return f"{group.name} - {row.name}" if group else row.name
