"""Announces work for tests, as an action would."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from incidents.actions import maintenance
from incidents.kernel import clock
from incidents.published.maintenances import Maintenance
from incidents.records.actors import Actor

MAYA = Actor("person", None, "Maya Lindqvist")


def make_work(
    title: str = "Database upgrade",
    *,
    in_minutes: float = 60,
    lasts: float = 60,
    body: str = "Billing is read-only.",
    components: list[str] | None = None,
    **more: Any,
) -> Maintenance:
    """Planned to begin in so many minutes."""
    starts_at = clock.now() + timedelta(minutes=in_minutes)
    said = maintenance.words(title=title, body=body, components=components or [], **more)
    return maintenance.plan(said, by=MAYA, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=lasts))


def make_series(
    rule: str = "FREQ=WEEKLY;BYDAY=TU",
    *,
    zone: str = "Europe/Berlin",
    begins: str = "2026-11-24T22:00",
    lasts: float = 90,
    title: str = "Weekly upgrades",
    **more: Any,
) -> list[Maintenance]:
    """Work that comes again; its next occurrences."""
    said = maintenance.words(title=title, **more)
    return maintenance.plan_series(
        said,
        by=MAYA,
        rule=rule,
        zone=zone,
        local_start=datetime.fromisoformat(begins),
        lasts=timedelta(minutes=lasts),
    )
