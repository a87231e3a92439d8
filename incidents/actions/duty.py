"""How long each person was on call in a stretch, and how much of it was night, over every rotation that answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ..kernel.database import db
from ..policy import nights, rotations
from ..policy.rotations import Cover, Shift, Source
from ..records.oncall import ImportedShift, LayerMember, Override, RotationLayer
from ..records.oncall import rotations as rotations_now
from ..records.people import Person
from . import shifts


@dataclass
class Duty:
    """What was asked of one person; whoever is on call in two rotations at once is counted in both."""

    whole: timedelta = timedelta(0)
    at_night: timedelta = timedelta(0)


def duties(*, since: datetime, until: datetime) -> dict[int, Duty]:
    """By the people's numbers, as the rotations stand now; six queries however many rotations there are."""
    people: dict[int, Any] = {row.id: row for row in db.session.execute(_PEOPLE)}
    found: dict[int, Duty] = defaultdict(Duty)
    for shift in _shifts(since, until) if since < until else ():
        person = people.get(shift.person or 0)
        if person is None:
            continue
        ends_at = min(shift.ends_at, person.disabled_at or shift.ends_at)
        if ends_at > shift.starts_at:
            found[person.id].whole += ends_at - shift.starts_at
            found[person.id].at_night += nights.within(shift.starts_at, ends_at, ZoneInfo(person.zone))
    return dict(found)


_PEOPLE = select(Person.id, Person.zone, Person.disabled_at)


def _shifts(since: datetime, until: datetime) -> list[Shift]:
    known, covers = _layers(), _covers(since, until)
    imported = _imported(since, until)
    found: list[Shift] = []
    for rotation in rotations_now():
        mine = covers[rotation.id]
        found += (
            rotations.laid_out(imported[rotation.id], mine, since=since, until=until)
            if rotation.source_url is not None
            else rotations.schedule(known[rotation.id], ZoneInfo(rotation.zone), mine, since=since, until=until)
        )
    return found


def _layers() -> Mapping[int, list[rotations.Layer]]:
    members: dict[int, list[int]] = defaultdict(list)
    for member in db.session.scalars(select(LayerMember).order_by(LayerMember.position)):
        members[member.layer_id].append(member.person_id)
    found: dict[int, list[rotations.Layer]] = defaultdict(list)
    for layer in db.session.scalars(select(RotationLayer).order_by(RotationLayer.position)):
        found[layer.rotation_id].append(shifts.as_policy(layer, members[layer.id]))
    return found


def _covers(since: datetime, until: datetime) -> Mapping[int, list[Cover]]:
    wanted = select(Override).where(Override.removed_at.is_(None), Override.ends_at > since, Override.starts_at < until)
    found: dict[int, list[Cover]] = defaultdict(list)
    for each in db.session.scalars(wanted.order_by(Override.id)):
        found[each.rotation_id].append(Cover(each.person_id, each.instead_of_id, each.starts_at, each.ends_at))
    return found


def _imported(since: datetime, until: datetime) -> Mapping[int, list[Shift]]:
    wanted = select(ImportedShift).where(ImportedShift.ends_at > since, ImportedShift.starts_at < until)
    order = (ImportedShift.priority, ImportedShift.starts_at, ImportedShift.id)
    found: dict[int, list[Shift]] = defaultdict(list)
    for each in db.session.scalars(wanted.order_by(*order)):
        found[each.rotation_id].append(Shift(each.starts_at, each.ends_at, each.person_id, Source.IMPORTED))
    return found
