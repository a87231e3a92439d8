"""How long things took: detect from impact to detection, the others from detection to the first such event.

Source of the definitions: the contract's post-mortem resource; resolve runs to the last resolution.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ...kernel.database import db
from ...policy.lifecycle import Outcome
from ...policy.postmortems import Duration, DurationState, measure
from ...records.incidents import Incident
from ...records.timeline import TimelineEntry
from .record import Record

NAMES = ("detect", "acknowledge", "communicate", "mitigate", "resolve")


def durations(incident: Incident) -> dict[str, Duration]:
    """The five durations by name, with one query."""
    first = (
        select(TimelineEntry.at)
        .where(TimelineEntry.incident_id == incident.id, TimelineEntry.kind == "mitigated")
        .order_by(TimelineEntry.at)
        .limit(1)
    )
    return _measured(incident, mitigated_at=db.session.scalar(first))


def durations_of(record: Record) -> dict[str, Duration]:
    """The same of a record that was read already."""
    first = record.first("mitigated")
    return _measured(record.incident, mitigated_at=first.at if first else None)


def _measured(incident: Incident, *, mitigated_at: datetime | None) -> dict[str, Duration]:
    over = not incident.is_open
    began = incident.detected_at
    return {
        "detect": measure(
            incident.impact_started_at, began, missing="Nobody has recorded when the impact began.", is_final=False
        ),
        "acknowledge": _acknowledge(incident),
        "communicate": measure(
            began, incident.first_communicated_at, missing=_not_communicated(incident), is_final=over
        ),
        "mitigate": measure(
            began,
            # a reopening forgets the fix that did not hold; the timeline keeps the first one
            mitigated_at or incident.mitigated_at,
            missing="It ended without a fix recorded as in place." if over else "No fix is in place yet.",
            is_final=over,
        ),
        "resolve": _resolve(incident),
    }


def _acknowledge(incident: Incident) -> Duration:
    if incident.pages_nobody:
        return Duration(DurationState.NOT_APPLICABLE, None, "It was declared when it was over, and nobody was called.")
    return measure(
        incident.detected_at,
        incident.acknowledged_at,
        missing="It ended without an acknowledgement." if not incident.is_open else "Nobody has acknowledged it yet.",
        is_final=not incident.is_open,
    )


def _not_communicated(incident: Incident) -> str:
    if incident.no_communication_reason:
        return f"None was owed: {incident.no_communication_reason}"
    return "Nobody was told yet." if incident.is_open else "It ended without a word to anybody."


def _resolve(incident: Incident) -> Duration:
    if incident.outcome == Outcome.MERGED:
        return Duration(DurationState.NOT_APPLICABLE, None, "It was merged into another incident.")
    if incident.outcome == Outcome.FALSE_ALARM:
        return Duration(DurationState.NOT_APPLICABLE, None, "It was a false alarm.")
    return measure(incident.detected_at, incident.resolved_at, missing="It is not resolved yet.", is_final=False)
