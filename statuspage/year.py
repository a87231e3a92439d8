"""The year behind the ninety days: read when a component's page is asked for, and kept until the records change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from incidents.policy import uptime
from incidents.policy.uptime import Interval

from . import records as rows
from .records import ComponentRow, GroupRow
from .story import tell
from .told import Told, troubles_of
from .work import Work
from .work_records import read_works_over_between

# What a day's two ends may add in any zone, and the day for which records are kept.
_REACH = timedelta(days=max(uptime.WINDOWS) + 3)


@dataclass(frozen=True)
class Year:
    """What each component went through in a year, by public id; as long as the records are ``told``."""

    told: Told
    by_component: Mapping[str, tuple[Interval, ...]]

    def troubles(self, row: ComponentRow | GroupRow) -> tuple[tuple[Interval, ...], datetime]:
        """The same as ``Told.troubles``, for a year."""
        if isinstance(row, ComponentRow):
            return self.by_component.get(row.public_id, ()), self.told.began(row)
        return uptime.together(self.troubles(one) for one in self.told.members(row))


def read(connection: Connection, told: Told) -> Year:
    """The year up to when the records were read: what they hold, and what ended before they begin."""
    since, until = told.records.read_at - _REACH, told.records.read_at - rows.REACH
    known = {row.public_id for row in told.records.incidents}
    known |= {work.id for work in told.works}
    incidents = [
        tell(row, told.names) for row in rows.read_ended_between(connection, since, until) if row.public_id not in known
    ]
    works = [
        Work(row, told.names) for row in read_works_over_between(connection, since, until) if row.public_id not in known
    ]
    baselines = rows.baselines_since(connection, since)
    found = troubles_of(told.records.components, baselines, [*told.incidents, *incidents], [*told.works, *works])
    return Year(told, found)
