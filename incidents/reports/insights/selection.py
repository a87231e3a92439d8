"""Which incidents are asked about: those somebody may see, in a period, and what narrows them further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from ...policy.lifecycle import Outcome
from ...records.incidents import Incident, IncidentComponent
from ...records.tags import IncidentTag


@dataclass(frozen=True, kw_only=True)
class Selection:
    """``visible`` is ``access.visibility.visible_to(viewer)``; without a time the period has no such end.

    An incident belongs to the period in which it was detected, and has the severity that it had last.
    """

    visible: ColumnElement[bool]
    since: datetime | None = None
    until: datetime | None = None
    severities: Sequence[str] = ()
    component: str = ""
    cause: str = ""
    tag: str = ""

    @property
    def asked(self) -> list[ColumnElement[bool]]:
        """Everything that it takes, drills, false alarms and merged ones among it."""
        conditions = [self.visible]
        if self.since is not None:
            conditions.append(Incident.detected_at >= self.since)
        if self.until is not None:
            conditions.append(Incident.detected_at < self.until)
        if self.severities:
            conditions.append(Incident.severity.in_(self.severities))
        if self.component:
            named = select(IncidentComponent.incident_id).where(IncidentComponent.component_id == self.component)
            conditions.append(Incident.id.in_(named))
        if self.cause:
            conditions.append(Incident.cause == self.cause)
        if self.tag:
            tagged = select(IncidentTag.incident_id).where(IncidentTag.tag == self.tag)
            conditions.append(Incident.id.in_(tagged))
        return conditions

    @property
    def counted(self) -> list[ColumnElement[bool]]:
        """What figures are made of: what was merged is counted in the incident that it was merged into."""
        return [*self.asked, *COUNTED]


COUNTED = (
    Incident.is_drill.is_(False),
    Incident.outcome.is_(None) | (Incident.outcome == Outcome.RESOLVED),
)
