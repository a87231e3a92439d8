"""Who does what in an incident and who may see it: roles with their hand-over, visibility, named people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from .. import actions
from ..access import Role, actor, may, me
from ..actions import roles, visibility
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed, Refusal
from ..policy.lifecycle import Visibility
from ..published import publishing
from ..records.incidents import Incident, IncidentRole
from ..records.people import Person, active_people, find_person
from .incident_pages import form_page, load, load_to_act, refused, text, to_room

bp = Blueprint("console_crew", __name__, url_prefix="/console/incidents/<ref>")

_VISIBILITIES = [
    {"value": Visibility.PUBLIC, "text": "Public: every colleague sees it, and it may be published"},
    {"value": Visibility.INTERNAL, "text": "Internal: every colleague sees it, nothing of it is published"},
    {"value": Visibility.RESTRICTED, "text": "Restricted: only the people named in it see it"},
]


@bp.get("/roles")
@may(Role.RESPONDER)
def ask_roles(ref: str) -> ResponseReturnValue:
    """Who holds which role, and who held it before."""
    incident = load(ref)
    return form_page("console/roles.html", incident, **_role_facts(incident))


@bp.post("/roles")
@may(Role.RESPONDER)
def assign(ref: str) -> ResponseReturnValue:
    """Give a role to somebody, or leave it with nobody."""
    incident = load_to_act(ref)
    try:
        email = text("person")
        if email:
            actions.assign_role(incident, role=text("role"), person=_person(email), by=actor())
        else:
            actions.remove_role(incident, role=text("role"), by=actor())
    except Refusal as refusal:
        return refused("console/roles.html", ref, refusal, **_role_facts(load(ref)))
    db.session.commit()
    return to_room(incident)


@bp.post("/roles/<role>/acceptance")
@may(Role.RESPONDER)
def accept(ref: str, role: str) -> ResponseReturnValue:
    """Say "I have it"."""
    incident = load_to_act(ref)
    try:
        actions.accept_role(incident, role=role, by=actor())
    except Refusal as refusal:
        return refused("console/roles.html", ref, refusal, **_role_facts(load(ref)))
    db.session.commit()
    return to_room(incident)


@bp.get("/visibility")
@may(Role.RESPONDER)
def ask_visibility(ref: str) -> ResponseReturnValue:
    """Public, internal or restricted, with what each means for the page."""
    incident = load(ref)
    return form_page("console/visibility.html", incident, **_visibility_facts(incident))


@bp.post("/visibility")
@may(Role.RESPONDER)
def change_visibility(ref: str) -> ResponseReturnValue:
    """Change it; away from public it leaves the page at once."""
    incident = load_to_act(ref)
    try:
        actions.change_visibility(
            incident, to=text("visibility"), by=actor(), viewer_person=me(), reason=text("reason")
        )
    except Refusal as refusal:
        return refused("console/visibility.html", ref, refusal, **_visibility_facts(load(ref)))
    db.session.commit()
    return to_room(incident)


@bp.get("/people")
@may(Role.RESPONDER)
def ask_people(ref: str) -> ResponseReturnValue:
    """Who may see a restricted incident."""
    incident = load(ref)
    return form_page("console/people_named.html", incident, **_named_facts(incident))


@bp.post("/people")
@may(Role.RESPONDER)
def name(ref: str) -> ResponseReturnValue:
    """Let somebody see it, or take that away."""
    incident = load_to_act(ref)
    try:
        if incident.visibility != Visibility.RESTRICTED:
            raise NotAllowed("Every colleague sees this incident. Nobody needs to be named.")
        person = _person(text("person"))
        if text("act") == "unname":
            actions.unname_person(incident, person=person, by=actor())
        else:
            actions.name_person(incident, person=person, by=actor(), reason=text("reason") or f"named by {me().name}")
    except Refusal as refusal:
        return refused("console/people_named.html", ref, refusal, **_named_facts(load(ref)))
    db.session.commit()
    return to_room(incident)


def _person(email: str) -> Person:
    person = find_person(email) if email else None
    if person is None or not person.is_active:
        raise Malformed({"person": "Choose somebody from the list."})
    return person


def _role_facts(incident: Incident) -> dict[str, Any]:
    held = {row.role: (row, person) for row, person in roles.current_roles(incident)}
    history = db.session.execute(
        select(IncidentRole, Person.name)
        .join(Person, Person.id == IncidentRole.person_id)
        .where(IncidentRole.incident_id == incident.id)
        .order_by(IncidentRole.id.desc())
    ).all()
    return {
        "labels": roles.role_labels(),
        "held": held,
        "history": history,
        "people": [("", "Nobody"), *((person.email, person.name) for person in active_people(Role.RESPONDER))],
    }


def _visibility_facts(incident: Incident) -> dict[str, Any]:
    return {"choices": _VISIBILITIES, "is_published": publishing.find(incident.id) is not None}


def _named_facts(incident: Incident) -> dict[str, Any]:
    named = visibility.named_people(incident)
    return {
        "named": named,
        "people": [(person.email, person.name) for person in active_people() if person not in named],
    }
