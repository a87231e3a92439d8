"""What people change of the public page itself: its components, groups and settings, each with a line in the audit log."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from ..kernel import text
from ..kernel.errors import NotAllowed
from ..policy.components import ComponentStatus
from ..published import baselines, components, page_settings, pinned
from ..published.components import Component, ComponentGroup
from ..published.page_settings import PageSettings
from ..published.pinned import PinnedNotice
from ..published.wording import one_line
from ..records.actors import Actor
from . import audit

Direction = Literal["up", "down"]


def add_component(
    name: str,
    *,
    by: Actor,
    group: ComponentGroup | None = None,
    description: str | None = None,
    status: str = ComponentStatus.OPERATIONAL,
    shown: bool = True,
    showcase: bool = True,
    only_if_degraded: bool = False,
    starts_on: date | None = None,
) -> Component:
    """A new component, last in its group. Raises Malformed with a sentence per field."""
    component = components.add_component(
        name,
        group=group,
        description=description,
        status=status,
        shown=shown,
        showcase=showcase,
        only_if_degraded=only_if_degraded,
        starts_on=starts_on,
        by_name=by.name,
    )
    audit.note("component added", by=by, subject=component.name, status=component.status, shown=shown)
    return component


def change_component(
    component: Component,
    *,
    by: Actor,
    name: str,
    description: str | None,
    shown: bool,
    group: ComponentGroup | None,
    showcase: bool = True,
    only_if_degraded: bool = False,
    starts_on: date | None = None,
) -> Component:
    """New words for it, another group (last there), in or out of the public's sight. Raises Malformed."""
    before = component.name
    components.change_component(
        component,
        name=name,
        description=description,
        shown=shown,
        showcase=showcase,
        only_if_degraded=only_if_degraded,
        starts_on=starts_on,
    )
    if group is not component.group:
        components.move_component(component, group=group)
    audit.note("component changed", by=by, subject=before, name=component.name, shown=shown)
    return component


def set_component_status(component: Component, status: str, *, by: Actor, reason: str | None = None) -> Component:
    """From now on it is this when no incident speaks; by whom and why is kept. Raises Malformed (``status``, ``reason``)."""
    before = component.status
    baselines.set_baseline(component, status, by_name=by.name, reason=reason)
    if component.status != before:
        audit.note(
            "component status set",
            by=by,
            subject=component.name,
            before=before,
            after=component.status,
            **({"reason": reason} if reason else {}),
        )
    return component


def step_component(component: Component, direction: Direction) -> None:
    """One place up or down inside its group; at the end of it nothing moves."""
    siblings = [each for each in components.all_components() if each.group_id == component.group_id]
    place = _stepped(siblings.index(component), direction, of=len(siblings))
    if place is not None:
        components.move_component(component, position=place)


def archive_component(component: Component, *, by: Actor) -> None:
    """Out of the page and of every choice; its history stays."""
    components.archive_component(component)
    audit.note("component archived", by=by, subject=component.name)


def restore_component(component: Component, *, by: Actor) -> None:
    """Back from the archive, last in its group."""
    components.restore_component(component)
    audit.note("component restored", by=by, subject=component.name)


def delete_component(component: Component, *, by: Actor) -> None:
    """Gone with its history: nothing brings it back."""
    audit.note("component deleted", by=by, subject=component.name)
    components.delete_component(component)


def add_group(name: str, *, by: Actor) -> ComponentGroup:
    """A new heading, the last one. Raises Malformed."""
    group = components.add_group(name)
    audit.note("component group added", by=by, subject=group.name)
    return group


def rename_group(group: ComponentGroup, name: str, *, by: Actor) -> None:
    """Another heading. Raises Malformed."""
    before = group.name
    components.change_group(group, name=name)
    audit.note("component group renamed", by=by, subject=before, name=group.name)


def step_group(group: ComponentGroup, direction: Direction) -> None:
    """One place up or down among the groups; at the end nothing moves."""
    groups = list(components.all_groups())
    place = _stepped(groups.index(group), direction, of=len(groups))
    if place is not None:
        components.move_group(group, position=place)


def delete_group(group: ComponentGroup, *, by: Actor) -> None:
    """The heading goes; its components stay, without a group."""
    audit.note("component group deleted", by=by, subject=group.name)
    components.delete_group(group)


def change_page(*, by: Actor, **changes: Any) -> PageSettings:
    """Change the page's own settings, see ``published.page_settings``. Raises Malformed with a sentence per field."""
    settings = page_settings.change_page_settings(**changes)
    kept = {name: value for name, value in changes.items() if name != "logo"}
    audit.note("page settings changed", by=by, subject=settings.name, **kept, logo="logo" in changes)
    return settings


def pin_notice(
    *,
    by: Actor,
    is_admin: bool,
    body: str,
    level: str,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> PinnedNotice:
    """Put a text on top of the page. Where public updates need a second pair of eyes, an admin does that.

    Raises Malformed with a sentence per field, and NotAllowed.
    """
    _check_notice(by, is_admin=is_admin)
    notice = pinned.pin(
        body=body,
        body_html=str(text.render_markdown(body)),
        level=level,
        from_at=from_at,
        until_at=until_at,
        by_name=by.name,
    )
    audit.note("notice pinned", by=by, subject=one_line(notice.body)[:80], level=notice.level)
    return notice


def unpin_notice(*, by: Actor, is_admin: bool) -> None:
    """Take it off the page; where none is pinned nothing happens. Raises NotAllowed."""
    notice = pinned.pinned_notice()
    if notice is not None:
        _check_notice(by, is_admin=is_admin)
        audit.note("notice taken off", by=by, subject=one_line(notice.body)[:80])
        pinned.unpin()


def _check_notice(by: Actor, *, is_admin: bool) -> None:
    if by.kind == "person" and not is_admin and page_settings.page_settings().needs_second_eyes:
        raise NotAllowed("On this page a second pair of eyes reads what goes public: an admin pins the notice.")


def _stepped(index: int, direction: Direction, *, of: int) -> int | None:
    """The position (from 1) after one step, or None at the end."""
    place = index + (-1 if direction == "up" else 1)
    return place + 1 if 0 <= place < of else None
