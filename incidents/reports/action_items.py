"""Action items as lists show them: narrowed by what was asked for, each with its incident and its owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, or_, select

from ..kernel.database import db
from ..policy.action_items import UNDONE, Group, Kind, Priority, Status, group_of
from ..policy.trackers import short_name
from ..records.action_items import ActionItem
from ..records.incidents import Incident, IncidentComponent
from ..records.people import Person

NOBODY = "nobody"
UNDONE_WORD = "undone"
_PRIORITIES = list(Priority)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a list asks for; what is empty asks for nothing. ``owner`` is a person's number or ``nobody``."""

    words: str = ""
    owner: str = ""
    kind: str = ""
    priority: str = ""
    status: str = ""  # one of the four, or "undone"
    incident_id: int | None = None
    component: str = ""


@dataclass(frozen=True)
class Row:
    """An item with what a list says beside it."""

    item: ActionItem
    incident: Incident
    owner: Person | None
    group: Group
    days_late: int = 0  # since it was due

    @property
    def link_name(self) -> str:
        """How its link reads: the issue's name, or the host."""
        return short_name(self.item.link) if self.item.link else ""


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The same as SQL, for a query that joins items with their incidents."""
    found: list[ColumnElement[bool]] = []
    if wanted.words:
        found.append(
            or_(
                ActionItem.title.icontains(wanted.words, autoescape=True),
                Incident.title.icontains(wanted.words, autoescape=True),
            )
        )
    if wanted.owner:
        is_nobody = wanted.owner == NOBODY
        found.append(ActionItem.owner_id.is_(None) if is_nobody else ActionItem.owner_id == int(wanted.owner))
    if wanted.kind in [*Kind]:
        found.append(ActionItem.kind == wanted.kind)
    if wanted.priority in _PRIORITIES:
        found.append(ActionItem.priority == wanted.priority)
    if wanted.status == UNDONE_WORD:
        found.append(ActionItem.status.in_([*UNDONE]))
    elif wanted.status in [*Status]:
        found.append(ActionItem.status == wanted.status)
    if wanted.incident_id is not None:
        found.append(ActionItem.incident_id == wanted.incident_id)
    if wanted.component:
        touched = select(IncidentComponent.incident_id).where(IncidentComponent.component_id == wanted.component)
        found.append(ActionItem.incident_id.in_(touched))
    return found


def rows(*where: ColumnElement[bool], today: date, limit: int | None = None, offset: int = 0) -> list[Row]:
    """Items that answer to all conditions: what is owed by the day it is due, then what is over, the newest first."""
    query = (
        _joined()
        .where(*where)
        .order_by(
            ActionItem.status.not_in([*UNDONE]),
            func.coalesce(ActionItem.done_at, ActionItem.dropped_at).desc(),
            ActionItem.due_on.is_(None),
            ActionItem.due_on,
            ActionItem.id,
        )
    )
    return [_row(*each, today=today) for each in db.session.execute(query.limit(limit).offset(offset))]


def _joined() -> Select[ActionItem, Incident, Person | None]:
    return (
        select(ActionItem, Incident, Person)
        .join(Incident, Incident.id == ActionItem.incident_id)
        .outerjoin(Person, Person.id == ActionItem.owner_id)
    )


def _row(item: ActionItem, incident: Incident, owner: Person | None, *, today: date) -> Row:
    late = (today - item.due_on).days if item.is_undone and item.due_on else 0
    return Row(item, incident, owner, group_of(item.status, item.due_on, today=today), max(0, late))


def by_group(found: Sequence[Row]) -> list[tuple[Group, list[Row]]]:
    """The rows under their headings, without the empty ones."""
    parts = [(group, [row for row in found if row.group is group]) for group in Group]
    return [(group, rows_of) for group, rows_of in parts if rows_of]
