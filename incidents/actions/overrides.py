"""Overrides: somebody else is on call for a while. They may overlap: the one made later holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..messages import about_oncall
from ..messages.letters import Letter
from ..records.actors import Actor
from ..records.oncall import Override, Rotation, ShiftSwap
from ..records.people import Person, Role
from . import audit, telling
from .shifts import shifts

LONGEST_REASON = 300
LONGEST = timedelta(days=366)


def add_override(
    rotation: Rotation,
    *,
    by: Actor,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    instead_of: Person | None = None,
    reason: str = "",
    swap: ShiftSwap | None = None,
) -> Override:
    """Put somebody on call; with ``instead_of`` only where that person would be.

    One whose beginning has passed begins now: who was on call is history, and stays.
    They and whoever would have been on call are told, but for whoever does it; a swap tells its own.
    Raises Malformed (``person``, ``starts_at``, ``ends_at``, ``reason``) where it will not do: it ends before it
    begins, lies wholly in the past, is longer than a year, or the person cannot respond.
    """
    if rotation.archived_at is not None:
        raise NotAllowed(f"{rotation.name} is archived.")
    _check_times(starts_at, ends_at)
    starts_at = max(starts_at, clock.now())
    must_be_able(person, field="person")
    if len(reason.strip()) > LONGEST_REASON:
        raise Malformed({"reason": f"Use at most {LONGEST_REASON} characters."})
    relieved = _relieved(rotation, starts_at, ends_at, instead_of)
    override = Override(
        rotation_id=rotation.id,
        person_id=person.id,
        instead_of_id=instead_of.id if instead_of else None,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.replace("\x00", "").strip(),
        swap_id=swap.id if swap else None,
        by_name=by.name,
    )
    db.session.add(override)
    rotation.changed_at = clock.now()
    note = {"person": person.email, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
    audit.note("added an override", by=by, subject=rotation.name, **note)
    db.session.flush()
    if swap is None:
        not_these = ", ".join(each.name for each in relieved if each is not person)
        _tell(
            override,
            [person, *relieved],
            "made",
            lambda to, url: about_oncall.cover_made(
                override, rotation, to=to, who=by.name, takes=person.name, instead_of=not_these, base_url=url
            ),
            by=by,
        )
    return override


def remove_override(override: Override, *, by: Actor) -> None:
    """Take it back. One that has begun ends now, so that history keeps who was on call.

    Raises NotAllowed for one that is over. Removing it twice changes nothing.
    """
    now = clock.now()
    if override.removed_at is not None:
        return
    if override.ends_at <= now:
        raise NotAllowed("This override is over. History keeps it.")
    ends_at = override.ends_at
    instead_of = db.session.get(Person, override.instead_of_id) if override.instead_of_id else None
    if override.starts_at < now:
        override.ends_at = now
    else:
        override.removed_at = now
    rotation = db.session.get_one(Rotation, override.rotation_id)
    person = db.session.get_one(Person, override.person_id)
    rotation.changed_at = now
    audit.note("removed an override", by=by, subject=rotation.name, starts_at=override.starts_at.isoformat())
    db.session.flush()
    relieved = _relieved(rotation, max(override.starts_at, now), ends_at, instead_of)
    _tell(
        override,
        [person, *relieved],
        "removed",
        lambda to, url: about_oncall.cover_taken_back(
            rotation, (max(override.starts_at, now), ends_at), to=to, who=by.name, takes=person.name, base_url=url
        ),
        by=by,
    )


def must_be_able(person: Person, *, field: str) -> None:
    """Raises Malformed for somebody who cannot be on call."""
    if not person.may(Role.RESPONDER):
        raise Malformed({field: f"{person.name} cannot be on call: the account is disabled or may only look."})


def _relieved(rotation: Rotation, starts_at: datetime, ends_at: datetime, instead_of: Person | None) -> list[Person]:
    """Who has those hours as it stands, each once, in the order in which they come."""
    ids = dict.fromkeys(each.person for each in shifts(rotation, since=starts_at, until=ends_at))
    if instead_of is not None:
        return [instead_of] if instead_of.id in ids else []
    found = (db.session.get(Person, each) for each in ids if each is not None)
    return [each for each in found if each is not None]


def _tell(
    override: Override, people: list[Person], what: str, letter: Callable[[Person, str], Letter], *, by: Actor
) -> None:
    """Each of them once, by a letter; nobody is told of what they did themselves."""
    for person in dict.fromkeys(people):
        if person.is_active and (by.kind, by.id) != ("person", person.id):
            text = letter(person, telling.base_url())
            telling.send(text, to=person, event=f"cover/{override.id}/{what}", incident=None)


def _check_times(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise Malformed({"ends_at": "It ends before it begins."})
    if ends_at <= clock.now():
        raise Malformed({"ends_at": "It lies wholly in the past."})
    if ends_at - starts_at > LONGEST:
        raise Malformed({"ends_at": "It is longer than a year. Change the rotation instead."})
