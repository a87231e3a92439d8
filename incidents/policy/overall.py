"""What the page says of everything at once: one headline, and the same for readers of the Statuspage format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .components import IMPACT_OF, STATUS_OF, ComponentStatus, Impact, worst

HEADLINES: Mapping[ComponentStatus, str] = {
    ComponentStatus.OPERATIONAL: "All systems operational",
    ComponentStatus.MAINTENANCE: "Maintenance in progress",
    ComponentStatus.DEGRADED: "Some systems are degraded",
    ComponentStatus.PARTIAL: "Part of the service is down",
    ComponentStatus.MAJOR: "The service is down",
}
LOOKING_INTO_IT = "We are looking into a problem"

# the words that readers of the Statuspage format know
DESCRIPTIONS: Mapping[Impact, str] = {
    Impact.NONE: "All Systems Operational",
    Impact.MINOR: "Partially Degraded Service",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Major System Outage",
    Impact.MAINTENANCE: "Service Under Maintenance",
}


@dataclass(frozen=True)
class Overall:
    """The state of the whole page: the worst thing shown, and its sentence."""

    status: ComponentStatus
    headline: str

    @property
    def indicator(self) -> Impact:
        """none, minor, major, critical or maintenance, as ``status.indicator`` of the Statuspage format."""
        return IMPACT_OF[self.status]

    @property
    def description(self) -> str:
        """The sentence of ``status.description`` in the Statuspage format."""
        return DESCRIPTIONS[self.indicator]


def overall(shown: Iterable[str], *, unnamed: Iterable[str] = ()) -> Overall:
    """The page's state: the worst shown component, or an open incident that names no component.

    ``shown``: the status of each component as the page shows it. ``unnamed``: the impact of each open published
    incident that names none; it counts as that, and as minor at least.
    """
    components = worst(shown)
    incidents = worst(worst((STATUS_OF[impact], ComponentStatus.DEGRADED)) for impact in unnamed)
    if worst((components, incidents)) is components:
        return Overall(components, HEADLINES[components])
    minor = incidents is ComponentStatus.DEGRADED
    return Overall(incidents, LOOKING_INTO_IT if minor else HEADLINES[incidents])


def impact_of(statuses: Iterable[str]) -> Impact:
    """An incident's impact from every component status it ever published: the worst, none without trouble.

    Maintenance is no trouble; never the severity.
    """
    found = IMPACT_OF[worst(statuses)]
    return Impact.NONE if found is Impact.MAINTENANCE else found
