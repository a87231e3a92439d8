"""While somebody declares: an open incident that looks like the same trouble, and past ones, as far as they may be seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select

from ..access.visibility import visible_incidents, visible_to
from ..kernel.database import db
from ..policy import similar
from ..policy.similar import Looks
from ..records.incidents import Incident, IncidentComponent
from ..records.people import Person
from ..reports.similar import Match, seen_before

_MOST_COMPARED = 300


@dataclass(frozen=True)
class Known:
    """What is known of such a trouble: an open incident, and past ones with how they ended."""

    same: Incident | None = None
    before: list[Match] = field(default_factory=list)


def look(title: str, components: Collection[str], *, viewer: Person) -> Known:
    """All of it, for the page of whoever declares; a fixed number of queries."""
    looks = Looks(title, "", frozenset(components))
    if not similar.telling_words(title):
        return Known()
    return Known(find(title, components, viewer=viewer), seen_before(looks, seen=visible_to(viewer)))


def find(title: str, components: Collection[str], *, viewer: Person) -> Incident | None:
    """The open incident most like it, or None. Two queries, however many are open."""
    open_ones = db.session.scalars(
        visible_incidents(viewer)
        .where(Incident.outcome.is_(None), Incident.is_drill.is_(False))
        .order_by(Incident.id.desc())
        .limit(_MOST_COMPARED)
    ).all()
    touched: dict[int, set[str]] = defaultdict(set)
    ids = [incident.id for incident in open_ones]
    for row in db.session.execute(
        select(IncidentComponent.incident_id, IncidentComponent.component_id).where(
            IncidentComponent.incident_id.in_(ids)
        )
    ):
        touched[row.incident_id].add(row.component_id)
    likeness = {
        incident.id: similar.likeness(
            title, incident.title, components=components, other_components=touched[incident.id]
        )
        for incident in open_ones
    }
    best = max(open_ones, key=lambda incident: likeness[incident.id], default=None)
    return best if best is not None and likeness[best.id] >= similar.ALIKE else None
