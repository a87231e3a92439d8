"""Who will get an update, in words that are true today: the status page and its feeds, or colleagues on the timeline."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..actions import asked, visibility
from ..policy.lifecycle import Visibility
from ..published import audience as public
from ..published import publishing
from ..published.audience import Scope
from ..published.incidents import PublishedIncident
from ..records.incidents import Incident
from ..records.people import Person, Role, active_people

_NAMED_AT_MOST = 3


def number(incident: Incident, components: Collection[str] = ()) -> int:
    """How many subscribers an update that names these components is told to."""
    if incident.visibility != Visibility.PUBLIC or incident.is_drill:
        return 0
    known = _published(incident)
    named = [update.components for update in known.updates] if known else []
    return public.count(Scope(components=public.touched([*named, components])))


def _published(incident: Incident) -> PublishedIncident | None:
    return asked.answer(("published", incident.id), lambda: publishing.find(incident.id))


def button(*, audience: str, subscribers: int, must_ask: bool = False) -> str:
    """What the button does, and to whom; ``must_ask``: a second pair of eyes reads it first."""
    if audience != "public":
        return "Tell colleagues"
    if must_ask:
        return "Ask for approval"
    return f"Publish and tell {in_words(subscribers)}" if subscribers else "Publish update"


def words(
    incident: Incident,
    *,
    audience: str,
    me: Person,
    subscribers: int = 0,
    is_silent: bool = False,
    must_ask: bool = False,
) -> str:
    """One or two sentences for under the button."""
    if audience != "public":
        return f"Goes on the timeline, where {_colleagues(incident, me)} can read it. The public does not see it."
    if incident.is_drill:
        return "A drill: it goes on the timeline, and nothing of it reaches the status page."
    if must_ask:
        return "Nothing is public, and no promise is kept, until somebody approves it."
    if _published(incident) is None:
        first = f"Puts {incident.ref} on the status page and its feeds, for the first time and at once."
    else:
        first = "Goes to the status page and its feeds at once."
    return f"{first} {_told(subscribers, is_silent=is_silent)}"


def _told(subscribers: int, *, is_silent: bool) -> str:
    if is_silent:
        return "Subscribers are not told. You can undo for 10 seconds."
    if not subscribers:
        return "No subscriber asked for this, so no message goes out. You can undo for 10 seconds."
    return (
        f"You can undo for 10 seconds; after that {in_words(subscribers)} {'is' if subscribers == 1 else 'are'} told."
    )


def in_words(number: int) -> str:
    """1 subscriber, 1,204 subscribers"""
    return "1 subscriber" if number == 1 else f"{number:,} subscribers"


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
