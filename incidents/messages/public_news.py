"""What is told to the public, ready for each way out: a letter in a language, and two shapes of webhook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..kernel import clock
from ..kernel.languages import phrase, speaking
from ..policy.components import ComponentStatus
from ..policy.overall import Overall
from ..published import shown
from ..published.components import Component, all_components
from ..published.page_settings import page_settings
from ..published.subscribers import page_address
from .public_letters import OWN_PAGE, Page, PublicLetter

Json = dict[str, Any]
STATUS_WORDS: Mapping[str, str] = {
    "investigating": phrase("Investigating"),
    "identified": phrase("Identified"),
    "monitoring": phrase("Monitoring"),
    "resolved": phrase("Resolved"),
    "postmortem": phrase("Post-mortem"),
}
COMPONENT_WORDS: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: phrase("Operational"),
    ComponentStatus.DEGRADED: phrase("Degraded"),
    ComponentStatus.PARTIAL: phrase("Partial outage"),
    ComponentStatus.MAJOR: phrase("Major outage"),
    ComponentStatus.MAINTENANCE: phrase("Maintenance"),
}
# Standard Webhooks asks for less than 20 kB, and what is put in for each subscriber still has to fit
_MOST_BYTES = 18_500
_MOST_OF_TEXT = 8_000
_LEAST_OF_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The page and its components as they are at this moment, as far as messages print them."""

    page: Page
    overall: Overall
    components: Mapping[str, Component]  # those that the page lists
    shown: Mapping[str, str]  # public id → what the page shows of it

    def listed(self, public_ids: Iterable[str]) -> list[Component]:
        """Those of them that the page lists, by name; what is hidden or was deleted meanwhile is never named."""
        found = [self.components[each] for each in {*public_ids} if each in self.components]
        return sorted(found, key=lambda each: (each.name.casefold(), each.public_id))

    def status_of(self, known: Component) -> str:
        """What the page shows of it."""
        return self.shown.get(known.public_id, known.status)

    def as_listed(self, public_ids: Iterable[str]) -> list[Json]:
        """The same as a webhook has it: id, name and what it is now."""
        return [
            {"id": each.public_id, "name": each.name, "status": self.status_of(each)}
            for each in self.listed(public_ids)
        ]


@dataclass(frozen=True, kw_only=True)
class News:
    """One thing to tell."""

    about: str  # incident.updated, maintenance.moved: the type of its webhook
    fold_key: str  # of several that wait for one destination with the same one the newest leaves
    around: Surroundings
    data: Json = field(default_factory=dict)
    statuspage_parts: Json = field(default_factory=dict)
    letter: Callable[[], PublicLetter] | None = None  # in the language that is spoken when it is called

    def standard(self) -> Json:
        """By Standard Webhooks: type, timestamp, data."""
        page = self.around.page
        data = {
            "page": {"id": page.id, "name": page.name, "url": page.url},
            **self.data,
            "manage_url": OWN_PAGE,
        }
        return fitting({"type": self.about, "timestamp": clock.now().isoformat(), "data": data})

    def anew(self, said: Mapping[str, Any]) -> Json | None:
        """The same in the form in which ``said`` was written before; None for what was written in none of these."""
        if self.letter is not None and "language" in said:
            with speaking(said["language"]):
                return self.letter().payload()
        if "meta" in said:
            return self.statuspage()
        return {**self.standard(), "timestamp": said["timestamp"]} if "type" in said else None

    def statuspage(self) -> Json:
        """As Atlassian Statuspage writes to its subscribers' webhooks."""
        page, overall = self.around.page, self.around.overall
        return fitting(
            {
                "meta": {"unsubscribe": OWN_PAGE, "documentation": page.url},
                "page": {
                    "id": page.id,
                    "status_indicator": str(overall.indicator),
                    "status_description": overall.description,
                },
                **self.statuspage_parts,
            }
        )


def surroundings() -> Surroundings:
    """The page as it is at this moment, without what it does not show."""
    page, (statuses, overall) = page_settings(), shown.now()
    return Surroundings(
        page=Page(id=page.public_id, name=page.name, zone=page.time_zone, url=page_address("")),
        overall=overall,
        components={each.public_id: each for each in all_components(archived=None) if each.is_shown},
        shown={each.public_id: status for each, status in statuses},
    )


def component(known: Component, around: Surroundings) -> Json:
    """A component in the format of Statuspage, as it is shown now."""
    return {
        "id": known.public_id,
        "name": known.name,
        "status": around.status_of(known),
        "created_at": instant(known.created_at),
        "updated_at": instant(known.updated_at),
        "position": max(1, known.position),
        "description": known.description,
        "page_id": around.page.id,
        "group_id": known.group.public_id if known.group else None,
    }


def instant(moment: datetime | None) -> str | None:
    """ISO 8601 with milliseconds, in UTC."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def fitting(said: Json) -> Json:
    """The same with its texts cut, ever shorter, until it fits into a webhook; the link leads to all of it.

    What is only repeated from earlier goes first: old updates, then components beyond the first few.
    """
    most = _MOST_OF_TEXT
    said = _cut(said, most)
    while _bytes(said) > _MOST_BYTES and most > _LEAST_OF_TEXT:
        most //= 2
        said = _shortened(_cut(said, most))
    while _bytes(said) > _MOST_BYTES and _shorten_lists(said):
        pass
    return said


def _bytes(said: Json) -> int:
    return len(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str) and len(value.encode("utf-8", "replace")) > most:
        return value.encode("utf-8", "replace")[:most].decode("utf-8", "ignore") + "…"
    if isinstance(value, dict):
        return {name: _cut(each, most) for name, each in value.items()}
    return [_cut(each, most) for each in value] if isinstance(value, list) else value


def _shortened(said: Json) -> Json:
    """Without half of the earlier updates of an incident, the oldest first."""
    for holder in _holders(said):
        updates = holder.get("incident_updates")
        if isinstance(updates, list) and len(updates) > 1:
            holder["incident_updates"] = updates[: max(1, len(updates) // 2)]
    return said


def _shorten_lists(said: Json) -> bool:
    """Halve the longest list there is; False once none is longer than one."""
    lists = [(holder, name) for holder in _holders(said) for name, each in holder.items() if isinstance(each, list)]
    holder, name = max(lists, key=lambda found: len(found[0][found[1]]), default=(None, ""))
    if holder is None or len(holder[name]) < 2:
        return False
    holder[name] = holder[name][: len(holder[name]) // 2]
    return True


def _holders(value: Any) -> list[Json]:
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _holders(each))]
    return [found for each in value for found in _holders(each)] if isinstance(value, list) else []
