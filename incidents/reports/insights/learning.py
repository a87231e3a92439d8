"""What is still owed after incidents: post-mortems and action items that are late, and how many action items there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from ...kernel.database import db
from ...policy.action_items import UNDONE, Kind, Status
from ...policy.lifecycle import Outcome
from ...records.action_items import ActionItem
from ...records.incidents import Incident
from ...records.people import Person
from ...records.postmortems import Postmortem
from .selection import Selection

Rows = Sequence[Any]


@dataclass(frozen=True)
class FollowUp:
    """Action items of one kind: ``undone`` are owed still, ``late`` are those of them whose day is over."""

    kind: str
    undone: int = 0
    late: int = 0
    done: int = 0


def follow_up(selection: Selection, *, today: date) -> list[FollowUp]:
    """By kind, over the incidents that are counted; what was dropped is left out."""
    is_undone = ActionItem.status.in_([*UNDONE])
    wanted = (
        select(
            ActionItem.kind,
            func.count(case((is_undone, 1))).label("undone"),
            func.count(case((is_undone & (ActionItem.due_on < today), 1))).label("late"),
            func.count(case((ActionItem.status == Status.DONE, 1))).label("done"),
        )
        .join(Incident, Incident.id == ActionItem.incident_id)
        .where(*selection.counted)
        .group_by(ActionItem.kind)
    )
    found = {row.kind: FollowUp(row.kind, row.undone, row.late, row.done) for row in db.session.execute(wanted)}
    return [found.get(kind, FollowUp(kind)) for kind in Kind]


def late_items(visible: ColumnElement[bool], *, today: date) -> Rows:
    """Each action item whose day is over (title, due_on, ref, owner), the longest late first."""
    wanted = (
        select(ActionItem.title, ActionItem.due_on, Incident.id.label("incident_id"), Person.name.label("owner"))
        .join(Incident, Incident.id == ActionItem.incident_id)
        .outerjoin(Person, Person.id == ActionItem.owner_id)
        .where(ActionItem.status.in_([*UNDONE]), ActionItem.due_on < today, visible)
        .order_by(ActionItem.due_on, ActionItem.id)
        .limit(_MOST)
    )
    return db.session.execute(wanted).all()


def late_postmortems(visible: ColumnElement[bool], *, now: datetime) -> Rows:
    """Each post-mortem that is late (incident, title, severity, due, owner), the longest late first."""
    wanted = (
        select(
            Incident.id.label("incident_id"),
            Incident.title,
            Incident.severity,
            Incident.postmortem_due_at.label("due_at"),
            func.coalesce(Postmortem.owner_name, "").label("owner"),
        )
        .outerjoin(Postmortem, Postmortem.incident_id == Incident.id)
        .where(
            Incident.postmortem_due_at < now,
            Incident.closed_at.is_(None),
            Incident.outcome == Outcome.RESOLVED,
            visible,
        )
        .order_by(Incident.postmortem_due_at, Incident.id)
        .limit(_MOST)
    )
    return db.session.execute(wanted).all()


_MOST = 200
