"""Who does what: roles given, taken, accepted, with every hand-over."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ... import actions
from ...access import Role, actor, may, me
from ...actions import roles as role_actions
from ...kernel.database import db
from ...kernel.errors import Malformed
from ...records.incidents import Incident, IncidentRole
from ...records.people import Person, active_people, find_person
from ..incident_pages import text
from .asking import answer
from .blueprint import FORM, bp
from .repeats import fingerprint, insist_on_sight


@bp.route("/roles", methods=FORM)
@may(Role.RESPONDER)
def roles(ref: str) -> ResponseReturnValue:
    """Give a role to any responder, or leave it with nobody."""
    return answer(ref, "roles", facts=_facts, act=_hand_over)


@bp.post("/roles/<role>/acceptance")
@may(Role.RESPONDER)
def role_acceptance(ref: str, role: str) -> ResponseReturnValue:
    """The new holder says: I have it."""

    def accept(incident: Incident) -> str | None:
        actions.accept_role(incident, role=role, by=actor())
        return None

    return answer(ref, "roles", facts=_facts, act=accept)


def _hand_over(incident: Incident) -> str | None:
    role, email = text("role"), text("person")
    holder = role_actions.holder(incident, role)
    if (holder.email if holder else "") != email:
        has_it = holder.name if holder else "Nobody"
        insist_on_sight(incident, _seen(holder), f"{has_it} has this role now. Decide anew.", person=has_it)
    if email:
        actions.assign_role(incident, role=role, person=_responder(email), by=actor())
    else:
        actions.remove_role(incident, role=role, by=actor())
    return None


def _responder(email: str) -> Person:
    person = find_person(email)
    if person is None:
        raise Malformed({"person": "Choose somebody from the list."})
    if not person.is_active:
        raise Malformed({"person": f"The account of {person.name} is disabled. Choose somebody else."})
    if not person.may(Role.RESPONDER):
        raise Malformed({"person": f"{person.name} may only look. Choose a responder."})
    return person


def _facts(incident: Incident) -> dict[str, Any]:
    held = {row.role: (row, person) for row, person in role_actions.current_roles(incident)}
    history = db.session.execute(
        select(IncidentRole, Person.name)
        .join(Person, Person.id == IncidentRole.person_id)
        .where(IncidentRole.incident_id == incident.id)
        .order_by(IncidentRole.id.desc())
    )
    return {
        "values": {"role": "", "person": ""},
        "seats": [
            (role, label, *held.get(role, (None, None)), _seen(held[role][1] if role in held else None))
            for role, label in role_actions.role_labels().items()
        ],
        "history": [(row, name) for row, name in history],
        "labels": role_actions.role_labels(),
        "people": [("", "Nobody"), *((person.email, person.name) for person in active_people(Role.RESPONDER))],
        "my_id": me().id,
    }


def _seen(holder: Person | None) -> str:
    return fingerprint(holder.id if holder else None)
