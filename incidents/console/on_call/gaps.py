"""The next four weeks: times at which nobody is on call, covers that were made, and swaps that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from ...actions import matrix, oncall
from ...kernel import clock
from ...kernel.database import db
from ...policy.escalation import ON_CALL, Level
from ...policy.severity import Severity
from ...records.oncall import OnCallRole, Override, Rotation, ShiftSwap, rotations
from ...records.people import Person
from . import known
from .headline import until_words
from .week import span_words

AHEAD = timedelta(weeks=4)
_LONGEST_REASON = 80
_MOST = 4  # gaps of one rotation that are listed; nights without anybody would be dozens


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A time without anybody, in one rotation."""

    rotation: Rotation
    starts_at: datetime
    ends_at: datetime
    words: str


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """The first gaps of one rotation, and how many more there are."""

    rotation: Rotation
    sentence: str
    shown: Sequence[Gap]
    more: int


@dataclass(frozen=True, kw_only=True)
class Cover:
    """An override that holds or will hold."""

    override: Override
    rotation: Rotation
    words: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Swap:
    """A shift that somebody would like to give away. ``may_take``: the viewer can say yes."""

    swap: ShiftSwap
    rotation: Rotation
    words: str
    sentence: str
    is_mine: bool
    may_take: bool


def gaps(me: Person) -> list[Gaps]:
    """By rotation, only those that a role names: of the others nobody is paged."""
    roles = {word: role for role in reversed(known.roles()) for word in role.tell}
    found = [_of(rotation, roles[word], me) for rotation in rotations() if (word := f"rotation:{rotation.id}") in roles]
    return [each for each in found if each.shown]


def covers(me: Person) -> list[Cover]:
    """Overrides that are not over, the next one first."""
    living = {rotation.id: rotation for rotation in rotations()}
    rows = db.session.scalars(
        select(Override)
        .where(
            Override.removed_at.is_(None),
            Override.ends_at > clock.now(),
            Override.starts_at < clock.now() + AHEAD,
            Override.rotation_id.in_(living),
        )
        .order_by(Override.starts_at, Override.id)
    ).all()
    names = known.names([*(row.person_id for row in rows), *(row.instead_of_id for row in rows)])
    return [
        Cover(
            override=row,
            rotation=living[row.rotation_id],
            words=span_words(row.starts_at, row.ends_at, me.time_zone),
            sentence=_covering(row, names, me),
        )
        for row in rows
    ]


def swaps(me: Person) -> list[Swap]:
    """Those that are open: offered to anybody, or to or by the viewer."""
    living = {rotation.id: rotation for rotation in rotations()}
    rows = db.session.scalars(
        select(ShiftSwap)
        .where(ShiftSwap.state == "open", ShiftSwap.ends_at > clock.now(), ShiftSwap.rotation_id.in_(living))
        .order_by(ShiftSwap.starts_at, ShiftSwap.id)
    ).all()
    names = known.names([*(row.from_id for row in rows), *(row.to_id for row in rows)])
    return [_swap(row, living[row.rotation_id], names, me) for row in rows]


def swap_of(row: ShiftSwap, rotation: Rotation, me: Person) -> Swap:
    """One of them, whatever its state."""
    return _swap(row, rotation, known.names([row.from_id, row.to_id]), me)


def _of(rotation: Rotation, role: OnCallRole, me: Person) -> Gaps:
    now = clock.now()
    empty = [shift for shift in oncall.shifts(rotation, since=now, until=now + AHEAD) if shift.person is None]
    shown = [
        Gap(
            rotation=rotation,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            words=_gap_words(shift.starts_at, shift.ends_at, me),
        )
        for shift in empty[:_MOST]
    ]
    is_first = role.slug == oncall.ON_CALL_ENGINEER
    sentence = (
        f"Nobody is on call. {what_then(empty[0].starts_at)}"
        if is_first and empty
        else f"Nobody is {in_a_sentence(role.label)}."
    )
    return Gaps(rotation=rotation, sentence=sentence, shown=shown, more=len(empty) - len(shown))


def what_then(moment: datetime) -> str:
    """What a P1 does while nobody is on call, in a sentence; a level that names nobody at the moment is passed over."""
    following = [level for level in matrix.levels_now(Severity.P1) if not _is_on_call(level)]
    following = [level for level in following if any(oncall.people_at(word, moment) for word in level.tell)]
    if not following:
        return "A P1 would reach nobody."
    label = following[0].label or known.called(following[0].tell[0])
    return f"P1 goes straight to the {in_a_sentence(label)}."


def _is_on_call(level: Level) -> bool:
    return set(level.tell) <= {ON_CALL, f"role:{oncall.ON_CALL_ENGINEER}"}


def in_a_sentence(label: str) -> str:
    """``engineering lead`` for ``Engineering lead``; ``CTO`` stays."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _gap_words(starts_at: datetime, ends_at: datetime, me: Person) -> str:
    """What reaches to the end of what is looked at goes on, for all that is known."""
    if ends_at >= clock.now() + AHEAD:
        begins = span_words(starts_at, ends_at, me.time_zone).split(" to ")[0]
        return "From now on" if starts_at <= clock.now() else f"From {begins} on"
    if starts_at <= clock.now():
        return f"Now, until {until_words(ends_at, me.time_zone)}"
    return span_words(starts_at, ends_at, me.time_zone)


def _covering(row: Override, names: dict[int, str], me: Person) -> str:
    who = "You cover" if row.person_id == me.id else f"{names.get(row.person_id, 'Somebody')} covers"
    whom = "you" if row.instead_of_id == me.id else names.get(row.instead_of_id or 0, "")
    return f"{who}{' for ' + whom if whom else ''}{': ' + shortened(row.reason) if row.reason else ''}"


def shortened(reason: str) -> str:
    """A reason for one line of a list."""
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1].rstrip() + "…"


def _swap(row: ShiftSwap, rotation: Rotation, names: dict[int, str], me: Person) -> Swap:
    is_mine = row.from_id == me.id
    who = "You ask" if is_mine else f"{names.get(row.from_id, 'Somebody')} asks"
    whom = "anybody" if row.to_id is None else "you" if row.to_id == me.id else names.get(row.to_id, "somebody")
    back = ""
    if row.return_starts_at is not None and row.return_ends_at is not None:
        back = f", for {span_words(row.return_starts_at, row.return_ends_at, me.time_zone)} in return"
    return Swap(
        swap=row,
        rotation=rotation,
        words=span_words(row.starts_at, row.ends_at, me.time_zone),
        sentence=f"{who} {whom} to take it{back}",
        is_mine=is_mine,
        may_take=not is_mine and row.to_id in (None, me.id),
    )
