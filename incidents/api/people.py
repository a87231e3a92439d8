"""Who does what in an incident, and who may see a restricted one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from .. import actions
from ..access import Scope, actor
from ..actions import roles as role_actions
from ..kernel.database import db
from ..records.incidents import Incident, NamedViewer
from ..records.people import Person, find_person
from ..records.tokens import ApiToken
from . import incident_shape, loading, paging, shapes
from .fields import Body, clearable, text
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import MAYBE_TEXT, TEXT, TIME, stamp

shapes.named(
    "NamedViewer",
    shapes.record(kind=shapes.word(["person", "token"]), email=MAYBE_TEXT, name=TEXT, reason=TEXT, at=TIME, by=TEXT),
)


@operation(
    "PUT",
    "/incidents/<ref>/roles/<role>",
    scope=Scope.RESPOND,
    summary="Give a role to a person: commander, communications_lead, scribe, or one of the team's own.",
    gives="Incident",
    body=Body(required={"person": loading.EMAIL}, optional=loading.VERSION),
)
def assign_role(given: Given, ref: str, role: str) -> Answer:
    incident = loading.to_change(ref, given)
    _known_role(role)
    actions.assign_role(incident, role=role, person=loading.person(given["person"]), by=actor())
    return incident_shape.answer(incident)


@operation(
    "DELETE",
    "/incidents/<ref>/roles/<role>",
    scope=Scope.RESPOND,
    summary="Leave a role with nobody.",
    gives=None,
    status=204,
)
def remove_role(given: Given, ref: str, role: str) -> None:
    incident = loading.to_change(ref, given)
    _known_role(role)
    actions.remove_role(incident, role=role, by=actor())


@operation(
    "GET",
    "/incidents/<ref>/people",
    scope=Scope.READ,
    summary="Who is named in an incident, and so may see it while it is restricted.",
    gives="NamedViewer",
    is_list=True,
)
def list_people(given: Given, ref: str) -> Page[Thing]:
    incident = loading.to_read(ref)
    wanted = select(NamedViewer).where(NamedViewer.incident_id == incident.id)
    page = paging.by_id(wanted, NamedViewer.id, given, newest_first=False)
    return Page([_shape(named) for named in page.rows], page.cursor)


@operation(
    "POST",
    "/incidents/<ref>/people",
    scope=Scope.RESPOND,
    summary="Name a person. Naming twice changes nothing.",
    gives="NamedViewer",
    body=Body(required={"person": loading.EMAIL}, optional={"reason": clearable(text(500)), **loading.VERSION}),
    status=201,
)
def name_person(given: Given, ref: str) -> Thing:
    incident = loading.to_change(ref, given)
    reason = (given.get("reason") or "").strip() or f"named by {actor().name}"
    named = actions.name_person(incident, person=loading.person(given["person"]), by=actor(), reason=reason)
    return _shape(named)


@operation(
    "DELETE",
    "/incidents/<ref>/people/<email>",
    scope=Scope.RESPOND,
    summary="Name a person no more. The last one stays.",
    gives=None,
    status=204,
)
def unname_person(given: Given, ref: str, email: str) -> None:
    incident = loading.to_change(ref, given)
    person = find_person(email)
    if person is None or not _is_named(incident, person):
        raise NotFound
    actions.unname_person(incident, person=person, by=actor())


def _known_role(role: str) -> None:
    if role not in role_actions.role_labels():
        raise NotFound


def _is_named(incident: Incident, person: Person) -> bool:
    named = select(NamedViewer.id).where(NamedViewer.incident_id == incident.id, NamedViewer.person_id == person.id)
    return db.session.scalar(named) is not None


def _shape(named: NamedViewer) -> dict[str, Any]:
    person = None if named.person_id is None else db.session.get(Person, named.person_id)
    token = None if named.token_id is None else db.session.get(ApiToken, named.token_id)
    return {
        "kind": "person" if person else "token",
        "email": person.email if person else None,
        "name": person.name if person else token.name if token else "",
        "reason": named.reason,
        "at": stamp(named.at),
        "by": named.by_name,
    }
