"""Who does what in an incident, with every hand-over on record."""

from __future__ import annotations

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..policy.lifecycle import Visibility
from ..records.actors import Actor
from ..records.incidents import Incident, IncidentRole
from ..records.matrix import TeamWord
from ..records.people import Person, Role
from . import journal, telling, visibility, watch

COMMANDER = "commander"
COMMUNICATIONS_LEAD = "communications_lead"
SCRIBE = "scribe"
LEADING = (COMMANDER, COMMUNICATIONS_LEAD)  # who publishes without being asked once more
ROLE_LABELS = {COMMANDER: "Commander", COMMUNICATIONS_LEAD: "Communications lead", SCRIBE: "Scribe"}


def role_labels() -> dict[str, str]:
    """Our three roles, then the team's own, in the order they were added."""
    own = db.session.execute(select(TeamWord.slug, TeamWord.label).where(TeamWord.kind == "role").order_by(TeamWord.id))
    return {**ROLE_LABELS, **{row.slug: row.label for row in own}}


def holder(incident: Incident, role: str) -> Person | None:
    """Who holds the role now."""
    return db.session.scalars(
        select(Person)
        .join(IncidentRole, IncidentRole.person_id == Person.id)
        .where(IncidentRole.incident_id == incident.id, IncidentRole.role == role, IncidentRole.until.is_(None))
    ).one_or_none()


def leads(incident: Incident, person_id: int | None) -> bool:
    """Whether this person is commander or communications lead."""
    held = select(IncidentRole.id).where(
        IncidentRole.incident_id == incident.id,
        IncidentRole.role.in_(LEADING),
        IncidentRole.person_id == person_id,
        IncidentRole.until.is_(None),
    )
    return db.session.scalar(held.limit(1)) is not None


def assign_role(incident: Incident, *, role: str, person: Person, by: Actor) -> IncidentRole:
    """Give a role to a person; who held it before is kept in the history.

    Given to oneself it is accepted at once; else the new holder says so with ``accept_role``. In a restricted
    incident being given a role names its holder. Raises Malformed for an unknown role or somebody who cannot respond.
    """
    label = role_labels().get(role)
    if label is None:
        raise Malformed({"role": f"There is no role {role!r}."})
    if not person.may(Role.RESPONDER):
        raise Malformed({"person": f"{person.name} cannot hold a role: the account is disabled or may only look."})
    held = _current(incident, role)
    if held is not None and held.person_id == person.id:
        return held
    if incident.visibility == Visibility.RESTRICTED:
        visibility.name_person(incident, person=person, by=by, reason=f"was given the role {label}")
    before = _end(held)
    moment = clock.now()
    is_own = by.kind == "person" and by.id == person.id
    given = IncidentRole(
        incident_id=incident.id,
        role=role,
        person_id=person.id,
        since=moment,
        given_by_name=by.name,
        accepted_at=moment if is_own else None,
    )
    db.session.add(given)
    journal.write(
        incident,
        "role",
        by=by,
        detail={"role": role, "label": label, "person": person.name, "person_id": person.id, "before": before},
    )
    # a drill writes to nobody who did not agree, not even that
    if not is_own and telling.who_plays_along(incident, [person]):
        telling.tell_of_role(incident, person=person, label=label, by_name=by.name)
    watch.rearm(incident)
    return given


def remove_role(incident: Incident, *, role: str, by: Actor) -> None:
    """Leave a role with nobody; without a holder nothing happens."""
    held = _current(incident, role)
    if held is None:
        return
    before = _end(held)
    journal.write(
        incident,
        "role",
        by=by,
        detail={"role": role, "label": role_labels().get(role, role), "person": None, "before": before},
    )


def accept_role(incident: Incident, *, role: str, by: Actor) -> IncidentRole:
    """The new holder says "I have it". Raises NotAllowed for anybody else."""
    held = _current(incident, role)
    if held is None or by.kind != "person" or held.person_id != by.id:
        raise NotAllowed("Only the person who was given this role can accept it.")
    if held.accepted_at is None:
        held.accepted_at = clock.now()
        journal.write(incident, "role_accepted", by=by, detail={"role": role, "label": role_labels().get(role, role)})
    return held


def current_roles(incident: Incident) -> list[tuple[IncidentRole, Person]]:
    """Every role held now, with its holder."""
    rows = db.session.execute(
        select(IncidentRole, Person)
        .join(Person, IncidentRole.person_id == Person.id)
        .where(IncidentRole.incident_id == incident.id, IncidentRole.until.is_(None))
        .order_by(IncidentRole.id)
    )
    return [(row[0], row[1]) for row in rows]


def _current(incident: Incident, role: str) -> IncidentRole | None:
    return db.session.scalars(
        select(IncidentRole).where(
            IncidentRole.incident_id == incident.id, IncidentRole.role == role, IncidentRole.until.is_(None)
        )
    ).one_or_none()


def _end(held: IncidentRole | None) -> str | None:
    """Close a holding; the name of who held it. Flushed, so that the next holder's row may stand beside it."""
    if held is None:
        return None
    held.until = clock.now()
    db.session.flush()
    person = db.session.get(Person, held.person_id)
    return person.name if person else None
