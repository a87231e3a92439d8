"""The action items of an incident as its post-mortem tells them: kind, what, whose, until when, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ...kernel.database import db
from ...policy.action_items import Kind, Priority, Status
from ...records.action_items import ActionItem, items_of
from ...records.incidents import Incident
from ...records.people import Person
from .cells import cell


@dataclass(frozen=True)
class Item:
    """One item; no ``owner`` where nobody has it."""

    id: int
    kind: str
    title: str
    owner: str
    due_on: date | None
    priority: str
    state: str
    is_undone: bool
    link: str | None

    def is_late(self, today: date) -> bool:
        """Whether its day has passed while it is owed."""
        return self.is_undone and self.due_on is not None and self.due_on < today


def items(incident: Incident) -> list[Item]:
    """What is owed first; two queries."""
    found = items_of(incident.id)
    owners = {item.owner_id for item in found if item.owner_id is not None}
    names = {
        row.id: row.name for row in db.session.execute(select(Person.id, Person.name).where(Person.id.in_(owners)))
    }
    return [_item(item, names.get(item.owner_id or 0, "")) for item in found]


def as_table(found: Sequence[Item]) -> str:
    """The same as a Markdown table; NOT RECORDED where there is none."""
    if not found:
        return "**NOT RECORDED**"
    rows = ["| Kind | What | Owner | Due | State |", "|---|---|---|---|---|"]
    rows += [
        f"| {item.kind} | {cell(item.title)}{f' ({cell(item.link)})' if item.link else ''} | {cell(item.owner) or 'Nobody'} "
        f"| {f'{item.due_on.day} {item.due_on:%b %Y}' if item.due_on else ''} | {item.state} |"
        for item in found
    ]
    return "\n".join(rows)


def _item(item: ActionItem, owner: str) -> Item:
    return Item(
        id=item.id,
        kind=Kind(item.kind).label,
        title=item.title,
        owner=owner,
        due_on=item.due_on,
        priority=Priority(item.priority).label,
        state=Status(item.status).label,
        is_undone=item.is_undone,
        link=item.link,
    )
