"""What the page shows of each component now, and of all of them in one word: baselines, open incidents, running work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..policy.components import ComponentStatus
from ..policy.overall import Overall, impact_of, overall
from ..policy.uptime import overlay
from .components import Component, all_components
from .incidents import PublishedIncident, PublishedUpdate
from .planning import running_components

Impacts = Mapping[int, Mapping[str, str]]


def open_impacts() -> dict[int, dict[str, str]]:
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


def of_component(component: Component, impacts: Impacts, worked_on: Collection[str]) -> str:
    """Its baseline, overlaid (see ``policy.uptime.overlay``)."""
    name = component.public_id
    said = [impact[name] for impact in impacts.values() if name in impact]
    return overlay(component.status, [*said, *([ComponentStatus.MAINTENANCE] if name in worked_on else [])])


def of_all(statuses: Sequence[tuple[Component, str]], impacts: Impacts) -> Overall:
    """The page's state in one word and one sentence."""
    shown = [status for component, status in statuses if component.is_shown]
    unnamed = [impact_of(said.values()) for said in impacts.values() if not _names_trouble(said.values())]
    return overall(shown, unnamed=unnamed)


def now() -> tuple[list[tuple[Component, str]], Overall]:
    """Every component that is not archived, in the page's order, as it is shown at present; and the whole."""
    impacts, worked_on = open_impacts(), running_components(clock.now())
    statuses = [(component, of_component(component, impacts, worked_on)) for component in all_components()]
    return statuses, of_all(statuses, impacts)


def _names_trouble(statuses: Iterable[str]) -> bool:
    return any(status != ComponentStatus.OPERATIONAL for status in statuses)
