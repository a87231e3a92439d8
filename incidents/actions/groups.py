"""Groups: people who are told together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..records.actors import Actor
from ..records.oncall import NAME_LENGTH, GroupMember, PersonGroup
from ..records.people import Person
from . import audit, journal
from .rotations import who_uses

MOST_PEOPLE = 200


def create_group(*, by: Actor, name: str, people: Sequence[Person]) -> PersonGroup:
    """Add a group. Raises Malformed (``name``, ``people``)."""
    group = PersonGroup(name=_free_name(name, but=None))
    _check(people)
    db.session.add(group)
    db.session.flush()
    _write_members(group, people)
    audit.note("added the group", by=by, subject=group.name, people=[person.email for person in people])
    return group


def change_group(
    group: PersonGroup, *, by: Actor, name: str | None = None, people: Sequence[Person] | None = None
) -> PersonGroup:
    """Rename it, or replace its people. Raises Malformed (``name``, ``people``)."""
    if name is not None:
        group.name = _free_name(name, but=group)
    told: dict[str, object] = {}
    if people is not None:
        _check(people)
        _write_members(group, people)
        told["people"] = [person.email for person in people]
    audit.note("changed the group", by=by, subject=group.name, **told)
    db.session.flush()
    return group


def delete_group(group: PersonGroup, *, by: Actor) -> None:
    """Remove a group. Raises NotAllowed while a role or the escalation policy names it."""
    users = who_uses(f"group:{group.id}")
    if users:
        raise NotAllowed(f"{group.name} is used by {' and '.join(users)}. Choose another there first.")
    db.session.execute(delete(GroupMember).where(GroupMember.group_id == group.id))
    audit.note("deleted the group", by=by, subject=group.name)
    db.session.delete(group)
    db.session.flush()


def _free_name(name: str, *, but: PersonGroup | None) -> str:
    name = journal.name(name, field="name", sentence="Give the group a name.", longest=NAME_LENGTH)
    taken = db.session.scalar(select(PersonGroup).where(PersonGroup.name == name))
    if taken is not None and taken is not but:
        raise Malformed({"name": "Another group has this name."})
    return name


def _check(people: Sequence[Person]) -> None:
    if not people:
        raise Malformed({"people": "Put at least one person into the group."})
    if len(people) > MOST_PEOPLE:
        raise Malformed({"people": f"Use at most {MOST_PEOPLE} people."})


def _write_members(group: PersonGroup, people: Sequence[Person]) -> None:
    db.session.execute(delete(GroupMember).where(GroupMember.group_id == group.id))
    members = {person.id: GroupMember(group_id=group.id, person_id=person.id) for person in people}
    db.session.add_all(members.values())
    db.session.flush()
