"""The one visibility question, asked by every list, search, relation, export and feed."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.exceptions import NotFound

from ..kernel.database import db
from ..policy.lifecycle import Visibility
from ..records.actors import Actor
from ..records.incident_channels import private_channels
from ..records.incidents import Incident, NamedViewer
from ..records.people import Person
from ..records.tokens import ApiToken

Viewer = Person | ApiToken

_REF = re.compile(r"INC-([1-9]\d{0,8})", re.IGNORECASE)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """True for incidents that this person or token may see: all but restricted ones, unless named in them."""
    named_as = NamedViewer.person_id if isinstance(viewer, Person) else NamedViewer.token_id
    named_in = select(NamedViewer.incident_id).where(named_as == viewer.id)
    return or_(Incident.visibility != Visibility.RESTRICTED, Incident.id.in_(named_in))


def visible_incidents(viewer: Viewer) -> Select[Incident]:
    """Every incident the viewer may see, in no order."""
    return select(Incident).where(visible_to(viewer))


def declared_in_slack(by: Actor) -> Select[Incident]:
    """What somebody in Slack declared whose account we do not know, in no order; what is restricted is hidden from them too."""
    number = by.id if by.kind == "slack" else None
    theirs = (Incident.declared_by_kind == "slack", Incident.declared_by_id == number)
    return select(Incident).where(
        *theirs, Incident.declared_by_id.is_not(None), Incident.visibility != Visibility.RESTRICTED
    )


def number_of(ref: str) -> int | None:
    """42 for ``INC-42``; None for what cannot be the name of an incident. Says nothing about whether there is one."""
    named = _REF.fullmatch(ref)
    return int(named[1]) if named else None


def find_incident(ref: str, viewer: Viewer, *, for_writing: bool = False) -> Incident | None:
    """The incident named ``INC-42``, or None: where it is hidden it answers exactly as where it is missing.

    ``for_writing`` locks the row, so that two people acting at once act one after the other.
    """
    number = number_of(ref)
    if number is None:
        return None
    wanted = visible_incidents(viewer).where(Incident.id == number)
    if for_writing:
        wanted = wanted.with_for_update(of=Incident)
    return db.session.scalars(wanted).one_or_none()


def incident_or_404(ref: str, viewer: Viewer, *, for_writing: bool = False) -> Incident:
    """The same, or the answer for what does not exist."""
    found = find_incident(ref, viewer, for_writing=for_writing)
    if found is None:
        raise NotFound
    return found


def merged_into(incident: Incident, viewer: Viewer) -> Incident | None:
    """The incident that this one was merged into, or None: where it was not, and where the viewer may not see that one."""
    if incident.merged_into_id is None:
        return None
    return db.session.scalars(visible_incidents(viewer).where(Incident.id == incident.merged_into_id)).one_or_none()


def hidden_from(letters: Collection[tuple[int, int | None, str]]) -> set[tuple[int, int | None, str]]:
    """Of these (incident's number, person's number, address), those that may not tell of the incident as it now is.

    Everybody may hear of one that is not restricted; else only the people named in it, and its own private channel in
    Slack. Who is meant is said by the person's number, and by the address where a message has none.
    """
    ids = {incident_id for incident_id, _person_id, _address in letters}
    hidden = set(
        db.session.scalars(
            select(Incident.id).where(Incident.id.in_(ids), Incident.visibility == Visibility.RESTRICTED)
        )
    )
    if not hidden:
        return set()
    named = select(NamedViewer.incident_id, Person.id, Person.email).join(Person, Person.id == NamedViewer.person_id)
    found = db.session.execute(named.where(NamedViewer.incident_id.in_(hidden))).all()
    insiders: set[tuple[int, int | str]] = {(incident_id, person_id) for incident_id, person_id, _email in found}
    insiders |= {(incident_id, email) for incident_id, _person_id, email in found}
    insiders |= private_channels(hidden)
    return {
        letter
        for letter in letters
        if letter[0] in hidden and (letter[0], letter[2] if letter[1] is None else letter[1]) not in insiders
    }
