"""Who will get an update, in words that are true today: the status page and its feeds, or colleagues on the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from ..actions import visibility
from ..policy.lifecycle import Visibility
from ..published import publishing
from ..records.incidents import Incident
from ..records.people import Person, Role, active_people

_NAMED_AT_MOST = 3


def words(incident: Incident, *, audience: str, me: Person) -> str:
    """One or two sentences for under the button."""
    if audience != "public":
        return f"Goes on the timeline, where {_colleagues(incident, me)} can read it. The public does not see it."
    if incident.is_drill:
        return "A drill: it goes on the timeline, and nothing of it reaches the status page."
    if publishing.find(incident.id) is None:
        first = f"Puts {incident.ref} on the status page and its feeds, for the first time and at once."
    else:
        first = "Goes to the status page and its feeds at once."
    return f"{first} No e-mail goes out. You can undo for 10 seconds."


def _colleagues(incident: Incident, me: Person) -> str:
    if incident.visibility == Visibility.RESTRICTED:
        others = [person for person in visibility.named_people(incident) if person.id != me.id]
    else:
        others = [person for person in active_people(Role.VIEWER) if person.id != me.id]
    return _listed(others)


def _listed(people: Sequence[Person]) -> str:
    names = [person.name for person in people[:_NAMED_AT_MOST]]
    more = len(people) - len(names)
    if not names:
        return "nobody but you"
    if more:
        return f"{', '.join(names)} and {more} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
