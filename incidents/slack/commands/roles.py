"""``role``: who does what in an incident."""

from __future__ import annotations

from ... import actions
from ...actions import roles, slack_people
from ...kernel.errors import NotAllowed
from ...records.incidents import Incident
from ...records.people import Person, Role, active_people
from ..replies import Reply
from . import markup
from .asked import Asked, nearest


def role(asked: Asked) -> Reply:
    """``role [INC-42] [commander] @ada``, ``… me``, ``… none``; without a person it says who holds what."""
    incident, rest = asked.incident()
    if not rest.text:
        return _held(asked, incident)
    word, named = _parts(rest)
    slug = _slug(word)
    if named == "none":
        actions.remove_role(incident, role=slug, by=asked.by)
        return Reply(f"{incident.ref} has nobody as {roles.role_labels()[slug].lower()} now.")
    person = _meant(asked, rest, named)
    actions.assign_role(incident, role=slug, person=person, by=asked.by)
    return Reply(
        f"{person.name} is {roles.role_labels()[slug].lower()} of {incident.ref}.", buttons=[asked.room(incident)]
    )


def _held(asked: Asked, incident: Incident) -> Reply:
    holders = {held.role: person.name for held, person in roles.current_roles(incident)}
    return Reply(
        f"Roles in {incident.ref}",
        [f"{label}: {holders.get(slug, 'nobody')}" for slug, label in roles.role_labels().items()],
        [asked.form("Give a role…", f"roles:{incident.ref}", f"/incidents/{incident.ref}/roles"), asked.room(incident)],
    )


def _parts(rest: Asked) -> tuple[str, str]:
    """The role, and the person as they were named: by a mention, or by the last word (or the first, with an @)."""
    if markup.people_in(rest.words):
        return markup.without_people(rest.words), ""
    words = rest.text.split()
    if len(words) > 1 and words[0].startswith("@"):
        return " ".join(words[1:]), words[0]
    return " ".join(words[:-1]), words[-1]


def _slug(word: str) -> str:
    """The role with this name; the commander where none was named."""
    if not word:
        return roles.COMMANDER
    labels = roles.role_labels()
    names = {name: slug for slug, label in labels.items() for name in (label.lower(), slug)}
    found = names.get(word.lower())
    if found is None:
        close = nearest(word, [*names])
        meant = f" Did you mean {labels[names[close]].lower()}?" if close else ""
        raise NotAllowed(f"There is no role “{word}”.{meant} Choose one of {', '.join(labels.values())}.")
    return found


def _meant(asked: Asked, rest: Asked, named: str) -> Person:
    mentioned = markup.people_in(rest.words)
    if len(mentioned) > 1:
        raise NotAllowed("Name one person.")
    if mentioned:
        found = slack_people.person_of(asked.team, mentioned[0])
        if found is None:
            raise NotAllowed("Sevenbells does not know who that is in Slack. Name them by their e-mail address.")
        return found
    if named.lower() == "me":
        return asked.known()
    name = named.removeprefix("@").lower()
    fitting = [person for person in active_people(Role.RESPONDER) if name in _names(person)]
    if len(fitting) != 1:
        raise NotAllowed(
            f"{'Several responders are' if fitting else 'No responder is'} called {named}. Use an e-mail address."
        )
    return fitting[0]


def _names(person: Person) -> set[str]:
    return {person.email, person.email.partition("@")[0], person.name.lower(), *person.name.lower().split()[:1]}
