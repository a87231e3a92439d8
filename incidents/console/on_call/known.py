"""Roles, groups, people and rotations by name, for the screens of on call."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from ...actions import oncall
from ...kernel.database import db
from ...records.oncall import OnCallRole, PersonGroup, Rotation, groups, people_of_group, rotations
from ...records.people import Person, Role, active_people, find_person


def roles() -> list[OnCallRole]:
    """The roles that were assigned, in their order."""
    return list(db.session.scalars(select(OnCallRole).order_by(OnCallRole.position, OnCallRole.label)))


def members(group: PersonGroup) -> list[Person]:
    """The group's active people, by name."""
    return [person for person in people_of_group(group.id) if person.is_active]


def names(ids: Iterable[int | None]) -> dict[int, str]:
    """The name of each of these people."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    return {row.id: row.name for row in db.session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))}


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What a role may resolve to, under headings: (word, how it is called)."""
    found = [
        ("Rotations", [(f"rotation:{each.id}", each.name) for each in rotations()]),
        ("Groups", [(f"group:{each.id}", each.name) for each in groups()]),
        ("People", [(f"person:{each.email}", each.name) for each in active_people(Role.RESPONDER)]),
    ]
    return [(heading, words) for heading, words in found if words]


def called(word: str) -> str:
    """How people call what a word of the policy means, such as ``Primary`` for ``rotation:1``."""
    kind, _colon, name = word.partition(":")
    if kind == "person":
        person = find_person(name)
        return person.name if person else name
    if kind == "role":
        return _role_label(name)
    if kind in ("rotation", "group") and name.isdigit():
        found: Rotation | PersonGroup | None
        found = db.session.get(Rotation, int(name)) if kind == "rotation" else db.session.get(PersonGroup, int(name))
        return found.name if found is not None else f"A {kind} that is gone"
    return {
        "on_call": _role_label(oncall.ON_CALL_ENGINEER),
        "responders": "All responders",
        "any_responder": "Any engineer, one in turn",
    }.get(word, word)


def _role_label(slug: str) -> str:
    labels = oncall.role_labels()
    return labels.get(slug) or (slug.upper() if len(slug) <= 3 else slug.replace("_", " ").capitalize())
