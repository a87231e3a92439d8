"""Swaps: somebody asks a colleague, or anybody, to take a shift. Whoever accepts first has it, and both are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..messages import about_oncall
from ..messages.letters import Letter
from ..records.actors import CLOCK, Actor
from ..records.oncall import Override, Rotation, ShiftSwap, imported_shifts_of, members_of
from ..records.people import Person, Role, active_people
from . import audit, overrides, telling
from .shifts import shifts

LONGEST_NOTE = 300
REMIND_BEFORE = timedelta(days=1)
_PEOPLE_OF_CALENDAR = timedelta(days=90)
Stretch = tuple[datetime, datetime]


def ask(
    rotation: Rotation,
    *,
    by: Person,
    starts_at: datetime,
    ends_at: datetime,
    to: Person | None = None,
    in_return: Stretch | None = None,
    note: str = "",
    through: Actor | None = None,
) -> ShiftSwap:
    """Ask ``to``, or (None) anybody, to be on call instead of ``by``; perhaps for a stretch of theirs in return.

    ``through`` is the program that asks for them, here and below: the audit log names it and not the person.

    Raises Malformed (``starts_at``, ``ends_at``, ``to``, ``return``, ``note``) where it will not do.
    """
    if rotation.archived_at is not None:
        raise NotAllowed(f"{rotation.name} is archived.")
    _check_stretch(rotation, (starts_at, ends_at), of=by, field="starts_at", who="You are")
    if to is not None:
        _check_colleague(to, asker=by)
    if in_return is not None:
        _check_return(rotation, in_return, to)
    if len(note.strip()) > LONGEST_NOTE:
        raise Malformed({"note": f"Use at most {LONGEST_NOTE} characters."})
    swap = ShiftSwap(
        rotation_id=rotation.id,
        from_id=by.id,
        to_id=to.id if to else None,
        starts_at=starts_at,
        ends_at=ends_at,
        return_starts_at=in_return[0] if in_return else None,
        return_ends_at=in_return[1] if in_return else None,
        note=note.replace("\x00", "").strip(),
    )
    db.session.add(swap)
    db.session.flush()
    audit.note("asked for a swap", by=through or by.as_actor(), subject=rotation.name, to=to.email if to else "anybody")
    _tell(
        swap,
        asked(swap),
        "asked",
        lambda each, it, url: about_oncall.swap_asked(it, rotation, to=each, who=by.name, base_url=url),
    )
    return swap


def accept(swap: ShiftSwap, *, by: Person, through: Actor | None = None) -> list[Override]:
    """Take the shift: the overrides are made and both are told.

    Raises NotAllowed when it is taken, over or not for this person, or the stretch in return is not theirs to give.
    """
    rotation = _rotation(swap)
    overrides.must_be_able(by, field="person")
    _must_be_for(swap, by)
    if swap.starts_at <= clock.now():
        raise NotAllowed("This shift has begun. Put somebody on call with an override.")
    back = _return_of(swap)
    if back is not None and (back[0] <= clock.now() or not _is_on_call(rotation, back, by)):
        raise NotAllowed("You are not on call any more at the time that was asked for in return.")
    _decide(swap, "accepted", taken_by=by)
    giver = db.session.get_one(Person, swap.from_id)
    actor = through or by.as_actor()
    made = [_override(rotation, swap, (swap.starts_at, swap.ends_at), actor, person=by, instead_of=giver)]
    if back is not None:
        made.append(_override(rotation, swap, back, actor, person=giver, instead_of=by))
    _tell(
        swap,
        [giver, by],
        "accepted",
        lambda each, it, url: about_oncall.swap_accepted(
            it, rotation, to=each, giver=giver.name, taker=by.name, base_url=url
        ),
    )
    return made


def decline(swap: ShiftSwap, *, by: Person, through: Actor | None = None) -> None:
    """Say no; whoever asked is told. Raises NotAllowed for one that was asked of anybody, or of somebody else."""
    _must_be_for(swap, by)
    if swap.to_id is None:
        raise NotAllowed("It was asked of anybody: leave it to the others.")
    _decide(swap, "declined")
    _fail(swap, "declined", f"{by.name} said no.")
    audit.note("declined a swap", by=through or by.as_actor(), subject=_rotation(swap).name)


def withdraw(swap: ShiftSwap, *, by: Person, through: Actor | None = None) -> None:
    """Ask no longer. Raises NotAllowed for anybody but the one who asked and an admin, and once it was answered."""
    if by.id != swap.from_id and not by.may(Role.ADMIN):
        raise NotAllowed("Only whoever asked can take this back.")
    rotation, giver = _rotation(swap), db.session.get_one(Person, swap.from_id)
    _decide(swap, "withdrawn")
    told = [each for each in asked(swap) if each.id != by.id]
    _tell(
        swap,
        told,
        "withdrawn",
        lambda each, it, url: about_oncall.swap_withdrawn(it, rotation, to=each, who=giver.name, base_url=url),
    )
    audit.note("withdrew a swap", by=through or by.as_actor(), subject=rotation.name)


def lapse_and_remind() -> int:
    """By the minute: what nobody answered before its shift began lapses, and what begins within a day is asked again.

    Any number of clocks do it once: the state is changed only while it is open, and letters have a key.
    """
    now = clock.now()
    wanted = select(ShiftSwap).where(ShiftSwap.state == "open", ShiftSwap.starts_at <= now + REMIND_BEFORE)
    done = 0
    for swap in db.session.scalars(wanted.order_by(ShiftSwap.id)).all():
        done += _lapse(swap) if swap.starts_at <= now else _remind(swap)
    return done


def asked(swap: ShiftSwap) -> list[Person]:
    """Whom the question reaches: one colleague, or all who share the rotation, or else every responder."""
    if swap.to_id is not None:
        return [db.session.get_one(Person, swap.to_id)]
    rotation = _rotation(swap)
    sharing = {each for people in members_of(rotation.id).values() for each in people}
    stretch = {"since": swap.starts_at - _PEOPLE_OF_CALENDAR, "until": swap.ends_at + _PEOPLE_OF_CALENDAR}
    sharing |= {each.person_id for each in imported_shifts_of(rotation.id, **stretch) if each.person_id is not None}
    others = [person for person in active_people(Role.RESPONDER) if person.id != swap.from_id]
    return [person for person in others if person.id in sharing] or others


def open_swaps(rotation_id: int | None = None) -> list[ShiftSwap]:
    """Those that wait for an answer, the nearest first."""
    wanted = select(ShiftSwap).where(ShiftSwap.state == "open", ShiftSwap.starts_at > clock.now())
    if rotation_id is not None:
        wanted = wanted.where(ShiftSwap.rotation_id == rotation_id)
    return list(db.session.scalars(wanted.order_by(ShiftSwap.starts_at, ShiftSwap.id)))


def _check_stretch(rotation: Rotation, stretch: Stretch, *, of: Person, field: str, who: str) -> None:
    if stretch[1] <= stretch[0]:
        raise Malformed({"ends_at" if field == "starts_at" else field: "It ends before it begins."})
    if stretch[1] - stretch[0] > overrides.LONGEST:
        raise Malformed({field: "It is longer than a year."})
    if stretch[0] <= clock.now():
        raise Malformed({field: "It has begun. Put somebody on call with an override instead."})
    if not _is_on_call(rotation, stretch, of):
        raise Malformed({field: f"{who} not on call for {rotation.name} then."})


def _check_colleague(to: Person, *, asker: Person) -> None:
    if to.id == asker.id:
        raise Malformed({"to": "Ask somebody else."})
    overrides.must_be_able(to, field="to")


def _check_return(rotation: Rotation, stretch: Stretch, to: Person | None) -> None:
    if to is None:
        raise Malformed({"return": "Ask one colleague for a shift in return."})
    _check_stretch(rotation, stretch, of=to, field="return", who=f"{to.name} is")


def _is_on_call(rotation: Rotation, stretch: Stretch, person: Person) -> bool:
    return any(shift.person == person.id for shift in shifts(rotation, since=stretch[0], until=stretch[1]))


def _must_be_for(swap: ShiftSwap, person: Person) -> None:
    if person.id == swap.from_id:
        raise NotAllowed("This is your own shift.")
    if swap.to_id is not None and swap.to_id != person.id:
        raise NotAllowed(f"This was asked of {db.session.get_one(Person, swap.to_id).name}.")


def _decide(swap: ShiftSwap, state: str, *, taken_by: Person | None = None) -> None:
    """Only one answer counts: of two at the same moment the second finds it answered. Raises NotAllowed."""
    changed = (
        update(ShiftSwap)
        .where(ShiftSwap.id == swap.id, ShiftSwap.state == "open")
        .values(state=state, decided_at=clock.now(), taken_by_id=taken_by.id if taken_by else None)
    )
    result = cast("CursorResult[Any]", db.session.execute(changed))
    db.session.refresh(swap)
    if result.rowcount != 1:
        raise NotAllowed(_answered(swap))


def _answered(swap: ShiftSwap) -> str:
    taker = db.session.get(Person, swap.taken_by_id) if swap.taken_by_id else None
    if taker is not None:
        return f"{taker.name} has taken this shift."
    return {
        "declined": "This was declined.",
        "withdrawn": "This was taken back.",
        "lapsed": "Nobody answered before the shift began.",
    }.get(swap.state, "This was answered.")


def _override(
    rotation: Rotation, swap: ShiftSwap, stretch: Stretch, by: Actor, *, person: Person, instead_of: Person
) -> Override:
    return overrides.add_override(
        rotation,
        by=by,
        person=person,
        starts_at=stretch[0],
        ends_at=stretch[1],
        instead_of=instead_of,
        reason="Swapped",
        swap=swap,
    )


def _lapse(swap: ShiftSwap) -> bool:
    try:
        _decide(swap, "lapsed")
    except NotAllowed:
        return False  # answered at this moment
    _fail(swap, "lapsed", "Nobody took your shift before it began.")
    audit.note("a swap lapsed", by=CLOCK, subject=_rotation(swap).name)
    return True


def _remind(swap: ShiftSwap) -> bool:
    """Once, a day before; what was asked within the day needs no reminder."""
    if swap.created_at > swap.starts_at - REMIND_BEFORE:
        return False
    rotation, giver = _rotation(swap), db.session.get_one(Person, swap.from_id)
    return _tell(
        swap,
        asked(swap),
        "reminder",
        lambda each, it, url: about_oncall.swap_asked(it, rotation, to=each, who=giver.name, base_url=url, again=True),
    )


def _fail(swap: ShiftSwap, what: str, why: str) -> None:
    rotation = _rotation(swap)
    giver = [db.session.get_one(Person, swap.from_id)]
    _tell(
        swap, giver, what, lambda each, it, url: about_oncall.swap_failed(it, rotation, to=each, why=why, base_url=url)
    )


def _tell(
    swap: ShiftSwap, people: Sequence[Person], what: str, letter: Callable[[Person, ShiftSwap, str], Letter]
) -> bool:
    told = [person for person in people if person.is_active]
    for person in told:
        text = letter(person, swap, telling.base_url())
        telling.send(text, to=person, event=f"swap/{swap.id}/{what}", incident=None)
    return bool(told)


def _rotation(swap: ShiftSwap) -> Rotation:
    return db.session.get_one(Rotation, swap.rotation_id)


def _return_of(swap: ShiftSwap) -> Stretch | None:
    if swap.return_starts_at is None or swap.return_ends_at is None:
        return None
    return swap.return_starts_at, swap.return_ends_at
