"""Roles, groups and people by name, for the screens of on call."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from ...actions import words
from ...kernel.database import db
from ...records.oncall import OnCallRole, PersonGroup, people_of_group
from ...records.people import Person


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


def called(word: str) -> str:
    """How people call what a word of the policy means, such as ``Primary`` for ``rotation:1``."""
    return words.labels([word], words.choices())[word]
