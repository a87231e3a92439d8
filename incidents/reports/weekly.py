"""The week in follow-up work: what is late, due and done, and the post-mortems that are owed, for one reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from ..kernel.database import db
from ..policy.action_items import UNDONE, Group
from ..policy.lifecycle import Outcome, Visibility
from ..policy.zones import start_of_day
from ..records.action_items import ActionItem
from ..records.incidents import Incident, NamedViewer
from . import action_items
from .action_items import Row

_WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Week:
    """What one reader may know of it; ``reader_id`` is None for the channel of the team."""

    reader_id: int | None
    late: Sequence[Row]
    due: Sequence[Row]
    done: Sequence[Row]
    open_count: int
    postmortems: Sequence[Incident]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell: what is open and not due is no news."""
        return not (self.late or self.due or self.done or self.postmortems)

    @property
    def incident_ids(self) -> list[int]:
        """Of which incidents it tells."""
        rows = {row.incident.id for row in (*self.late, *self.due, *self.done)}
        return sorted(rows | {each.id for each in self.postmortems})


class Weeks:
    """Everything there is of the week that began on ``monday``, read once for all readers."""

    def __init__(self, monday: date, *, now: datetime, zone: ZoneInfo) -> None:
        since = start_of_day(monday - _WEEK, zone)
        is_news = or_(ActionItem.status.in_([*UNDONE]), ActionItem.done_at >= since)
        self._rows = action_items.rows(is_news, Incident.is_drill.is_(False), today=monday)
        self._postmortems = db.session.scalars(
            select(Incident)
            .where(
                Incident.outcome == Outcome.RESOLVED,
                Incident.closed_at.is_(None),
                Incident.postmortem_due_at < now,
                Incident.is_drill.is_(False),
            )
            .order_by(Incident.postmortem_due_at, Incident.id)
        ).all()
        self._monday = monday
        self._named = self._who_is_named()

    def of(self, reader_id: int | None) -> Week:
        """The week as that person may know it; without one, as everybody may."""
        seen = self._named.get(reader_id, set()) if reader_id is not None else set()

        def may_know(incident: Incident) -> bool:
            return incident.visibility != Visibility.RESTRICTED or incident.id in seen

        rows = [row for row in self._rows if may_know(row.incident)]
        undone = [row for row in rows if row.item.is_undone]
        return Week(
            reader_id=reader_id,
            late=[row for row in undone if row.group is Group.LATE],
            due=[row for row in undone if row.group is Group.DUE],
            done=[row for row in rows if not row.item.is_undone],
            open_count=len(undone),
            postmortems=[each for each in self._postmortems if may_know(each)],
        )

    def _who_is_named(self) -> dict[int, set[int]]:
        shut = {row.incident.id for row in self._rows if row.incident.visibility == Visibility.RESTRICTED}
        shut |= {each.id for each in self._postmortems if each.visibility == Visibility.RESTRICTED}
        named: dict[int, set[int]] = defaultdict(set)
        wanted = select(NamedViewer.person_id, NamedViewer.incident_id).where(
            NamedViewer.incident_id.in_(shut), NamedViewer.person_id.is_not(None)
        )
        for person_id, incident_id in db.session.execute(wanted) if shut else ():
            if person_id is not None:
                named[person_id].add(incident_id)
        return named
