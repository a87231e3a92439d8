"""Who is on call in a rotation, at an instant or over a stretch: its layers or what was read from elsewhere, and its covers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ..kernel.database import db
from ..policy import rotations
from ..policy.rotations import Cover, Layer, Shift, Source, Turn
from ..records.oncall import (
    Rotation,
    RotationLayer,
    imported_shifts_of,
    layers_of,
    members_of,
    overrides_of,
)
from ..records.people import Person

_INSTANT = timedelta(seconds=1)
# how far one looks for the next hand-over: the first stretch finds it for nearly every rotation
_AHEAD = (timedelta(days=15), timedelta(days=120), timedelta(days=750))


def shifts(rotation: Rotation, *, since: datetime, until: datetime) -> list[Shift]:
    """The shifts of the stretch without holes. Somebody whose account is disabled counts as nobody from then on.

    ``absent`` then says who it would have been, as it does for a name of a calendar that nobody here goes by.
    """
    covers = [
        Cover(each.person_id, each.instead_of_id, each.starts_at, each.ends_at)
        for each in overrides_of(rotation.id, since=since, until=until)
    ]
    if rotation.source_url is not None:
        planned = rotations.laid_out(_imported(rotation, since, until), covers, since=since, until=until)
    else:
        planned = rotations.schedule(_layers(rotation), ZoneInfo(rotation.zone), covers, since=since, until=until)
    gone = _disabled({shift.person for shift in planned if shift.person is not None})
    return rotations.merged(real for shift in planned for real in _with_accounts(shift, gone))


def _imported(rotation: Rotation, since: datetime, until: datetime) -> list[Shift]:
    return [
        Shift(each.starts_at, each.ends_at, each.person_id, Source.IMPORTED, "" if each.person_id else each.name)
        for each in imported_shifts_of(rotation.id, since=since, until=until)
    ]


def _layers(rotation: Rotation) -> list[Layer]:
    members = members_of(rotation.id)
    return [as_policy(layer, members.get(layer.id, [])) for layer in layers_of(rotation.id)]


def as_policy(layer: RotationLayer, people: Sequence[int]) -> Layer:
    """A layer as the rules take it."""
    hours = None
    if layer.hours_from is not None and layer.hours_until is not None:
        hours = time.fromisoformat(layer.hours_from), time.fromisoformat(layer.hours_until)
    return Layer(
        people=tuple(people),
        turn=Turn(layer.every, layer.count, layer.weekday, time.fromisoformat(layer.at)),
        starts_on=layer.starts_on,
        ends_on=layer.ends_on,
        weekdays=None if layer.weekdays is None else frozenset(int(day) for day in layer.weekdays),
        hours=hours,
    )


def _disabled(people: Collection[int]) -> dict[int, tuple[str, datetime]]:
    """Of these people, those whose account is disabled: the name, and since when."""
    wanted = select(Person.id, Person.name, Person.disabled_at).where(
        Person.id.in_(people), Person.disabled_at.is_not(None)
    )
    return {row.id: (row.name, row.disabled_at) for row in db.session.execute(wanted)} if people else {}


def _with_accounts(shift: Shift, gone: Mapping[int, tuple[str, datetime]]) -> Iterator[Shift]:
    name, disabled_at = gone.get(shift.person or 0, ("", None))
    if disabled_at is None or disabled_at >= shift.ends_at:
        yield shift
        return
    nobody = replace(shift, person=None, source=Source.GAP, absent=name)
    if disabled_at > shift.starts_at:
        yield replace(shift, ends_at=disabled_at)
        nobody = replace(nobody, starts_at=disabled_at)
    yield nobody


def on_call_at(rotation: Rotation, moment: datetime) -> Person | None:
    """Who is on call at the instant; None: nobody. An archived rotation answers for nobody."""
    if rotation.archived_at is not None:
        return None
    (shift,) = shifts(rotation, since=moment, until=moment + _INSTANT)[:1]
    return person_of(shift)


def person_of(shift: Shift | None) -> Person | None:
    """The person of a shift; None for a gap."""
    return None if shift is None or shift.person is None else db.session.get(Person, shift.person)


def now_and_next(rotation: Rotation, moment: datetime) -> tuple[Shift, Shift | None]:
    """The shift at the instant, which ends where another begins, and that one; None: it never does, in two years."""
    for ahead in _AHEAD:
        found = rotations.by_person(shifts(rotation, since=moment, until=moment + ahead))
        if len(found) > 1:
            break
    return found[0], found[1] if len(found) > 1 else None
