"""What the list's address asks for, and how it is written again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from ...access.visibility import number_of
from ...policy.action_items import Kind, Priority, Status
from ...records.people import Person
from ...reports.action_items import NOBODY, UNDONE_WORD, Wanted

STATUSES = {"": "Any status", UNDONE_WORD: "Not done", **{each.value: each.label for each in Status}}
KINDS = {"": "Any kind", **{each.value: each.label for each in Kind}}
PRIORITIES = {"": "Any priority", **{each.value: each.label for each in Priority}}
_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The address's words; unknown ones ask for nothing."""

    words: str
    owner: str
    kind: str
    priority: str
    status: str
    incident: str
    component: str
    page: int

    @property
    def query(self) -> str:
        """The address's part behind ``?``, without the page."""
        given = {
            "q": self.words,
            "owner": self.owner,
            "kind": self.kind,
            "priority": self.priority,
            "status": self.status,
            "incident": self.incident,
            "component": self.component,
        }
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def are_more(self) -> bool:
        """Whether one of the filters behind "More" is set."""
        return bool(self.priority or self.component or self.incident)

    def wanted(self, person: Person) -> Wanted:
        """As the report takes it; ``mine`` is whoever looks."""
        return Wanted(
            words=self.words,
            owner=str(person.id) if self.owner == "mine" else self.owner,
            kind=self.kind,
            priority=self.priority,
            status=self.status,
            incident_id=(number_of(self.incident) or 0) if self.incident else None,
            component=self.component,
        )


def read(args: MultiDict[str, str]) -> Filters:
    """The filters of an address."""
    owner, page, incident = args.get("owner", ""), args.get("page", ""), args.get("incident", "").strip()[:20]
    return Filters(
        words=" ".join(args.get("q", "").replace("\x00", "").split())[:100],
        owner=owner if owner in ("mine", NOBODY) or _NUMBER.fullmatch(owner) else "",
        kind=_known("kind", KINDS, args),
        priority=_known("priority", PRIORITIES, args),
        status=_known("status", STATUSES, args),
        incident=incident.upper() if number_of(incident) else "",
        component=args.get("component", "").replace("\x00", "")[:12],
        page=int(page) if _NUMBER.fullmatch(page) and len(page) < 4 else 1,
    )


def _known(name: str, words: dict[str, str], args: MultiDict[str, str]) -> str:
    given = args.get(name, "")
    return given if given in words else ""
