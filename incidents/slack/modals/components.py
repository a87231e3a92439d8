"""Which components are affected and how: a menu for each kind of trouble; past a hundred one types to find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    ExternalDataMultiSelectElement,
    Option,
    StaticMultiSelectElement,
)

from ...access import Role
from ...kernel.errors import Malformed
from ...policy.components import ComponentStatus
from ...published.components import Component, all_components
from ..acted import Acted
from ..interactions import SUGGESTED
from . import parts
from .filled import Filled

TROUBLES: Final[Mapping[ComponentStatus, str]] = {
    ComponentStatus.DEGRADED: "Degraded",
    ComponentStatus.PARTIAL: "Partial outage",
    ComponentStatus.MAJOR: "Major outage",
}
_ASKED: Final[Mapping[ComponentStatus, str]] = {
    ComponentStatus.DEGRADED: "Which components are degraded?",
    ComponentStatus.PARTIAL: "Which have a partial outage?",
    ComponentStatus.MAJOR: "Which have a major outage?",
}
_FIND: Final = "find-components:"


def menu(name: str, label: str, chosen: Sequence[str] = (), *, only_shown: bool = False) -> Block | None:
    """A menu of components with these chosen, or of those alone that stand on the page; None where there are none."""
    known = [each for each in all_components() if each.is_shown or not only_shown]
    if not known:
        return None
    begun = [_option(each) for each in known if each.public_id in chosen][: parts.MOST_OPTIONS] or None
    if len(known) > parts.MOST_OPTIONS:
        element: Any = ExternalDataMultiSelectElement(
            action_id=f"{_FIND}{name}",
            initial_options=begun,
            min_query_length=0,
            placeholder=parts.plain("Type a name", 150),
        )
    else:
        element = StaticMultiSelectElement(
            action_id=name,
            options=[_option(each) for each in known],
            initial_options=begun,
            placeholder=parts.plain("Choose", 150),
        )
    return parts.field(name, label, element, optional=True)


def menus(statuses: Mapping[str, str], *, mark: str = "") -> list[Block]:
    """One for each kind of trouble; what is taken out of all of them works again.

    A ``mark`` in their names makes them others: Slack keeps what was chosen in a menu as long as it has the same name.
    """
    found = [
        menu(f"{status}{mark}", label, [each for each, is_now in statuses.items() if is_now == status])
        for status, label in _ASKED.items()
    ]
    return [each for each in found if each is not None]


def carried(statuses: Mapping[str, str], *, mark: str) -> dict[str, Any]:
    """What a form that opens with somebody's own choice has to carry unseen for ``chosen``."""
    again = [each for each, status in statuses.items() if status == ComponentStatus.OPERATIONAL]
    return {"mark": mark, "works": again[: parts.MOST_OPTIONS]}


def chosen(filled: Filled, now: Mapping[str, str]) -> dict[str, str]:
    """Component → status as the ``menus`` were left: what nobody touched there is as it is ``now``.

    Raises Malformed where one component stands in two of them.
    """
    mark, works = str(filled.kept.get("mark") or ""), filled.kept.get("works")
    before = {each: status.value for status in TROUBLES for each in filled.opened_with(f"{status}{mark}")}
    after: dict[str, str] = {}
    for status in TROUBLES:
        for each in filled.values(f"{status}{mark}"):
            if each in after:
                raise Malformed({f"{status}{mark}": "A component stands in two of these menus. Leave it in one."})
            after[each] = status.value
    untouched = set() if mark else {each for each in after if before.get(each) == after[each]}
    said = {each: now.get(each, status) if each in untouched else status for each, status in after.items()}
    again = [str(each) for each in works] if isinstance(works, list) else []
    gone = [each for each in [*before, *again] if each not in after]
    return {**said, **dict.fromkeys(gone, ComponentStatus.OPERATIONAL.value)}


def _suggest(acted: Acted) -> dict[str, Any]:
    """The components whose names hold what was typed; to somebody unknown those that stand on the page."""
    typed = acted.told.get("value")
    word = " ".join(typed.split()).lower() if isinstance(typed, str) else ""
    may_see_all = acted.person is not None and acted.person.may(Role.VIEWER)
    found = [each for each in all_components() if word in each.name.lower() and (may_see_all or each.is_shown)]
    return {"options": [_option(each).to_dict() for each in found[: parts.MOST_OPTIONS]]}


def _option(component: Component) -> Option:
    return parts.option(component.public_id, component.name)


SUGGESTED[_FIND] = _suggest
