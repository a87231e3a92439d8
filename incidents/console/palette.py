"""The palette: what can be done in this incident, and where one can go; what is found comes after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..access import Role
from ..policy.lifecycle import STEPS, Outcome, Step
from ..records.incidents import Incident
from ..records.people import Person
from .settings_places import settings_places


@dataclass(frozen=True, kw_only=True)
class Place:
    """Something to choose: its words, where it leads, the key that does the same, and a quieter line."""

    words: str
    href: str
    key: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Places of one kind."""

    heading: str
    places: Sequence[Place]


def matching(groups: Sequence[Group], wanted: str) -> Iterator[Group]:
    """Of each group what has every word of the question in it."""
    words = wanted.casefold().split()
    for group in groups:
        left = [place for place in group.places if all(word in place.words.casefold() for word in words)]
        if left:
            yield Group(heading=group.heading, places=left)


def acts(incident: Incident | None, person: Person) -> list[Group]:
    """What this person can do in the incident on the screen, as it now stands."""
    if incident is None or not person.may(Role.RESPONDER):
        return []
    room = f"/console/incidents/{incident.ref}"
    possible = _while_open(incident) if incident.is_open else _once_over(incident)
    possible += [
        ("Write a note", "notes", "N"),
        ("Change severity", "severity", ""),
        ("Change roles", "roles", ""),
        ("Edit components", "components", ""),
        ("Edit title, impact and times", "details", ""),
        ("Edit tags", "tags", ""),
        ("Relate another incident", "relations", ""),
        ("Change who sees it", "visibility", ""),
        ("Who was told", "deliveries", ""),
        ("Everything on record", "audit", ""),
    ]
    return [
        Group(
            heading=f"In {incident.ref}",
            places=[
                Place(words=f"{words}, {incident.ref}", href=f"{room}/{path}", key=key) for words, path, key in possible
            ],
        )
    ]


def _while_open(incident: Incident) -> list[tuple[str, str, str]]:
    acts = [("Post update", "updates", "U"), ("No change", "updates/no-change", "")]
    if not incident.is_acknowledged:
        acts.insert(0, ("Acknowledge", "acknowledgement", "A"))
    following = Step(incident.step).number  # the seven count from one: this is the index of the next
    if following < len(STEPS) - 1:
        step = Step(STEPS[following])
        acts.append((f"Start {step.label.lower()}", f"steps?step={step.value}", "S"))
    return [
        *acts,
        ("Escalate", "escalations", "E"),
        ("Snooze the reminder", "snoozes", ""),
        ("Resolve", "resolution", ""),
        ("Merge into another", "merge", ""),
    ]


def _once_over(incident: Incident) -> list[tuple[str, str, str]]:
    acts = [("Reopen", "reopening", "")]
    return [("Post-mortem", "postmortem", ""), *acts] if incident.outcome == Outcome.RESOLVED else acts


def ways(person: Person) -> list[Group]:
    ways = [
        Place(words="Now", href="/console/", key="G N"),
        Place(words="Incidents", href="/console/incidents", key="G I"),
    ]
    ways.append(Place(words="On call", href="/console/on-call", key="G O"))
    ways.append(Place(words="Post-mortems", href="/console/postmortems", key="G P"))
    ways += [
        Place(words="Rotations", href="/console/on-call/rotations", note="On call"),
        Place(words="Roles and groups: who the lead and the CTO are", href="/console/on-call/roles", note="On call"),
        Place(words="Calendar subscriptions", href="/console/on-call/calendars", note="On call"),
    ]
    if person.may(Role.RESPONDER):
        ways += [
            Place(words="Cover a shift", href="/console/on-call/overrides/new", note="On call"),
            Place(words="Ask for a swap", href="/console/on-call/swaps/new", note="On call"),
        ]
        ways.insert(0, Place(words="Declare incident", href="/console/incidents/new", key="C"))
    ways.append(Place(words="My page: zone, password, keys, bell", href="/console/me"))
    ways.append(Place(words="My notifications: addresses, order, quiet hours, test", href="/console/me/notifications"))
    for heading, places in settings_places():
        ways += [Place(words=f"Settings: {word}", href=href, note=heading) for _name, word, href in places]
    return [Group(heading="Go to", places=ways)]
