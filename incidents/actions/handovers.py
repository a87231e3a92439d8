"""Hand-overs: whoever comes on call and whoever goes off is told, once, as soon as it is so."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..messages import about_oncall, about_team
from ..messages.letters import Letter
from ..policy.rotations import Shift, by_person
from ..records.incidents import Incident
from ..records.oncall import Rotation
from ..records.people import Person, Role, active_people
from . import team_channels, telling
from .shifts import now_and_next, person_of, shifts

_INSTANT = timedelta(seconds=1)
_LATE = timedelta(minutes=5)  # less is not worth a word
_LOOKED_LATELY = timedelta(minutes=10)
_LOOK_BACK = timedelta(days=35)
_CLOCK_WAS_WRONG = timedelta(hours=3)


def announce() -> int:
    """By the minute: tell of every rotation in which somebody else is on call than at the last look; how many.

    Several hand-overs that nobody looked at are one message to whoever is on call now. Rotations are locked meanwhile,
    and a letter's key holds the rotation, the start of the shift and the person: any number of clocks tell it once.
    """
    wanted = select(Rotation).where(Rotation.announces.is_(True), Rotation.archived_at.is_(None))
    locked = wanted.order_by(Rotation.id).with_for_update(skip_locked=True)
    return sum(_look_at(rotation) for rotation in db.session.scalars(locked).all())


def _look_at(rotation: Rotation) -> bool:
    now = clock.now()
    if now < rotation.announced_until <= now + _CLOCK_WAS_WRONG:
        return False  # the wall clock was set back: what lies ahead until then was told
    shift, after = now_and_next(rotation, now)
    if not _is_new(rotation, shift, now):
        if abs(now - rotation.announced_until) > _LOOKED_LATELY:
            rotation.announced_until = now
        return False
    _tell(rotation, _lately(rotation, now), until=after.starts_at if after else None)
    rotation.announced_until, rotation.announced_id = now, shift.person
    db.session.flush()
    return True


def _is_new(rotation: Rotation, shift: Shift, now: datetime) -> bool:
    """Whether somebody else is on call than at the last look, or the same person again after others."""
    if shift.person != rotation.announced_id:
        return True
    if rotation.announced_until >= now or (shift.person is None and not shift.absent):
        return False
    meanwhile = by_person(shifts(rotation, since=rotation.announced_until, until=now + _INSTANT))
    return len(meanwhile) > 1


def _lately(rotation: Rotation, now: datetime) -> list[Shift]:
    """What led to the present shift, with its true beginning; the present one is the last."""
    return by_person(shifts(rotation, since=now - _LOOK_BACK, until=now + _INSTANT))


def _tell(rotation: Rotation, lately: list[Shift], *, until: datetime | None) -> None:
    shift = lately[-1]
    goes = db.session.get(Person, rotation.announced_id) if rotation.announced_id else None
    comes, late, url = person_of(shift), _minutes_late(rotation, shift), telling.base_url()
    _tell_team(rotation, shift, comes, _before(rotation, lately, goes), until=until)
    if comes is not None:
        letter = about_oncall.comes_on(
            rotation,
            to=comes,
            until=until,
            before=_before(rotation, lately, goes),
            late=late,
            incidents=_open_incidents(comes),
            base_url=url,
        )
        _send(rotation, shift, letter, comes, "on")
    if goes is not None and goes.is_active and goes is not comes:
        after = comes.name if comes else ""
        _send(
            rotation, shift, about_oncall.goes_off(rotation, to=goes, after=after, late=late, base_url=url), goes, "off"
        )
    if shift.absent:
        _warn(rotation, shift, until=until)


def _tell_team(rotation: Rotation, shift: Shift, comes: Person | None, before: str, *, until: datetime | None) -> None:
    said = about_team.handover(
        rotation=rotation.name,
        comes=comes.name if comes else "",
        before=before,
        until=about_oncall.day_and_time(until, rotation.zone) if until is not None else "",
        schedule=f"{telling.base_url()}/console/on-call",
    )
    team_channels.tell_of_handover(f"{_event(rotation, shift)}/team", said)


def _before(rotation: Rotation, lately: list[Shift], goes: Person | None) -> str:
    """Whom they follow: whoever had the shift before, or, where the plan itself was changed, whoever was on call."""
    if len(lately) > 1 and lately[-1].starts_at > rotation.announced_until:
        before = person_of(lately[-2])
        return before.name if before else ""
    return goes.name if goes else ""


def _minutes_late(rotation: Rotation, shift: Shift) -> int:
    late = clock.now() - max(shift.starts_at, rotation.changed_at)
    return int(late.total_seconds()) // 60 if late >= _LATE else 0


def _open_incidents(person: Person) -> list[Incident]:
    """What is handed along: those that this person may know of, the gravest first."""
    wanted = select(Incident).where(Incident.outcome.is_(None), Incident.is_drill.is_(False))
    found = db.session.scalars(wanted.order_by(Incident.severity, Incident.id)).all()
    return [each for each in found if telling.who_may_hear(each, [person])]


def _warn(rotation: Rotation, shift: Shift, *, until: datetime | None) -> None:
    """A gap that was planned is on the calendar; one that is there because an account is missing is told to admins."""
    for admin in active_people(Role.ADMIN):
        letter = about_oncall.nobody_comes_on(
            rotation,
            to=admin,
            since=shift.starts_at,
            until=until,
            absent=shift.absent,
            base_url=telling.base_url(),
        )
        _send(rotation, shift, letter, admin, "nobody")


def _send(rotation: Rotation, shift: Shift, letter: Letter, to: Person, what: str) -> None:
    telling.send(letter, to=to, event=f"{_event(rotation, shift)}/{what}", incident=None)


def _event(rotation: Rotation, shift: Shift) -> str:
    return f"handover/{rotation.id}/{shift.starts_at:%Y%m%dT%H%M%S}"
