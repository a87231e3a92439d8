"""Who may see an incident: public, internal, or only the people named in it."""

from __future__ import annotations

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Forbidden, Malformed, NotAllowed
from ..policy.lifecycle import Visibility
from ..published import publishing
from ..records.actors import Actor
from ..records.incidents import Incident, NamedViewer
from ..records.people import Person, Role
from . import journal, watch


def change_visibility(
    incident: Incident, *, to: str, by: Actor, viewer_person: Person | None = None, reason: str | None = None
) -> None:
    """Make an incident public, internal or restricted. Away from public, it is withdrawn from the page at once.

    ``viewer_person`` is who asks, so that nobody locks himself out. The declarer and everybody with a role are named.
    """
    if to not in [*Visibility]:
        raise Malformed({"visibility": "Choose public, internal or restricted."})
    if to == incident.visibility:
        return
    before, incident.visibility = incident.visibility, to
    if to != Visibility.PUBLIC:
        publishing.withdraw_incident(incident.id)
    if to == Visibility.RESTRICTED:
        _name_those_in_it(incident, by=by, asking=viewer_person)
    journal.write(incident, "visibility", by=by, body=(reason or "").strip(), detail={"before": before, "after": to})
    watch.rearm(incident)


def name_person(incident: Incident, *, person: Person, by: Actor, reason: str) -> NamedViewer:
    """Let a person see a restricted incident; naming twice changes nothing."""
    known = db.session.scalars(
        select(NamedViewer).where(NamedViewer.incident_id == incident.id, NamedViewer.person_id == person.id)
    ).one_or_none()
    if known is not None:
        return known
    named = NamedViewer(
        incident_id=incident.id, person_id=person.id, token_id=None, reason=reason, at=clock.now(), by_name=by.name
    )
    db.session.add(named)
    journal.write(incident, "named", by=by, body=reason, detail={"person": person.name, "person_id": person.id})
    db.session.flush()
    return named


def name_oneself(incident: Incident, *, admin: Person, reason: str) -> NamedViewer:
    """An admin may name himself with a reason; the others are told by ``telling.tell_named``, and the timeline says so."""
    from . import telling

    if not admin.may(Role.ADMIN):
        raise Forbidden("Only an admin may do this.")
    reason = journal.words(reason, field="reason", sentence="Say why you need to see this incident.", longest=500)
    others = named_people(incident)
    named = name_person(incident, person=admin, by=admin.as_actor(), reason=reason)
    telling.tell_that_somebody_was_named(incident, people=others, who=admin.name, reason=reason)
    return named


def unname_person(incident: Incident, *, person: Person, by: Actor) -> None:
    """Take a person's sight of a restricted incident away. Raises NotAllowed for the last one who could see it."""
    known = db.session.scalars(
        select(NamedViewer).where(NamedViewer.incident_id == incident.id, NamedViewer.person_id == person.id)
    ).one_or_none()
    if known is None:
        return
    if len(named_people(incident)) == 1:
        raise NotAllowed("Nobody could see this incident any more. Name somebody else first.")
    db.session.delete(known)
    journal.write(incident, "unnamed", by=by, detail={"person": person.name, "person_id": person.id})
    db.session.flush()


def named_people(incident: Incident) -> list[Person]:
    """The people named in an incident, in the order of naming."""
    return list(
        db.session.scalars(
            select(Person)
            .join(NamedViewer, NamedViewer.person_id == Person.id)
            .where(NamedViewer.incident_id == incident.id)
            .order_by(NamedViewer.id)
        )
    )


def name_declarer(incident: Incident) -> None:
    """The person or token that declared a restricted incident is named by that."""
    if incident.declared_by_kind == "person" and incident.declared_by_id is not None:
        person = db.session.get(Person, incident.declared_by_id)
        if person is not None:
            name_person(incident, person=person, by=person.as_actor(), reason="declared it")
    elif incident.declared_by_kind == "token" and incident.declared_by_id is not None:
        _name_token(incident, incident.declared_by_id, by_name=incident.declared_by_name, reason="declared it")


def _name_token(incident: Incident, token_id: int, *, by_name: str, reason: str) -> None:
    known = select(NamedViewer.id).where(NamedViewer.incident_id == incident.id, NamedViewer.token_id == token_id)
    if db.session.scalar(known) is not None:
        return
    db.session.add(
        NamedViewer(
            incident_id=incident.id, person_id=None, token_id=token_id, reason=reason, at=clock.now(), by_name=by_name
        )
    )
    db.session.flush()


def _name_those_in_it(incident: Incident, *, by: Actor, asking: Person | None) -> None:
    from . import roles

    name_declarer(incident)
    for _held, person in roles.current_roles(incident):
        name_person(incident, person=person, by=by, reason="holds a role")
    if asking is not None:
        name_person(incident, person=asking, by=by, reason="made it restricted")
    if by.kind == "token" and by.id is not None:
        _name_token(incident, by.id, by_name=by.name, reason="made it restricted")
