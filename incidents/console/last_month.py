"""Thirty days in three lines: how many, how many were taken in time, how long the hard ones lasted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ..access.visibility import visible_to
from ..kernel import clock
from ..kernel.database import db
from ..policy import periods, zones
from ..policy.insights import spread
from ..published.page_settings import page_settings
from ..records.incidents import Incident, Target
from ..records.people import Person
from ..reports.insights.selection import COUNTED

_DAYS = 30
_MOST = 5000


@dataclass(frozen=True)
class Month:
    """Counted as insights count. ``lasted`` is the median to resolution of P1 and P2; ``n`` how many."""

    declared: int
    answered: int  # those whose time to acknowledge has passed, or was met
    in_time: int
    lasted: timedelta | None
    n: int


def figures(viewer: Person) -> Month:
    """Two queries, as far as this person may see."""
    zone = ZoneInfo(page_settings().zone)
    since = periods.ending(zones.local_day(clock.now(), zone), days=_DAYS, zone=zone).since
    counted = (
        visible_to(viewer),
        Incident.detected_at >= since,
        *COUNTED,
    )
    columns = (Incident.severity, Incident.detected_at, Incident.resolved_at)
    rows = db.session.execute(select(*columns).where(*counted).limit(_MOST)).all()
    answers = db.session.execute(
        select(Target.met_at, Target.breached_at, Target.deadline_at)
        .join(Incident, Incident.id == Target.incident_id)
        .where(*counted, Target.kind == "respond", Target.replaced_at.is_(None), Incident.pages_nobody.is_(False))
        .limit(_MOST)
    ).all()
    settled = [each for each in answers if each.met_at or each.breached_at]
    in_time = [each for each in settled if each.met_at and not each.breached_at and each.met_at <= each.deadline_at]
    lengths = [
        (row.resolved_at - row.detected_at).total_seconds()
        for row in rows
        if row.resolved_at is not None and row.resolved_at >= row.detected_at and row.severity in ("P1", "P2")
    ]
    took = spread(lengths)
    return Month(
        declared=len(rows),
        answered=len(settled),
        in_time=len(in_time),
        lasted=None if took.median is None else timedelta(seconds=took.median),
        n=took.n,
    )
