"""Components and their groups: what the public knows by name, and the status each has when no incident speaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, func, select, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kernel import clock
from ..kernel.database import Base, db
from ..kernel.errors import Malformed
from ..policy.components import ComponentStatus
from .baselines import STATUS_LIST, BaselineChange, problem_with, written_by
from .public_ids import fresh_public_id
from .revision import bump
from .wording import one_line

NAME_LENGTH = 100
DESCRIPTION_LENGTH = 500


class ComponentGroup(Base):
    """A heading over components. ``position`` orders headings, from 1."""

    __tablename__ = "component_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=fresh_public_id)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Component(Base):
    """A thing the public knows by name.

    ``status`` is the baseline; what the page shows is that, overlaid by the published impact of open incidents and by
    running maintenance. ``position`` orders components inside their group, from 1. Archived ones are out of sight but keep
    their history. Days before ``starts_on`` (a day of the page's zone; without one, before ``created_at``) are grey.
    ``is_showcased``: the page draws its days. ``only_if_degraded``: the page lists it only while something is wrong.
    """

    __tablename__ = "components"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUS_LIST})", name="status_of_a_component_is_known"),
        Index("ix_components_group_id_position", "group_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=fresh_public_id)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    description: Mapped[str | None] = mapped_column(String(DESCRIPTION_LENGTH))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("component_groups.id", ondelete="SET NULL"))
    position: Mapped[int]
    status: Mapped[str] = mapped_column(String(20), default=ComponentStatus.OPERATIONAL)
    is_shown: Mapped[bool] = mapped_column(default=True)
    is_showcased: Mapped[bool] = mapped_column(default=True, server_default=true())
    only_if_degraded: Mapped[bool] = mapped_column(default=False, server_default=false())
    starts_on: Mapped[date | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    group: Mapped[ComponentGroup | None] = relationship(lazy="joined")

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class _Unchanged:
    """Stands for "leave it as it is" where None already means something."""


UNCHANGED = _Unchanged()


def all_components(*, archived: bool | None = False) -> Sequence[Component]:
    """In the order of the page: without a group first, then group by group. ``archived=None`` means both."""
    wanted = select(Component).outerjoin(ComponentGroup, Component.group_id == ComponentGroup.id)
    if archived is not None:
        wanted = wanted.where(Component.archived_at.is_not(None) if archived else Component.archived_at.is_(None))
    order = (
        func.coalesce(ComponentGroup.position, 0),
        func.coalesce(ComponentGroup.id, 0),
        Component.position,
        Component.id,
    )
    return db.session.scalars(wanted.order_by(*order)).all()


def all_groups() -> Sequence[ComponentGroup]:
    """In the order of the page."""
    return db.session.scalars(select(ComponentGroup).order_by(ComponentGroup.position, ComponentGroup.id)).all()


def find_component(public_id: str) -> Component | None:
    """The component by its public id, archived or not."""
    return db.session.scalar(select(Component).where(Component.public_id == public_id))


def find_group(public_id: str) -> ComponentGroup | None:
    """The group by its public id."""
    return db.session.scalar(select(ComponentGroup).where(ComponentGroup.public_id == public_id))


def add_component(
    name: str,
    *,
    group: ComponentGroup | None = None,
    description: str | None = None,
    status: str = ComponentStatus.OPERATIONAL,
    position: int | None = None,
    shown: bool = True,
    showcase: bool = True,
    only_if_degraded: bool = False,
    starts_on: date | None = None,
    created_at: datetime | None = None,
    by_name: str | None = None,
) -> Component:
    """A new component, last in its group unless ``position`` (from 1) says otherwise. Raises Malformed."""
    problems = _problems(name=name, description=description, status=status, starts_on=starts_on)
    if problems:
        raise Malformed(problems)
    now = clock.now()
    component = Component(
        public_id=fresh_public_id(),
        name=one_line(name),
        description=_text(description),
        group=group,
        position=_last_position(group) + 1,
        status=str(ComponentStatus(status)),
        is_shown=shown,
        is_showcased=showcase,
        only_if_degraded=only_if_degraded,
        starts_on=starts_on,
        created_at=created_at or now,
        updated_at=now,
    )
    db.session.add(component)
    db.session.flush()
    db.session.add(
        BaselineChange(
            component_id=component.id, status=component.status, at=component.created_at, by_name=written_by(by_name)
        )
    )
    if position is not None:
        move_component(component, position=position, group=group)
    bump()
    return component


def change_component(
    component: Component,
    *,
    name: str | None = None,
    description: str | _Unchanged | None = UNCHANGED,
    shown: bool | None = None,
    showcase: bool | None = None,
    only_if_degraded: bool | None = None,
    starts_on: date | _Unchanged | None = UNCHANGED,
) -> Component:
    """New words for it, in and out of the public's sight, how and since when the page lists it. Raises Malformed."""
    problems = _problems(
        name=component.name if name is None else name,
        description=None if isinstance(description, _Unchanged) else description,
        starts_on=None if isinstance(starts_on, _Unchanged) else starts_on,
    )
    if problems:
        raise Malformed(problems)
    if name is not None:
        component.name = one_line(name)
    if not isinstance(description, _Unchanged):
        component.description = _text(description)
    if shown is not None:
        component.is_shown = shown
    if showcase is not None:
        component.is_showcased = showcase
    if only_if_degraded is not None:
        component.only_if_degraded = only_if_degraded
    if not isinstance(starts_on, _Unchanged):
        component.starts_on = starts_on
    component.updated_at = clock.now()
    bump()
    return component


def move_component(
    component: Component, *, position: int | None = None, group: ComponentGroup | _Unchanged | None = UNCHANGED
) -> Component:
    """To ``position`` (from 1; None is last) inside ``group``; those after it move down."""
    target = component.group if isinstance(group, _Unchanged) else group
    component.group = target
    db.session.flush()
    siblings = [one for one in _in_group(target) if one.id != component.id]
    siblings.insert(len(siblings) if position is None else max(0, position - 1), component)
    for place, one in enumerate(siblings, start=1):
        one.position = place
    component.updated_at = clock.now()
    bump()
    return component


def archive_component(component: Component) -> Component:
    """Out of the page and of every choice; its history stays."""
    component.archived_at = component.archived_at or clock.now()
    component.updated_at = clock.now()
    bump()
    return component


def restore_component(component: Component) -> Component:
    """Back from the archive, last in its group."""
    component.archived_at = None
    return move_component(component)


def delete_component(component: Component) -> None:
    """Gone, with its history; updates that named it no longer show it."""
    db.session.delete(component)
    db.session.flush()
    bump()


def add_group(name: str, *, position: int | None = None) -> ComponentGroup:
    """A new heading, last unless ``position`` (from 1) says otherwise. Raises Malformed."""
    problems = _problems(name=name)
    if problems:
        raise Malformed(problems)
    now = clock.now()
    group = ComponentGroup(
        public_id=fresh_public_id(), name=one_line(name), position=len(all_groups()) + 1, created_at=now, updated_at=now
    )
    db.session.add(group)
    db.session.flush()
    if position is not None:
        move_group(group, position=position)
    bump()
    return group


def change_group(group: ComponentGroup, *, name: str) -> ComponentGroup:
    """Another heading. Raises Malformed."""
    problems = _problems(name=name)
    if problems:
        raise Malformed(problems)
    group.name = one_line(name)
    group.updated_at = clock.now()
    bump()
    return group


def move_group(group: ComponentGroup, *, position: int | None = None) -> ComponentGroup:
    """To ``position`` (from 1; None is last) among the groups."""
    others = [one for one in all_groups() if one.id != group.id]
    others.insert(len(others) if position is None else max(0, position - 1), group)
    for place, one in enumerate(others, start=1):
        one.position = place
    group.updated_at = clock.now()
    bump()
    return group


def delete_group(group: ComponentGroup) -> None:
    """The heading goes; its components stay, without a group."""
    stranded = _in_group(group, archived=None)
    for component in stranded:
        component.group = None
        component.position += 1_000  # after those that never had a group, in the order they had
    db.session.flush()
    db.session.delete(group)
    db.session.flush()
    bump()


def _in_group(group: ComponentGroup | None, *, archived: bool | None = False) -> list[Component]:
    here = Component.group_id.is_(None) if group is None else Component.group_id == group.id
    wanted = select(Component).where(here).order_by(Component.position, Component.id)
    if archived is not None:
        wanted = wanted.where(Component.archived_at.is_(None))
    return list(db.session.scalars(wanted))


def _last_position(group: ComponentGroup | None) -> int:
    here = Component.group_id.is_(None) if group is None else Component.group_id == group.id
    return db.session.scalar(select(func.max(Component.position)).where(here)) or 0


def _text(description: str | None) -> str | None:
    return one_line(description or "") or None


def _problems(
    *,
    name: str | None = None,
    description: str | None = None,
    status: str | None = None,
    starts_on: date | None = None,
) -> dict[str, str]:
    problems = {}
    if name is not None and not one_line(name):
        problems["name"] = "Give it a name."
    if name is not None and len(one_line(name)) > NAME_LENGTH:
        problems["name"] = f"Keep the name under {NAME_LENGTH + 1} characters."
    if description is not None and len(one_line(description)) > DESCRIPTION_LENGTH:
        problems["description"] = f"Keep the description under {DESCRIPTION_LENGTH + 1} characters."
    if status is not None:
        problems |= problem_with(status)
    if starts_on is not None and not date(2000, 1, 1) <= starts_on <= _in_a_year():
        problems["start_date"] = "Give a day between the year 2000 and a year from now."
    return problems


def _in_a_year() -> date:
    return clock.now().astimezone(UTC).date() + timedelta(days=366)
