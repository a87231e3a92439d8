"""Who is on call now, what roles resolve to, and groups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import groups, oncall, oncall_roles
from ..actions.oncall import Standing
from ..kernel import clock
from ..kernel.database import db
from ..records.oncall import NAME_LENGTH, PersonGroup, people_of_group
from ..records.oncall import groups as all_groups
from . import loading, paging, shapes
from .fields import Body, listing, moment, text
from .oncall_fields import MAYBE_PERSON, people_named, person_shape
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, maybe_stamp

_LONGEST_WORD = 300
shapes.named(
    "Standing",
    shapes.record(
        role=TEXT,
        label=TEXT,
        person=MAYBE_PERSON,
        people=shapes.many(shapes.PERSON),
        until=MAYBE_TIME,
        next=MAYBE_PERSON,
        absent=MAYBE_TEXT,
        assigned=FLAG,
    ),
)
shapes.named(
    "OnCallRole", shapes.record(role=TEXT, label=TEXT, tell=shapes.many(TEXT), people=shapes.many(shapes.PERSON))
)
shapes.named("PersonGroup", shapes.record(id=NUMBER, name=TEXT, people=shapes.many(shapes.PERSON)))

_PEOPLE = listing(loading.EMAIL, most=groups.MOST_PEOPLE)
_NAME = text(NAME_LENGTH)


@operation(
    "GET",
    "/on-call",
    scope=Scope.READ,
    summary="Who stands in each role, now or at a time: until when, and who is next. A gap has no person.",
    gives="Standing",
    query={"at": moment()},
    is_list=True,
)
def list_standing(given: Given) -> Page[Thing]:
    page = paging.by_place(oncall.standing(given.get("at") or clock.now()), given)
    return Page([_standing(each) for each in page.rows], page.cursor)


@operation(
    "GET",
    "/on-call/roles",
    scope=Scope.READ,
    summary="The roles of the escalation policy and what they resolve to.",
    gives="OnCallRole",
    is_list=True,
)
def list_roles(given: Given) -> Page[Thing]:
    page = paging.by_place([*oncall.role_labels()], given)
    return Page([_role(slug) for slug in page.rows], page.cursor)


@operation("GET", "/on-call/roles/<role>", scope=Scope.READ, summary="One role.", gives="OnCallRole")
def show_role(given: Given, role: str) -> Thing:
    if role not in oncall.role_labels():
        raise NotFound
    return _role(role)


@operation(
    "PUT",
    "/on-call/roles/<role>",
    scope=Scope.ADMIN,
    summary="Say whom a role means: rotation:<id>, group:<id>, person:<e-mail>, role:<name>. A new name adds a role.",
    gives="OnCallRole",
    body=Body(required={"tell": listing(text(_LONGEST_WORD), most=oncall_roles.MOST_WORDS)}, optional={"label": _NAME}),
)
def set_role(given: Given, role: str) -> Thing:
    oncall_roles.assign(role, by=actor(), tell=given["tell"], label=given.get("label"))
    return _role(role)


@operation(
    "DELETE",
    "/on-call/roles/<role>",
    scope=Scope.ADMIN,
    summary="Remove a role of the team's own. Refused while an escalation policy names it.",
    gives=None,
    status=204,
)
def delete_role(given: Given, role: str) -> None:
    if role not in oncall.role_labels():
        raise NotFound
    oncall_roles.remove(role, by=actor())


@operation(
    "GET",
    "/on-call/groups",
    scope=Scope.READ,
    summary="People who are told together.",
    gives="PersonGroup",
    is_list=True,
)
def list_person_groups(given: Given) -> Page[Thing]:
    page = paging.by_place(all_groups(), given)
    return Page([_group(group) for group in page.rows], page.cursor)


@operation(
    "POST",
    "/on-call/groups",
    scope=Scope.ADMIN,
    summary="Add a group.",
    gives="PersonGroup",
    body=Body(required={"name": _NAME, "people": _PEOPLE}),
    status=201,
)
def add_person_group(given: Given) -> Answer:
    people = people_named(given["people"], field="people")
    group = groups.create_group(by=actor(), name=given["name"], people=people)
    return Answer(_group(group), location=f"/on-call/groups/{group.id}")


@operation("GET", "/on-call/groups/<person_group_id>", scope=Scope.READ, summary="One group.", gives="PersonGroup")
def show_person_group(given: Given, person_group_id: str) -> Thing:
    return _group(_found(person_group_id))


@operation(
    "PATCH",
    "/on-call/groups/<person_group_id>",
    scope=Scope.ADMIN,
    summary="Rename a group, or replace its people.",
    gives="PersonGroup",
    body=Body(optional={"name": _NAME, "people": _PEOPLE}),
)
def change_person_group(given: Given, person_group_id: str) -> Thing:
    group = _found(person_group_id, for_writing=True)
    people = people_named(given["people"], field="people") if "people" in given else None
    return _group(groups.change_group(group, by=actor(), name=given.get("name"), people=people))


@operation(
    "DELETE",
    "/on-call/groups/<person_group_id>",
    scope=Scope.ADMIN,
    summary="Delete a group. Refused while a role or an escalation policy names it.",
    gives=None,
    status=204,
)
def delete_person_group(given: Given, person_group_id: str) -> None:
    groups.delete_group(_found(person_group_id, for_writing=True), by=actor())


def _found(person_group_id: str, *, for_writing: bool = False) -> PersonGroup:
    wanted = select(PersonGroup).where(PersonGroup.id == loading.row_id(person_group_id))
    group = db.session.scalar(wanted.with_for_update() if for_writing else wanted)
    if group is None:
        raise NotFound
    return group


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "role": standing.role,
        "label": standing.label,
        "person": person_shape(standing.person),
        "people": [shapes.person(person.email, person.name) for person in standing.people],
        "until": maybe_stamp(standing.until),
        "next": person_shape(standing.next),
        "absent": standing.absent or None,
        "assigned": standing.is_assigned,
    }


def _role(slug: str) -> dict[str, Any]:
    people = oncall.people_at(f"role:{slug}", clock.now())
    return {
        "role": slug,
        "label": oncall.role_labels()[slug],
        "tell": oncall.words_of_role(slug),
        "people": [shapes.person(person.email, person.name) for person in people],
    }


def _group(group: PersonGroup) -> dict[str, Any]:
    people = people_of_group(group.id)
    return {
        "id": group.id,
        "name": group.name,
        "people": [shapes.person(person.email, person.name) for person in people],
    }
