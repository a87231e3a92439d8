"""The five things a component can be, how bad each is, and what the whole page then is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class ComponentStatus(StrEnum):
    """Words of the Statuspage v2 API, in the order in which its readers list them."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded_performance"
    PARTIAL = "partial_outage"
    MAJOR = "major_outage"
    MAINTENANCE = "under_maintenance"


class Impact(StrEnum):
    """How hard an incident hits the public: its worst component so far, never its severity."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"


# Announced work is better than trouble and worse than nothing.
BADNESS: Mapping[str, int] = {
    ComponentStatus.OPERATIONAL: 0,
    ComponentStatus.MAINTENANCE: 1,
    ComponentStatus.DEGRADED: 2,
    ComponentStatus.PARTIAL: 3,
    ComponentStatus.MAJOR: 4,
}

IMPACT_OF: Mapping[str, Impact] = {
    ComponentStatus.OPERATIONAL: Impact.NONE,
    ComponentStatus.DEGRADED: Impact.MINOR,
    ComponentStatus.PARTIAL: Impact.MAJOR,
    ComponentStatus.MAJOR: Impact.CRITICAL,
    ComponentStatus.MAINTENANCE: Impact.MAINTENANCE,
}

STATUS_OF: Mapping[str, ComponentStatus] = {impact: ComponentStatus(status) for status, impact in IMPACT_OF.items()}


def worst(statuses: Iterable[str]) -> ComponentStatus:
    """The worst of these; operational when there are none."""
    return ComponentStatus(max(statuses, key=BADNESS.__getitem__, default=ComponentStatus.OPERATIONAL))
