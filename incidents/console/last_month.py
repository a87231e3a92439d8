"""Thirty days in three lines: how many, how many were taken in time, how long the hard ones lasted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from sqlalchemy import select

from ..access.visibility import visible_to
from ..kernel import clock
from ..kernel.database import db
from ..policy.lifecycle import Outcome
from ..records.incidents import Incident, Target
from ..records.people import Person

_DAYS = timedelta(days=30)
_MOST = 5000


@dataclass(frozen=True)
class Month:
    """Drills and false alarms are left out. ``lasted`` is the median to resolution of P1 and P2; ``n`` how many."""

    declared: int
    answered: int  # those whose time to acknowledge has passed, or was met
    in_time: int
    lasted: timedelta | None
    n: int


def figures(viewer: Person) -> Month:
    """Two queries, as far as this person may see."""
    since = clock.now() - _DAYS
    counted = (
        visible_to(viewer),
        Incident.detected_at >= since,
        Incident.is_drill.is_(False),
        Incident.outcome.is_(None) | (Incident.outcome != Outcome.FALSE_ALARM),
    )
    columns = (Incident.severity, Incident.detected_at, Incident.resolved_at)
    rows = db.session.execute(select(*columns).where(*counted).limit(_MOST)).all()
    answers = db.session.execute(
        select(Target.met_at, Target.breached_at, Target.deadline_at)
        .join(Incident, Incident.id == Target.incident_id)
        .where(*counted, Target.kind == "respond", Target.replaced_at.is_(None))
        .limit(_MOST)
    ).all()
    settled = [each for each in answers if each.met_at or each.breached_at]
    in_time = [each for each in settled if each.met_at and not each.breached_at and each.met_at <= each.deadline_at]
    lengths = [
        (row.resolved_at - row.detected_at).total_seconds()
        for row in rows
        if row.resolved_at is not None and row.resolved_at >= row.detected_at and row.severity in ("P1", "P2")
    ]
    return Month(
        declared=len(rows),
        answered=len(settled),
        in_time=len(in_time),
        lasted=timedelta(seconds=median(lengths)) if lengths else None,
        n=len(lengths),
    )
