"""While somebody declares: an open incident that looks like the same trouble, and past ones, as far as they may be seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ..access.visibility import visible_to
from ..policy import similar
from ..policy.similar import Looks
from ..records.incidents import Incident
from ..records.people import Person
from ..reports.similar import Match, seen_before, still_open


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
    """The open incident most like it, or None."""
    return still_open(title, components, seen=visible_to(viewer))
