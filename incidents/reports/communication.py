"""The communication template of an incident at this moment, and the values that message templates may hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ..kernel.database import db
from ..policy import communication
from ..policy.components import ComponentStatus
from ..policy.lifecycle import PublicStatus, Step, default_public_status
from ..policy.severity import Severity
from ..published.components import Component
from ..published.page_settings import page_settings
from ..records.incidents import Incident, IncidentComponent, IncidentRole
from ..records.people import Person
from ..records.updates import Update


def template_text(incident: Incident, *, for_public: bool = False) -> str:
    """The seven lines of product.md §4.

    For the public, CURRENT STATUS is the latest public update, the impact in words, which is internal, is left out,
    and the line SEVERITY with it unless the page shows severities: what is copied from here for the public may say no
    more than the status page does (DESIGN §9 and §17.3). The seven lines are exact for colleagues.
    """
    page = page_settings()
    latest = latest_text(incident, public_only=for_public)
    text = _composed(incident, latest, ZoneInfo(page.zone), impact=None if for_public else incident.impact)
    if for_public and not page.shows_severity:
        return "\n".join(line for line in text.split("\n") if not line.startswith("SEVERITY: "))
    return text


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


def placeholder_values(
    incident: Incident,
    *,
    base_url: str,
    page_url: str,
    for_public: bool = True,
    public_status: str | None = None,
    next_update: datetime | None = None,
) -> dict[str, str]:
    """What ``{{placeholders}}`` of a message template become (``policy.communication.PLACEHOLDERS``).

    ``for_public``: those in ``policy.communication.INTERNAL`` are empty, the latest update is the latest public one,
    the severity is told only where the page shows it, the status is the public one, and only components that stand on
    the page are named. ``public_status`` is the one chosen, ``next_update`` what the text would promise.
    """
    page = page_settings()
    zone = ZoneInfo(page.zone)
    promised = next_update or incident.next_update_due_at
    values = {
        "incident.ref": incident.ref,
        "incident.title": incident.title,
        "incident.severity": f"{incident.severity} {Severity(incident.severity).label}",
        "incident.status": incident.status,
        "incident.step": Step(incident.step).label,
        "incident.impact": incident.impact or "not yet known",
        "incident.start": communication.plain_time(incident.began_at, zone),
        "incident.commander": _holder(incident, "commander"),
        "incident.communications_lead": _holder(incident, "communications_lead"),
        "incident.url": f"{base_url}/console/incidents/{incident.ref}",
        # where none is named a sentence for the public still has to be one
        "components": ", ".join(component_names(incident, only_shown=for_public))
        or ("our service" if for_public else ""),
        "update.latest": latest_text(incident, public_only=for_public) or "no update yet",
        "update.next": communication.plain_time(promised, zone) if promised else "none planned",
        "page.name": page.name,
        "page.url": page_url,
        "page.support_url": page.support_url or "",
    }
    return _for_public(values, incident, public_status, shows_severity=page.shows_severity) if for_public else values


def _for_public(
    values: dict[str, str], incident: Incident, public_status: str | None, *, shows_severity: bool
) -> dict[str, str]:
    status = public_status or default_public_status(Step(incident.step), in_place=incident.mitigated_at is not None)
    severity = {} if shows_severity else {"incident.severity": ""}
    return {
        **values,
        **dict.fromkeys(communication.INTERNAL, ""),
        **severity,
        "incident.status": PublicStatus(status).label,
    }


def component_names(incident: Incident, *, only_shown: bool = False) -> list[str]:
    """The names of the affected components, in the page's order; of those on the page alone where that is asked."""
    wanted = (
        select(Component.name)
        .join(IncidentComponent, IncidentComponent.component_id == Component.public_id)
        .where(IncidentComponent.incident_id == incident.id, IncidentComponent.status != ComponentStatus.OPERATIONAL)
    )
    if only_shown:
        wanted = wanted.where(Component.is_shown, Component.archived_at.is_(None))
    return list(db.session.scalars(wanted.order_by(Component.group_id, Component.position)))


def names_of_components(incidents: Sequence[Incident]) -> dict[int, list[str]]:
    """The names of the affected components of many incidents, by incident id, in one query."""
    found: dict[int, list[str]] = {incident.id: [] for incident in incidents}
    wanted = (
        select(IncidentComponent.incident_id, Component.name)
        .join(Component, IncidentComponent.component_id == Component.public_id)
        .where(IncidentComponent.incident_id.in_(found), IncidentComponent.status != ComponentStatus.OPERATIONAL)
    )
    for incident_id, name in db.session.execute(wanted.order_by(Component.group_id, Component.position)):
        found[incident_id].append(name)
    return found


def _holder(incident: Incident, role: str) -> str:
    name = db.session.scalar(
        select(Person.name)
        .join(IncidentRole, IncidentRole.person_id == Person.id)
        .where(IncidentRole.incident_id == incident.id, IncidentRole.role == role, IncidentRole.until.is_(None))
    )
    return name or "nobody yet"
