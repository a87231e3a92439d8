"""What a closed account leaves behind: turns that nobody takes, roles and policies that name somebody who is told nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel import clock
from ..records.oncall import Rotation, rotations_of
from ..records.people import Person
from .rotations import who_uses
from .shifts import now_and_next


def left_by(person: Person) -> str:
    """In sentences for whoever closed the account; empty where nothing misses the person."""
    return " ".join(sentence for sentence in (_turns(person), _words(person)) if sentence)


def _turns(person: Person) -> str:
    found = rotations_of(person.id)
    if not found:
        return ""
    has = "has" if len(found) == 1 else "have"
    said = f"{_joined([rotation.name for rotation in found])} {has} turns of {person.name} that nobody takes any more"
    empty = [rotation.name for rotation in found if _is_missed_now(rotation, person)]
    at_once = f" Nobody is on call in {_joined(empty)} at this moment." if empty else ""
    return f"{said}: change the rotation, or let somebody cover them.{at_once}"


def _is_missed_now(rotation: Rotation, person: Person) -> bool:
    shift, _after = now_and_next(rotation, clock.now())
    return shift.person is None and shift.absent == person.name


def _words(person: Person) -> str:
    users = who_uses(f"person:{person.email}")
    if not users:
        return ""
    verb = "names" if len(users) == 1 else "name"
    said = _joined(users)
    return f"{said[0].upper()}{said[1:]} {verb} {person.name}, who is told nothing: choose another there."


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
