"""The communication template of an incident at this moment, and the values that message templates may hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ..kernel.database import db
from ..policy import communication
from ..policy.lifecycle import Step
from ..policy.severity import Severity
from ..published.components import Component
from ..published.page_settings import page_settings
from ..records.incidents import Incident, IncidentComponent, IncidentRole
from ..records.people import Person
from ..records.updates import Update


def template_text(incident: Incident, *, for_public: bool = False) -> str:
    """The seven lines of product.md §4.

    For the public, CURRENT STATUS is the latest public update, and the impact in words, which is internal, is left out.
    """
    latest = latest_text(incident, public_only=for_public)
    return _composed(incident, latest, ZoneInfo(page_settings().zone), impact=None if for_public else incident.impact)


def template_texts(incidents: Sequence[Incident]) -> dict[int, str]:
    """The same for colleagues and many incidents, by incident id, in two queries."""
    zone = ZoneInfo(page_settings().zone)
    latest = _latest_texts([incident.id for incident in incidents])
    return {
        incident.id: _composed(incident, latest.get(incident.id), zone, impact=incident.impact)
        for incident in incidents
    }


def _composed(incident: Incident, current_status: str | None, zone: ZoneInfo, *, impact: str | None) -> str:
    start_kind: Literal["impact", "detected"] = "impact" if incident.impact_started_at else "detected"
    return communication.compose(
        title=incident.title,
        severity=incident.severity,
        status=incident.status,
        impact=impact,
        start=incident.began_at,
        start_kind=start_kind,
        current_status=current_status,
        next_update=incident.next_update_due_at,
        zone=zone,
    )


def _latest_texts(incident_ids: Sequence[int]) -> dict[int, str]:
    place = func.row_number().over(
        partition_by=Update.incident_id, order_by=(Update.display_at.desc(), Update.id.desc())
    )
    ranked = (
        select(Update.incident_id, Update.body, place.label("place"))
        .where(Update.incident_id.in_(incident_ids), Update.state == "published")
        .subquery()
    )
    newest = select(ranked.c.incident_id, ranked.c.body).where(ranked.c.place == 1)
    return {row.incident_id: row.body for row in db.session.execute(newest)}


def latest_text(incident: Incident, *, public_only: bool = False) -> str | None:
    """The words of the newest update that was made known."""
    wanted = select(Update.body).where(Update.incident_id == incident.id, Update.state == "published")
    if public_only:
        wanted = wanted.where(Update.audience == "public")
    return db.session.scalars(wanted.order_by(Update.display_at.desc(), Update.id.desc()).limit(1)).one_or_none()


def placeholder_values(incident: Incident, *, base_url: str, page_url: str, for_public: bool = True) -> dict[str, str]:
    """What ``{{placeholders}}`` of a message template become (``policy.communication.PLACEHOLDERS``).

    ``for_public``: the latest update is the latest public one, and the impact in words, which is internal, is empty.
    """
    page = page_settings()
    zone = ZoneInfo(page.zone)
    next_update = incident.next_update_due_at
    return {
        "incident.ref": incident.ref,
        "incident.title": incident.title,
        "incident.severity": f"{incident.severity} {Severity(incident.severity).label}",
        "incident.status": incident.status,
        "incident.step": Step(incident.step).label,
        "incident.impact": "" if for_public else incident.impact or "not yet known",
        "incident.start": communication.iso_time(incident.began_at, zone),
        "incident.commander": _holder(incident, "commander"),
        "incident.communications_lead": _holder(incident, "communications_lead"),
        "incident.url": f"{base_url}/console/incidents/{incident.ref}",
        "components": ", ".join(component_names(incident)),
        "update.latest": latest_text(incident, public_only=for_public) or "no update yet",
        "update.next": communication.iso_time(next_update, zone) if next_update else "none planned",
        "page.name": page.name,
        "page.url": page_url,
        "page.support_url": page.support_url or "",
    }


def component_names(incident: Incident) -> list[str]:
    """The names of the affected components, in the page's order."""
    return list(
        db.session.scalars(
            select(Component.name)
            .join(IncidentComponent, IncidentComponent.component_id == Component.public_id)
            .where(IncidentComponent.incident_id == incident.id)
            .order_by(Component.group_id, Component.position)
        )
    )


def _holder(incident: Incident, role: str) -> str:
    name = db.session.scalar(
        select(Person.name)
        .join(IncidentRole, IncidentRole.person_id == Person.id)
        .where(IncidentRole.incident_id == incident.id, IncidentRole.role == role, IncidentRole.until.is_(None))
    )
    return name or "nobody yet"
