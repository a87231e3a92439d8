"""Finding the other incident, to relate this one to or to merge it into: by number, or by words of its title."""

from __future__ import annotations

from sqlalchemy import or_, select

from ..access.visibility import number_of, visible_to
from ..kernel.database import db
from ..records.incidents import Incident
from ..records.people import Person

_MOST, _OFFERED = 10, 5  # found, and offered before anything was looked for
_LONGEST = 100


def found(incident: Incident, words: str, *, me: Person, only_open: bool = False) -> list[Incident]:
    """The newest others that this person may see and that hold all the words; without words the newest of all."""
    wanted = select(Incident).where(visible_to(me), Incident.id != incident.id)
    if only_open:
        wanted = wanted.where(Incident.outcome.is_(None))
    number = number_of(words) or (int(words) if words.isascii() and words.isdigit() and len(words) < 10 else None)
    if number is not None:
        wanted = wanted.where(or_(Incident.id == number, Incident.title.icontains(words, autoescape=True)))
    else:
        for word in words[:_LONGEST].split():
            wanted = wanted.where(Incident.title.icontains(word, autoescape=True))
    return list(db.session.scalars(wanted.order_by(Incident.id.desc()).limit(_MOST if words else _OFFERED)))
