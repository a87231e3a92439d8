"""Whom incidents called, and how often at night: a call is a line of the timeline that says who was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, text

from ...kernel.database import db
from ...policy import nights
from ...policy.lifecycle import Outcome
from ...records.incidents import Incident
from ...records.timeline import TOLD, TimelineEntry


@dataclass
class Calls:
    """How often somebody was called in, of these at night, and by what proved a false alarm."""

    times: int = 0
    at_night: int = 0
    by_false_alarms: int = 0


def calls(
    visible: ColumnElement[bool], *, since: datetime, until: datetime, zones: Mapping[int, ZoneInfo]
) -> dict[int, Calls]:
    """By the people's numbers; ``zones`` says where each lives. Drills are left out: those people agreed."""
    wanted = (
        select(TimelineEntry.at, TimelineEntry.detail, Incident.outcome)
        .join(Incident, Incident.id == TimelineEntry.incident_id)
        .where(
            text(TOLD),
            TimelineEntry.at >= since,
            TimelineEntry.at < until,
            Incident.is_drill.is_(False),
            visible,
        )
    )
    found: dict[int, Calls] = {}
    for at, detail, outcome in db.session.execute(wanted):
        for number in detail.get("person_ids", ()):
            mine = found.setdefault(number, Calls())
            mine.times += 1
            mine.at_night += number in zones and nights.is_night(at, zones[number])
            mine.by_false_alarms += outcome == Outcome.FALSE_ALARM
    return found
