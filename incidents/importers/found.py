"""What was found on another status page, whichever it is: plain facts, from which the same ones make the same print."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any


class Unreadable(Exception):
    """This is not what it was said to be. Says what is wrong, in one plain sentence."""


@dataclass(frozen=True)
class Group:
    """A heading."""

    external_id: str
    name: str


@dataclass(frozen=True)
class Component:
    """``group`` is the external id of its heading; ``starts_on`` the first day on which it was measured."""

    external_id: str
    name: str
    description: str = ""
    group: str | None = None
    starts_on: date | None = None


@dataclass(frozen=True)
class Said:
    """One text about an incident or about work. ``components`` maps external ids to what they were from then on."""

    external_id: str
    status: str  # a public status of ours: investigating, identified, monitoring, resolved, postmortem
    body: str  # Markdown
    at: datetime
    components: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Incident:
    """One that is over. ``impact`` is none, minor, major or critical; ``updates`` stand oldest first, at least one."""

    external_id: str
    title: str
    impact: str
    began_at: datetime
    ended_at: datetime
    updates: tuple[Said, ...]
    link: str | None = None


@dataclass(frozen=True)
class Work:
    """Announced work. ``notes`` are what was said after the announcement, oldest first."""

    external_id: str
    title: str
    body: str
    starts_at: datetime
    ends_at: datetime
    components: tuple[str, ...]
    announced_at: datetime
    notes: tuple[Said, ...] = ()
    link: str | None = None


@dataclass
class Found:
    """Everything, and what could not be understood, by name. ``origin`` says which page of its kind it is."""

    source: str
    origin: str
    name: str = ""
    groups: list[Group] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, what: str, name: str, why: str) -> None:
        """Note that something was left out or read otherwise than it stands there."""
        self.warnings.append(f"{what} “{name}”: {why}")


Thing = Group | Component | Incident | Work


def print_of(thing: Thing | Mapping[str, Any]) -> str:
    """The same for the same facts, on every machine."""
    facts = thing if isinstance(thing, Mapping) else asdict(thing)
    written = json.dumps(facts, default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()
