"""Components and their groups, by their public ids."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

from ..access import Scope, viewer
from ..actions import audit, status_page
from ..kernel.database import db
from ..kernel.errors import Forbidden, Malformed
from ..policy.components import ComponentStatus
from ..published import components
from ..published.baselines import REASON_LENGTH
from ..published.components import DESCRIPTION_LENGTH, NAME_LENGTH, UNCHANGED, Component, ComponentGroup
from ..records.tokens import ApiToken
from . import paging, shapes
from .fields import Body, choice, clearable, flag, text, whole
from .oncall_fields import day
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_TEXT, NUMBER, TEXT, TIME, stamp

_ID = text(12)
_POSITION = whole(1, 10_000)
_STATUS = choice(ComponentStatus)

shapes.named(
    "Component",
    shapes.record(
        id=TEXT,
        name=TEXT,
        description=MAYBE_TEXT,
        group_id=MAYBE_TEXT,
        status=shapes.word(ComponentStatus),
        position=NUMBER,
        shown=FLAG,
        showcase=FLAG,
        only_show_if_degraded=FLAG,
        start_date=MAYBE_TEXT,
        archived=FLAG,
        created_at=TIME,
        updated_at=TIME,
    ),
)
shapes.named("ComponentGroup", shapes.record(id=TEXT, name=TEXT, position=NUMBER, created_at=TIME, updated_at=TIME))

_CHOICES = {
    "group_id": clearable(_ID),
    "description": clearable(text(DESCRIPTION_LENGTH)),
    "status": _STATUS,
    "position": _POSITION,
    "shown": flag(),
    "showcase": flag(),
    "only_show_if_degraded": flag(),
    "start_date": clearable(day()),
}


@operation(
    "GET",
    "/components",
    scope=Scope.READ,
    summary="Every component, archived ones too, in the order of the page. status is what holds when no incident speaks.",
    gives="Component",
    is_list=True,
)
def list_components(given: Given) -> Page[Thing]:
    page = paging.by_place(components.all_components(archived=None), given)
    return Page([_shape(component) for component in page.rows], page.cursor)


@operation(
    "POST",
    "/components",
    scope=Scope.ADMIN,
    summary="Add a component, last in its group unless position (from 1) says otherwise.",
    gives="Component",
    body=Body(required={"name": text(NAME_LENGTH)}, optional=_CHOICES),
    status=201,
)
def add_component(given: Given) -> Answer:
    component = components.add_component(
        given["name"],
        group=_group_named(given.get("group_id")),
        description=given.get("description"),
        status=given.get("status", ComponentStatus.OPERATIONAL),
        position=given.get("position"),
        shown=given.get("shown", True),
        showcase=given.get("showcase", True),
        only_if_degraded=given.get("only_show_if_degraded", False),
        starts_on=given.get("start_date"),
        by_name=viewer().as_actor().name,
    )
    _note("added the component", component.name)
    return Answer(_shape(component), location=f"/components/{component.public_id}")


@operation("GET", "/components/<component_id>", scope=Scope.READ, summary="One component.", gives="Component")
def show_component(given: Given, component_id: str) -> Thing:
    return _shape(_component(component_id))


@operation(
    "PATCH",
    "/components/<component_id>",
    scope=Scope.RESPOND,
    summary="Set a component's status, with a reason; with the scope admin also its words, place and group, and archive it.",
    gives="Component",
    body=Body(optional={"name": text(NAME_LENGTH), **_CHOICES, "archived": flag(), "reason": text(REASON_LENGTH)}),
)
def change_component(given: Given, component_id: str) -> Thing:
    if given.keys() - {"status", "reason"}:
        _must_be_admin()
    component = _component(component_id)
    components.change_component(
        component,
        name=given.get("name"),
        description=given.get("description", UNCHANGED),
        shown=given.get("shown"),
        showcase=given.get("showcase"),
        only_if_degraded=given.get("only_show_if_degraded"),
        starts_on=given.get("start_date", UNCHANGED),
    )
    if "status" in given:
        status_page.set_component_status(component, given["status"], by=viewer().as_actor(), reason=given.get("reason"))
    if given.get("archived") is not None and given["archived"] != component.is_archived:
        change = components.archive_component if given["archived"] else components.restore_component
        change(component)
    if "group_id" in given or "position" in given:
        group = _group_named(given["group_id"]) if "group_id" in given else UNCHANGED
        components.move_component(component, position=given.get("position"), group=group)
    if given.keys() - {"status", "reason"}:
        _note("changed the component", component.name)
    db.session.flush()
    return _shape(component)


@operation(
    "DELETE",
    "/components/<component_id>",
    scope=Scope.ADMIN,
    summary="Delete a component with its history. To keep that, archive it.",
    gives=None,
    status=204,
)
def delete_component(given: Given, component_id: str) -> None:
    component = _component(component_id)
    _note("deleted the component", component.name)
    components.delete_component(component)


@operation(
    "GET",
    "/component-groups",
    scope=Scope.READ,
    summary="The headings of the page, in its order.",
    gives="ComponentGroup",
    is_list=True,
)
def list_groups(given: Given) -> Page[Thing]:
    page = paging.by_place(components.all_groups(), given)
    return Page([_group_shape(group) for group in page.rows], page.cursor)


@operation(
    "POST",
    "/component-groups",
    scope=Scope.ADMIN,
    summary="Add a heading.",
    gives="ComponentGroup",
    body=Body(required={"name": text(NAME_LENGTH)}, optional={"position": _POSITION}),
    status=201,
)
def add_group(given: Given) -> Answer:
    group = components.add_group(given["name"], position=given.get("position"))
    _note("added the component group", group.name)
    return Answer(_group_shape(group), location=f"/component-groups/{group.public_id}")


@operation("GET", "/component-groups/<group_id>", scope=Scope.READ, summary="One heading.", gives="ComponentGroup")
def show_group(given: Given, group_id: str) -> Thing:
    return _group_shape(_group(group_id))


@operation(
    "PATCH",
    "/component-groups/<group_id>",
    scope=Scope.ADMIN,
    summary="Another name or place for a heading.",
    gives="ComponentGroup",
    body=Body(optional={"name": text(NAME_LENGTH), "position": _POSITION}),
)
def change_group(given: Given, group_id: str) -> Thing:
    group = _group(group_id)
    if "name" in given:
        components.change_group(group, name=given["name"])
    if "position" in given:
        components.move_group(group, position=given["position"])
    if given:
        _note("changed the component group", group.name)
    return _group_shape(group)


@operation(
    "DELETE",
    "/component-groups/<group_id>",
    scope=Scope.ADMIN,
    summary="Remove a heading; its components stay.",
    gives=None,
    status=204,
)
def delete_group(given: Given, group_id: str) -> None:
    group = _group(group_id)
    _note("deleted the component group", group.name)
    components.delete_group(group)


def _component(component_id: str) -> Component:
    found = components.find_component(component_id)
    if found is None:
        raise NotFound
    return found


def _group(group_id: str) -> ComponentGroup:
    found = components.find_group(group_id)
    if found is None:
        raise NotFound
    return found


def _group_named(group_id: str | None) -> ComponentGroup | None:
    if group_id is None:
        return None
    found = components.find_group(group_id)
    if found is None:
        raise Malformed({"group_id": f"There is no component group {group_id}."})
    return found


def _must_be_admin() -> None:
    asking = viewer()
    if not (isinstance(asking, ApiToken) and asking.may(Scope.ADMIN)):
        raise Forbidden("This token's scope is too small: admin is needed for all but the status.")


def _note(what: str, subject: str) -> None:
    audit.note(what, by=viewer().as_actor(), subject=subject)
    db.session.flush()


def _shape(component: Component) -> dict[str, Any]:
    return {
        "id": component.public_id,
        "name": component.name,
        "description": component.description,
        "group_id": component.group.public_id if component.group else None,
        "status": component.status,
        "position": component.position,
        "shown": component.is_shown,
        "showcase": component.is_showcased,
        "only_show_if_degraded": component.only_if_degraded,
        "start_date": component.starts_on.isoformat() if component.starts_on else None,
        "archived": component.is_archived,
        "created_at": stamp(component.created_at),
        "updated_at": stamp(component.updated_at),
    }


def _group_shape(group: ComponentGroup) -> dict[str, Any]:
    return {
        "id": group.public_id,
        "name": group.name,
        "position": group.position,
        "created_at": stamp(group.created_at),
        "updated_at": stamp(group.updated_at),
    }
