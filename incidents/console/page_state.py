"""What the public page shows of each component now, for the console's margins; asked of the published records alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from flask import g, has_request_context
from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.requests import is_reading
from ..policy.components import ComponentStatus
from ..policy.overall import Overall, impact_of, overall
from ..policy.uptime import overlay
from ..published import planning
from ..published.components import Component, all_components
from ..published.incidents import PublishedIncident, PublishedUpdate

T = TypeVar("T")


def shown_components() -> list[tuple[Component, str]]:
    """Every component that is not archived, in the page's order, as the page shows it (see ``policy.uptime.overlay``)."""
    impacts = list(_once("impacts", _impacts).values())
    worked_on = _once("worked_on", lambda: planning.running_components(clock.now()))
    return [(component, _shown(component, impacts, worked_on)) for component in all_components()]


def _shown(component: Component, impacts: Iterable[Mapping[str, str]], worked_on: Collection[str]) -> str:
    name = component.public_id
    said = [impact[name] for impact in impacts if name in impact]
    return overlay(component.status, [*said, *([ComponentStatus.MAINTENANCE] if name in worked_on else [])])


def overall_now() -> Overall:
    """The page's state in one word and one sentence."""
    impacts = _once("impacts", _impacts)
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


def _once(what: str, ask: Callable[[], T]) -> T:
    """Ask once per look at a screen: its margins and its middle want the same, and nothing changes meanwhile."""
    if not has_request_context() or not is_reading():
        return ask()
    known: dict[str, T] = g.setdefault("page_state", {})
    if what not in known:
        known[what] = ask()
    return known[what]


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
