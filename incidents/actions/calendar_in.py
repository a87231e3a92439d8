"""Rotations that are kept elsewhere: what was read becomes their shifts, and what could not be read is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, delete, or_, select, update

from ..kernel import clock
from ..kernel.database import db
from ..records.oncall import ImportedShift, Rotation
from ..records.people import Person, everybody
from .foreign_calendar import Found

READ_EVERY = timedelta(minutes=10)
BEHIND, AHEAD = timedelta(days=1), timedelta(days=400)
_AT_ONCE = 20
_LONGEST_PROBLEM = 300
_MOST_NAMES = 3
_EMAIL = re.compile(r"[^\s<>()\[\],;:]+@[^\s<>()\[\],;:]+")


def due() -> list[int]:
    """Numbers of the rotations that were not tried for ten minutes; a time of trying that lies ahead counts for none."""
    now = clock.now()
    stale = or_(
        Rotation.source_tried_at.is_(None), Rotation.source_tried_at <= now - READ_EVERY, Rotation.source_tried_at > now
    )
    wanted = select(Rotation.id).where(Rotation.source_url.is_not(None), Rotation.archived_at.is_(None), stale)
    return list(db.session.scalars(wanted.order_by(Rotation.source_tried_at, Rotation.id).limit(_AT_ONCE)))


def claim(rotation_id: int) -> Rotation | None:
    """Note that it is being tried now; None where another clock does so already. The caller commits, then asks."""
    rotation = db.session.get(Rotation, rotation_id)
    if rotation is None or rotation.source_url is None:
        return None
    before = Rotation.source_tried_at
    same = before.is_(None) if rotation.source_tried_at is None else before == rotation.source_tried_at
    claimed = update(Rotation).where(Rotation.id == rotation_id, same).values(source_tried_at=clock.now())
    result = cast("CursorResult[Any]", db.session.execute(claimed))
    return rotation if result.rowcount == 1 else None


def keep_problem(rotation_id: int, url: str, sentence: str) -> None:
    """It could not be read: the last good shifts stay, and the sentence stands where one looks."""
    rotation = _still(rotation_id, url)
    if rotation is not None:
        rotation.source_problem = sentence[:_LONGEST_PROBLEM]


def keep_shifts(rotation_id: int, url: str, found: Sequence[Found], *, since: datetime) -> None:
    """Replace the shifts from ``since`` on; older ones are history. Says which names nobody here goes by."""
    rotation = _still(rotation_id, url)
    if rotation is None:
        return
    whose = _matcher(everybody())
    shifts = [
        ImportedShift(
            rotation_id=rotation.id,
            uid=each.uid,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            name=each.title or ", ".join(each.attendees)[:200] or "No title",
            person_id=person.id if (person := whose(each)) else None,
            priority=each.priority,
        )
        for each in found
    ]
    _replace(rotation, shifts, since)
    rotation.source_read_at, rotation.source_problem = clock.now(), _strangers(shifts)


def zone_of(rotation: Rotation) -> ZoneInfo:
    """The zone in which a time without one is meant."""
    return ZoneInfo(rotation.zone)


def _still(rotation_id: int, url: str) -> Rotation | None:
    """The rotation, locked, while it is read from this address: it may have been changed while we asked."""
    wanted = select(Rotation).where(Rotation.id == rotation_id, Rotation.source_url == url).with_for_update()
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def _replace(rotation: Rotation, shifts: Sequence[ImportedShift], since: datetime) -> None:
    first = min((shift.starts_at for shift in shifts), default=since)
    replaced = (
        ImportedShift.rotation_id == rotation.id,
        or_(ImportedShift.ends_at > since, ImportedShift.starts_at >= first),
    )
    before = {_as_row(shift) for shift in db.session.scalars(select(ImportedShift).where(*replaced))}
    if before == {_as_row(shift) for shift in shifts}:
        return
    db.session.execute(delete(ImportedShift).where(*replaced))
    db.session.add_all(shifts)
    rotation.changed_at = clock.now()
    db.session.flush()


def _as_row(shift: ImportedShift) -> tuple[object, ...]:
    return shift.uid, shift.starts_at, shift.ends_at, shift.name, shift.person_id, shift.priority


def _strangers(shifts: Sequence[ImportedShift]) -> str | None:
    names = [*dict.fromkeys(shift.name for shift in shifts if shift.person_id is None)]
    if not names:
        return None
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    said = f"Nobody here goes by {', '.join(name[:60] for name in names[:_MOST_NAMES])}{more}."
    return f"{said} Use a name or an e-mail address."


def _matcher(people: Sequence[Person]) -> Callable[[Found], Person | None]:
    """Who is meant by a title: its e-mail address, its name, what stands before the @, or a name within; else attendees."""
    by_email = {person.email: person for person in reversed(people)}
    by_name = {person.name.casefold(): person for person in reversed(people)}
    by_account = _only_once(people)

    def whose(found: Found) -> Person | None:
        title = found.title.casefold()
        for address in _EMAIL.findall(title):
            if address in by_email:
                return by_email[address]
        exact = by_name.get(title) or by_account.get(title) or _named_in(title, by_name)
        return exact or next((by_email[each] for each in found.attendees if each in by_email), None)

    return whose


def _only_once(people: Sequence[Person]) -> Mapping[str, Person]:
    known: dict[str, list[Person]] = {}
    for person in people:
        known.setdefault(person.email.partition("@")[0], []).append(person)
    return {name: found[0] for name, found in known.items() if len(found) == 1}


def _named_in(title: str, by_name: Mapping[str, Person]) -> Person | None:
    """The one person whose whole name stands in the title, such as "On call: Maya Lindqvist"."""
    named = [person for name, person in by_name.items() if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", title)]
    return named[0] if len(named) == 1 else None
