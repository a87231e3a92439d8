"""Whoever is named with an @ and may see the incident is told: once for a section or comment, never twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from ...kernel import clock
from ...kernel.database import db
from ...messages import about_postmortems
from ...policy.mentions import mentioned
from ...records.actors import Actor
from ...records.addresses import LOW
from ...records.incidents import Incident
from ...records.people import Person, active_people
from ...records.postmortem_writing import PostmortemMention
from ...records.postmortems import Postmortem
from .. import telling

_AN_AT = re.compile(r"@\w")
MOST_AT_ONCE = 20  # people told of one text: more is a list that was pasted


def tell(postmortem: Postmortem, place: str, text: str, *, by: Actor, before: str = "") -> Sequence[Person]:
    """Tell those whom ``text`` names and ``before`` did not; who was told. ``place`` is ``section/…`` or ``comment/…``."""
    if not _AN_AT.search(text):
        return []
    incident = db.session.get_one(Incident, postmortem.incident_id)
    readers = telling.who_may_hear(incident, active_people())
    handles = {person.id: (person.name, person.email.partition("@")[0]) for person in readers}
    named = mentioned(text, handles) - mentioned(before, handles)
    wanted = select(PostmortemMention.person_id).where(
        PostmortemMention.postmortem_id == postmortem.id, PostmortemMention.place == place
    )
    known = set(db.session.scalars(wanted))
    # one's own name is a reference, no call
    meant = [
        person
        for person in readers
        if person.id in named and person.id not in known and (by.kind, by.id) != ("person", person.id)
    ][:MOST_AT_ONCE]
    for person in meant:
        _tell(postmortem, incident, place, person, by=by)
    return meant


def _tell(postmortem: Postmortem, incident: Incident, place: str, person: Person, *, by: Actor) -> None:
    db.session.add(PostmortemMention(postmortem_id=postmortem.id, place=place, person_id=person.id, at=clock.now()))
    telling.send(
        about_postmortems.mention(incident, by_name=by.name, place=place, base_url=telling.base_url()),
        to=person,
        event=f"mention/{postmortem.id}/{place}/{person.id}",
        incident=incident,
        urgency=LOW,
    )
