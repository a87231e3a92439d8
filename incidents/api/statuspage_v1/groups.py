"""Component groups: a heading, and the components below it."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

from ...access import Scope, actor
from ...actions import audit, status_page
from ...kernel.errors import Malformed
from ...published import components
from ...published.components import ComponentGroup
from . import lists, page
from .components import found
from .routes import Given, Tell, address
from .shapes import stamp
from .values import ids, text

_TAKES = {"name": text(255), "components": ids()}
_WRAP = "component_group"


@address("GET", "/<page_id>/component-groups", scope=Scope.READ, takes=lists.PAGES)
def list_groups(given: Given) -> Tell:
    start, end = lists.ends(given)
    return lambda: [_shape(group) for group in components.all_groups()[start:end]]


@address("GET", "/<page_id>/component-groups/<group_id>", scope=Scope.READ)
def show_group(given: Given, group_id: str) -> Tell:
    return lambda: _shape(_group(group_id))


@address("POST", "/<page_id>/component-groups", scope=Scope.ADMIN, takes=_TAKES, wrapped_in=_WRAP, status=201)
def add_group(given: Given) -> Tell:
    group = status_page.add_group(given.get("name") or "", by=actor())
    _take_in(group, given.get("components") or [])
    made = group.public_id
    return lambda: _shape(_group(made))


@address("PATCH PUT", "/<page_id>/component-groups/<group_id>", scope=Scope.ADMIN, takes=_TAKES, wrapped_in=_WRAP)
def change_group(given: Given, group_id: str) -> Tell:
    group = _group(group_id)
    if given.get("name") and given["name"] != group.name:
        status_page.rename_group(group, given["name"], by=actor())
    if "components" in given and given["components"] != [each.public_id for each in _below(group)]:
        _let_go(group, given["components"])
        _take_in(group, given["components"])
        audit.note("component group rearranged", by=actor(), subject=group.name)
    return lambda: _shape(_group(group_id))


@address("DELETE", "/<page_id>/component-groups/<group_id>", scope=Scope.ADMIN)
def delete_group(given: Given, group_id: str) -> Tell:
    group = _group(group_id)
    was = _shape(group)
    status_page.delete_group(group, by=actor())
    return lambda: was


def _group(group_id: str) -> ComponentGroup:
    group = components.find_group(group_id)
    if group is None:
        raise NotFound
    return group


def _let_go(group: ComponentGroup, wanted: list[str]) -> None:
    """Those that are no longer named stand without a heading."""
    for component in _below(group):
        if component.public_id not in wanted:
            components.move_component(component, group=None)


def _take_in(group: ComponentGroup, wanted: list[str]) -> None:
    """The named components, in this order."""
    for place, public_id in enumerate(wanted, start=1):
        try:
            component = found(public_id)
        except NotFound:
            raise Malformed({"components": f"There is no component {public_id}."}) from None
        if component.group is not group or component.position != place:
            components.move_component(component, group=group, position=place)


def _below(group: ComponentGroup) -> list[Any]:
    return [each for each in components.all_components() if each.group_id == group.id]


def _shape(group: ComponentGroup) -> dict[str, Any]:
    return {
        "id": group.public_id,
        "page_id": page.public_id(),
        "name": group.name,
        "description": None,
        "components": [each.public_id for each in _below(group)],
        "position": group.position,
        "created_at": stamp(group.created_at),
        "updated_at": stamp(group.updated_at),
    }
