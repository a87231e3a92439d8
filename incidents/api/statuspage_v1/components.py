"""Components: their words, place and status. Deleting one archives it, so that its history stays."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

from ...access import Scope, actor, viewer
from ...actions import status_page
from ...kernel.errors import Forbidden, Malformed
from ...policy.components import ComponentStatus
from ...published import components
from ...published.components import Component, ComponentGroup
from ...records.tokens import ApiToken
from . import lists, shapes
from .routes import Given, Tell, address
from .values import day, flag, text, word

_TAKES = {
    "name": text(255),
    "description": text(5_000),
    "status": word(ComponentStatus),
    "group_id": text(40),
    "showcase": flag(),
    "only_show_if_degraded": flag(),
    "start_date": day(),
}
_WORDS = {"name", "description", "showcase", "only_show_if_degraded", "start_date"}


@address("GET", "/<page_id>/components", scope=Scope.READ, takes=lists.PAGES)
def list_components(given: Given) -> Tell:
    start, end = lists.ends(given)
    return lambda: shapes.components()[start:end]


@address("GET", "/<page_id>/components/<component_id>", scope=Scope.READ)
def show_component(given: Given, component_id: str) -> Tell:
    return lambda: shapes.component(component_id)


@address("POST", "/<page_id>/components", scope=Scope.ADMIN, takes=_TAKES, wrapped_in="component", status=201)
def add_component(given: Given) -> Tell:
    component = status_page.add_component(
        given.get("name") or "",
        by=actor(),
        group=group_named(given.get("group_id")),
        description=given.get("description"),
        status=given.get("status") or ComponentStatus.OPERATIONAL,
        showcase=given.get("showcase", True) is not False,
        only_if_degraded=bool(given.get("only_show_if_degraded")),
        starts_on=given.get("start_date"),
    )
    made = component.public_id
    return lambda: shapes.component(made)


@address("PATCH PUT", "/<page_id>/components/<component_id>", scope=Scope.RESPOND, takes=_TAKES, wrapped_in="component")
def change_component(given: Given, component_id: str) -> Tell:
    component = found(component_id)
    changes = _changes(component, given)
    if changes.keys() - {"status"}:
        _must_be_admin()
    if changes.keys() & (_WORDS | {"group"}):
        as_it_is = _as_it_is(component)
        status_page.change_component(component, by=actor(), **{**as_it_is, **_ours(changes)})
    if "status" in changes:
        status_page.set_component_status(component, changes["status"], by=actor())
    return lambda: shapes.component(component_id)


@address("DELETE", "/<page_id>/components/<component_id>", scope=Scope.ADMIN)
def delete_component(given: Given, component_id: str) -> Tell:
    status_page.archive_component(found(component_id), by=actor())
    return lambda: None


def found(component_id: str) -> Component:
    """The component that is on the page, or could be. Raises NotFound."""
    component = components.find_component(component_id)
    if component is None or component.is_archived:
        raise NotFound
    return component


def group_named(group_id: str | None) -> ComponentGroup | None:
    """The heading that a body names, if it does. Raises Malformed."""
    if not group_id:
        return None
    group = components.find_group(group_id)
    if group is None:
        raise Malformed({"group_id": f"There is no component group {group_id}."})
    return group


def _changes(component: Component, given: Given) -> dict[str, Any]:
    """What is not so already: their programs send everything each time, whatever they want to change."""
    as_it_is = {
        "name": component.name,
        "description": component.description,
        "status": component.status,
        "showcase": component.is_showcased,
        "only_show_if_degraded": component.only_if_degraded,
        # where none was given they are shown the day on which it was added, and send that back
        "start_date": component.starts_on or (component.created_at.date() if given.get("start_date") else None),
    }
    clearable = {"description", "start_date"}
    changes = {
        name: given[name]
        for name, value in as_it_is.items()
        if name in given and (given[name] is not None or name in clearable) and (given[name] or None) != (value or None)
    }
    if "group_id" in given and group_named(given["group_id"]) is not component.group:
        changes["group"] = group_named(given["group_id"])
    return changes


def _as_it_is(component: Component) -> dict[str, Any]:
    return {
        "name": component.name,
        "description": component.description,
        "shown": component.is_shown,
        "group": component.group,
        "showcase": component.is_showcased,
        "only_if_degraded": component.only_if_degraded,
        "starts_on": component.starts_on,
    }


def _ours(changes: dict[str, Any]) -> dict[str, Any]:
    names = {"only_show_if_degraded": "only_if_degraded", "start_date": "starts_on"}
    return {names.get(name, name): value for name, value in changes.items() if name != "status"}


def _must_be_admin() -> None:
    asking = viewer()
    if not (isinstance(asking, ApiToken) and asking.may(Scope.ADMIN)):
        raise Forbidden("This token's scope is too small: admin is needed for all but the status.")
