"""What the public page shows of each component now, for the console's margins; asked of the published records alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import g, has_request_context
from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.requests import is_reading
from ..policy.overall import Overall
from ..published import planning, shown
from ..published.components import Component, all_components
from ..published.incidents import PublishedIncident, PublishedUpdate

T = TypeVar("T")


def shown_components() -> list[tuple[Component, str]]:
    """Every component that is not archived, in the page's order, as the page shows it."""
    impacts = _once("impacts", shown.open_impacts)
    worked_on = _once("worked_on", lambda: planning.running_components(clock.now()))
    return [(component, shown.of_component(component, impacts, worked_on)) for component in all_components()]


def overall_now() -> Overall:
    """The page's state in one word and one sentence."""
    return shown.of_all(shown_components(), _once("impacts", shown.open_impacts))


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
