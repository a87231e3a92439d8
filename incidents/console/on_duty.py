"""Whether the viewer is on call at this moment, and whether anybody is: both stand on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from ..actions import oncall
from ..kernel import clock
from ..kernel.database import db
from ..policy import zones
from ..policy.escalation import ON_CALL
from ..records.oncall import ImportedShift, LayerMember, Override, Rotation, RotationLayer
from ..records.people import Person

_INSTANT = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Uncovered:
    """Nobody is on call at this moment, until ``until`` where somebody follows. ``rotation_id``: where to put somebody."""

    until: datetime | None
    rotation_id: int | None


def uncovered() -> Uncovered | None:
    """That nobody is on call; None where somebody is, and in the first days, when nobody was ever meant to be."""
    now = clock.now()
    assigned = oncall.words_of_role(oncall.ON_CALL_ENGINEER)
    if not assigned or oncall.people_at(ON_CALL, now):
        return None
    number = next((word.removeprefix("rotation:") for word in assigned if word.startswith("rotation:")), None)
    rotation = db.session.get(Rotation, int(number)) if number is not None else None
    if rotation is None or rotation.archived_at is not None:
        return Uncovered(until=None, rotation_id=None)
    after = oncall.now_and_next(rotation, now)[1]
    return Uncovered(until=after.starts_at if after else None, rotation_id=rotation.id)


def words(person: Person) -> str:
    """``On call to 09:00``, with the day where that is not today; empty for who is not on call."""
    ends_at, is_on = until(person)
    if not is_on:
        return ""
    if ends_at is None:
        return "On call"
    local, zone = ends_at.astimezone(person.time_zone), person.time_zone
    is_today = zones.local_day(ends_at, zone) == zones.local_day(clock.now(), zone)
    return f"On call to {local:%H:%M}" if is_today else f"On call to {local:%a} {local.day} {local:%b}"


def until(person: Person) -> tuple[datetime | None, bool]:
    """Until when some rotation has them on call (None: for as long as one looks ahead), and whether one has."""
    now = clock.now()
    ends: list[datetime | None] = []
    for rotation in _perhaps(person, now):
        shift, after = oncall.now_and_next(rotation, now)
        if shift.person == person.id:
            ends.append(after.starts_at if after else None)
    if not ends:
        return None, False
    known = [each for each in ends if each is not None]
    return (None if len(known) < len(ends) else max(known)), True


def _perhaps(person: Person, now: datetime) -> list[Rotation]:
    """Rotations in which they have a place, or a cover now: one question on every page, and none else for most."""
    has_place = (
        select(RotationLayer.rotation_id)
        .join(LayerMember, LayerMember.layer_id == RotationLayer.id)
        .where(LayerMember.person_id == person.id)
    )
    covers = select(Override.rotation_id).where(
        Override.person_id == person.id,
        Override.removed_at.is_(None),
        Override.starts_at <= now,
        Override.ends_at > now,
    )
    is_read = select(ImportedShift.rotation_id).where(
        ImportedShift.person_id == person.id, ImportedShift.starts_at <= now, ImportedShift.ends_at > now
    )
    wanted = select(Rotation).where(
        Rotation.archived_at.is_(None),
        or_(Rotation.id.in_(has_place), Rotation.id.in_(covers), Rotation.id.in_(is_read)),
    )
    return list(db.session.scalars(wanted.order_by(Rotation.id)))
