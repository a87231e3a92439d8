"""Secret addresses under which shifts can be read as a calendar: one rotation's, or one's own in all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select

from ..access.secrets import digest, new_secret
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..messages.oncall_calendar import Entry
from ..policy.rotations import Shift, by_person
from ..records.actors import Actor
from ..records.oncall import CalendarFeed, Rotation
from ..records.people import Person, Role
from . import audit, telling
from .shifts import shifts

PATH = "/calendars/"
NOBODY = "Nobody is on call"
# whole months, so that what is cut at the edges is cut at the same place for a month
_BEFORE, _AHEAD = timedelta(days=62), timedelta(days=400)


def write_feed(person: Person, *, rotation: Rotation | None = None) -> tuple[str, CalendarFeed]:
    """A new address for a rotation, or (None) for the person's own shifts. It is told once: only its digest is kept."""
    secret = new_secret()
    feed = CalendarFeed(secret_hash=digest(secret), person_id=person.id, rotation_id=rotation.id if rotation else None)
    db.session.add(feed)
    audit.note("made a calendar address", by=person.as_actor(), subject=rotation.name if rotation else "own shifts")
    db.session.flush()
    return f"{telling.base_url()}{PATH}{secret}.ics", feed


def revoke_feed(feed: CalendarFeed, *, by: Actor) -> None:
    """The address answers no more. Raises NotAllowed for somebody else's, unless an admin asks."""
    if feed.revoked_at is not None:
        return
    asker = db.session.get(Person, by.id) if by.kind == "person" else None
    if asker is not None and asker.id != feed.person_id and not asker.may(Role.ADMIN):
        raise NotAllowed("This address is somebody else's.")
    feed.revoked_at = clock.now()
    audit.note("revoked a calendar address", by=by, subject=db.session.get_one(Person, feed.person_id).email)
    db.session.flush()


def feeds_of(person: Person) -> list[CalendarFeed]:
    """A person's addresses that answer, the newest first."""
    wanted = select(CalendarFeed).where(CalendarFeed.person_id == person.id, CalendarFeed.revoked_at.is_(None))
    return list(db.session.scalars(wanted.order_by(CalendarFeed.id.desc())))


def feed_of(secret: str) -> CalendarFeed | None:
    """The feed at an address; None for one that was revoked or never was, or whose person has no active account."""
    wanted = select(CalendarFeed).where(CalendarFeed.secret_hash == digest(secret), CalendarFeed.revoked_at.is_(None))
    feed = db.session.scalar(wanted)
    if feed is None or not db.session.get_one(Person, feed.person_id).is_active:
        return None
    return feed


def name_of(feed: CalendarFeed) -> str:
    """What calendars call it."""
    rotation = _rotation(feed)
    return f"On call: {rotation.name if rotation else db.session.get_one(Person, feed.person_id).name}"


def entries_of(feed: CalendarFeed) -> list[Entry]:
    """Two months back and a year ahead: a rotation's shifts with its gaps, or the person's own in every rotation."""
    rotation = _rotation(feed)
    if rotation is not None:
        found = _shifts(rotation)
        names = _names({shift.person for shift in found if shift.person is not None})
        return [_entry(rotation, shift, _title(shift, names)) for shift in found]
    kept = select(Rotation).where(Rotation.archived_at.is_(None)).order_by(Rotation.id)
    return [entry for each in db.session.scalars(kept).all() for entry in _own(each, feed.person_id)]


def _own(rotation: Rotation, person_id: int) -> Iterator[Entry]:
    for shift in _shifts(rotation):
        if shift.person == person_id:
            yield _entry(rotation, shift, f"On call: {rotation.name}")


def _rotation(feed: CalendarFeed) -> Rotation | None:
    return None if feed.rotation_id is None else db.session.get_one(Rotation, feed.rotation_id)


def _shifts(rotation: Rotation) -> list[Shift]:
    now = clock.now()
    since, until = _month_of(now - _BEFORE), _month_of(now + _AHEAD)
    if rotation.archived_at is not None:
        until = min(until, rotation.archived_at)
    return by_person(shifts(rotation, since=since, until=until)) if since < until else []


def _month_of(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _names(people: Collection[int]) -> dict[int | None, str]:
    """Asked for once: a rotation of a few people may have thousands of shifts."""
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    return {row.id: row.name for row in rows}


def _title(shift: Shift, names: Mapping[int | None, str]) -> str:
    if shift.person in names:
        return names[shift.person]
    return f"{NOBODY} ({shift.absent})" if shift.absent else NOBODY


def _entry(rotation: Rotation, shift: Shift, title: str) -> Entry:
    host = urlsplit(telling.base_url()).hostname or "sevenbells"
    return Entry(
        uid=f"rotation-{rotation.id}-{shift.starts_at:%Y%m%dT%H%M%SZ}@{host}",
        title=title,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        changed_at=rotation.changed_at,
        # grows with every change, as calendars ask of it
        sequence=max(0, int((rotation.changed_at - rotation.created_at).total_seconds())),
    )
