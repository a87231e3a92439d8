"""What the public page shows of each component now, for the console's margins; asked of the published records alone."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from ..kernel.database import db
from ..policy.components import ComponentStatus, worst
from ..policy.overall import Overall, impact_of, overall
from ..published.components import Component, all_components
from ..published.incidents import PublishedIncident, PublishedUpdate


def shown_components() -> list[tuple[Component, str]]:
    """Every component that is not archived, in the page's order, with its baseline overlaid by open incidents."""
    impacts = list(_impacts().values())
    return [
        (
            component,
            worst([component.status, *(said[component.public_id] for said in impacts if component.public_id in said)]),
        )
        for component in all_components()
    ]


def overall_now() -> Overall:
    """The page's state in one word and one sentence."""
    impacts = _impacts()
    shown = [status for component, status in shown_components() if component.is_shown]
    unnamed = [impact_of(said.values()) for said in impacts.values() if not _names_trouble(said.values())]
    return overall(shown, unnamed=unnamed)


def published_impact(incident_id: int) -> dict[str, str]:
    """What an incident has said to the public of each component so far."""
    told = db.session.execute(
        select(PublishedUpdate.components)
        .join(PublishedIncident, PublishedUpdate.published_incident_id == PublishedIncident.id)
        .where(PublishedIncident.incident_id == incident_id)
        .order_by(PublishedUpdate.display_at, PublishedUpdate.id)
    )
    impact: dict[str, str] = {}
    for (components,) in told:
        impact.update(components)
    return impact


def _impacts() -> dict[int, dict[str, str]]:
    """Published incidents that are open, each with the latest word on every component it named."""
    told = db.session.execute(
        select(PublishedIncident.id, PublishedUpdate.components)
        .join(PublishedUpdate, PublishedUpdate.published_incident_id == PublishedIncident.id)
        .where(PublishedIncident.ended_at.is_(None))
        .order_by(PublishedUpdate.display_at, PublishedUpdate.id)
    )
    impacts: dict[int, dict[str, str]] = {}
    for incident_id, components in told:
        impacts.setdefault(incident_id, {}).update(components)
    return impacts


def _names_trouble(statuses: Iterable[str]) -> bool:
    return any(status != ComponentStatus.OPERATIONAL for status in statuses)
