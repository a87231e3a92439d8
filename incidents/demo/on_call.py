"""Who takes turns: a weekly rotation, the lead and the CTO behind it, and what the next weeks still lack."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..actions import oncall, oncall_roles, overrides, rotations, swaps
from ..actions.rotations import LayerGiven
from ..kernel import clock
from ..policy import zones
from ..records.oncall import Rotation
from ..records.people import Person
from .course import Scene
from .people import ZONE, Cast

_WEEK = timedelta(weeks=1)
_CHANGES_AT = timedelta(hours=9)  # on Mondays
_PLANNED_WEEKS = 3  # how far the old plan still goes: the new one begins at nine, and nobody saw the night before


def plan(cast: Cast, *, now: datetime) -> Rotation:
    """The rotation of the engineers, so turned that Maya has it ``now``; and whom the roles mean."""
    by = cast.helena.as_actor()
    began = _monday(clock.now())
    rotation = rotations.create_rotation(
        by=by, name="Primary", zone=ZONE, announces=False, layers=[_layer(_in_turn(cast, began, now), began)]
    )
    for role, word in (
        (oncall.ON_CALL_ENGINEER, f"rotation:{rotation.id}"),
        ("engineering_lead", f"person:{cast.jonas.email}"),
        ("cto", f"person:{cast.helena.email}"),
    ):
        oncall_roles.assign(role, by=by, tell=[word])
    return rotation


def plan_anew(cast: Cast, rotation: Rotation) -> Scene:
    """The lead joins in a few weeks."""
    (standing,) = rotations.layers_given(rotation)
    starts_on = _monday(clock.now()) + _PLANNED_WEEKS * _WEEK
    old = LayerGiven(
        people=standing.people, weekday=0, starts_on=standing.starts_on, ends_on=starts_on - timedelta(days=1)
    )
    new = _layer([cast.daniel, cast.jonas, cast.maya, cast.priya], starts_on)
    rotations.change_rotation(rotation, by=cast.jonas.as_actor(), layers=[old, new])
    yield from ()


def announce(cast: Cast, rotation: Rotation) -> None:
    """From now on hand-overs are told; those of the past are not told afterwards."""
    rotations.change_rotation(rotation, by=cast.helena.as_actor(), announces=True)


def cover(cast: Cast, rotation: Rotation) -> Scene:
    """An evening in two days that somebody else takes."""
    zone = ZoneInfo(ZONE)
    day = zones.local_day(clock.now(), zone) + timedelta(days=2)
    starts_at = zones.start_of_day(day, zone) + timedelta(hours=18)
    whom = oncall.on_call_at(rotation, starts_at)
    who = cast.daniel if whom is cast.priya else cast.priya
    overrides.add_override(
        rotation,
        by=who.as_actor(),
        person=who,
        instead_of=whom,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=4),
        reason="School concert",
    )
    yield from ()


def ask_around(cast: Cast, rotation: Rotation) -> Scene:
    """Priya cannot take the first day of her next week, and asks whoever can."""
    now = clock.now()
    ahead = oncall.shifts(rotation, since=now, until=now + 4 * _WEEK)
    hers = next(
        shift for shift in ahead if shift.person == cast.priya.id and shift.ends_at - shift.starts_at > _WEEK / 2
    )
    swaps.ask(
        rotation,
        by=cast.priya,
        starts_at=hers.starts_at,
        ends_at=hers.starts_at + timedelta(days=1),
        note="My train gets in at noon. I take a day of yours before Christmas.",
    )
    yield from ()


def _layer(people: list[Person], starts_on: date) -> LayerGiven:
    return LayerGiven(people=people, every="week", weekday=0, at="09:00", starts_on=starts_on)


def _in_turn(cast: Cast, began: date, now: datetime) -> list[Person]:
    """The three in the order in which it is Maya's week now."""
    people = [cast.maya, cast.priya, cast.daniel]
    weeks = (_monday(now - _CHANGES_AT) - began) // _WEEK
    first = -weeks % len(people)
    return people[first:] + people[:first]


def _monday(moment: datetime) -> date:
    day = zones.local_day(moment, ZoneInfo(ZONE))
    return day - timedelta(days=day.weekday())
