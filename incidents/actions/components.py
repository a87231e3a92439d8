"""Which components an incident touches, as the team sees it; publishing them is an update's business."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from ..kernel.database import db
from ..published.components import all_components
from ..records.actors import Actor
from ..records.incidents import Incident, IncidentComponent
from . import allowed, journal, watch


def set_components(incident: Incident, statuses: Mapping[str, str], *, by: Actor) -> dict[str, str]:
    """Say which components are affected and how; an empty mapping says "none affected". Others are dropped.

    Raises Malformed for an unknown component or status.
    """
    wanted = allowed.known_components(statuses)
    now_known = {row.component_id: row for row in rows_of(incident)}
    if wanted == {name: row.status for name, row in now_known.items()} and incident.components_answered:
        return wanted
    for component_id, row in now_known.items():
        if component_id not in wanted:
            db.session.delete(row)
        else:
            row.status = wanted[component_id]
    for component_id in wanted.keys() - now_known.keys():
        db.session.add(
            IncidentComponent(incident_id=incident.id, component_id=component_id, status=wanted[component_id])
        )
    incident.components_answered = True
    names = {component.public_id: component.name for component in all_components()}
    journal.write(
        incident,
        "component",
        by=by,
        detail={"components": {names.get(each, each): status for each, status in wanted.items()}},
    )
    db.session.flush()
    watch.rearm(incident)
    return wanted


def rows_of(incident: Incident) -> list[IncidentComponent]:
    """The rows, in the order they were named."""
    return list(
        db.session.scalars(
            select(IncidentComponent).where(IncidentComponent.incident_id == incident.id).order_by(IncidentComponent.id)
        )
    )


def statuses_of(incident: Incident) -> dict[str, str]:
    """Component public id → status, as the team sees it."""
    return {row.component_id: row.status for row in rows_of(incident)}
