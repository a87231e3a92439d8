"""What the week and the month show: for each role, and each rotation that no role names, who is on call from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...actions import oncall
from ...kernel.database import db
from ...policy.rotations import Shift, Source
from ...records.oncall import OnCallRole, PersonGroup, Rotation, rotations
from ...records.people import Person, find_person
from . import known

NOBODY = "Nobody"
YOU = "You"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of a lane: who, as the viewer reads it, and whether that is somebody at all."""

    starts_at: datetime
    ends_at: datetime
    name: str
    is_mine: bool = False
    is_gap: bool = False
    is_cover: bool = False


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One role, or one rotation, with its stretches in order and without holes."""

    label: str
    spans: Sequence[Span]
    rotation: Rotation | None = None


def lanes(me: Person, *, since: datetime, until: datetime) -> list[Lane]:
    """The roles in their order, then the rotations that none of them names."""
    living = {rotation.id: rotation for rotation in rotations()}
    shown = [lane for role in known.roles() for lane in _of_role(role, living, me, since, until)]
    named = {lane.rotation.id for lane in shown if lane.rotation is not None}
    rest = [rotation for rotation in living.values() if rotation.id not in named]
    return [*shown, *(of_rotation(rotation, me, since=since, until=until) for rotation in rest)]


def of_rotation(rotation: Rotation, me: Person, *, since: datetime, until: datetime, label: str = "") -> Lane:
    """The shifts of one rotation as the viewer reads them."""
    shifts = oncall.shifts(rotation, since=since, until=until)
    names = known.names(shift.person for shift in shifts)
    return Lane(label=label or rotation.name, rotation=rotation, spans=[_span(shift, names, me) for shift in shifts])


def _of_role(
    role: OnCallRole, living: dict[int, Rotation], me: Person, since: datetime, until: datetime
) -> Iterator[Lane]:
    """A lane for each word that the role resolves to; the first carries the role's name alone."""
    if not role.tell:
        yield Lane(label=role.label, spans=[Span(starts_at=since, ends_at=until, name=NOBODY, is_gap=True)])
    for place, word in enumerate(role.tell):
        label = role.label if place == 0 else f"{role.label}, and"
        kind, _colon, name = word.partition(":")
        rotation = living.get(int(name)) if kind == "rotation" and name.isdigit() else None
        if rotation is not None:
            yield of_rotation(rotation, me, since=since, until=until, label=label)
        else:
            yield Lane(label=label, spans=[_always(kind, name, me, since, until)])


def _span(shift: Shift, names: dict[int, str], me: Person) -> Span:
    return Span(
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        name=_named(shift, names, me),
        is_mine=shift.person == me.id,
        is_gap=shift.person is None,
        is_cover=shift.source == Source.COVER,
    )


def _named(shift: Shift, names: dict[int, str], me: Person) -> str:
    if shift.person is None:
        return f"{NOBODY} ({shift.absent}: the account is disabled)" if shift.absent else NOBODY
    return YOU if shift.person == me.id else names.get(shift.person, NOBODY)


def _always(kind: str, name: str, me: Person, since: datetime, until: datetime) -> Span:
    """A person or a group, who are it all the time."""
    if kind == "group" and name.isdigit():
        group = db.session.get(PersonGroup, int(name))
        people = known.members(group) if group is not None else []
        words = group.name if group is not None else NOBODY
        return Span(
            starts_at=since,
            ends_at=until,
            name=words if people else NOBODY,
            is_mine=me in people,
            is_gap=not people,
        )
    person = find_person(name) if kind == "person" else None
    if person is None or not person.is_active:
        return Span(starts_at=since, ends_at=until, name=NOBODY, is_gap=True)
    return Span(
        starts_at=since, ends_at=until, name=YOU if person.id == me.id else person.name, is_mine=person.id == me.id
    )
