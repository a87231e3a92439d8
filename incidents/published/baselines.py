"""How a component stands when no incident speaks: set by hand or by programs, with by whom and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from ..kernel.errors import Malformed
from ..policy.components import ComponentStatus
from . import notices
from .revision import bump
from .wording import one_line

if TYPE_CHECKING:
    from .components import Component

REASON_LENGTH = 300
BY_LENGTH = 200
STATUS_LIST = ", ".join(repr(str(status)) for status in ComponentStatus)


class BaselineChange(Base):
    """From ``at`` on, the component's baseline was ``status``, by whom and why; the first one bears its creation.

    Who and why are for colleagues, and the page never reads them.
    """

    __tablename__ = "baseline_changes"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUS_LIST})", name="status_of_a_baseline_is_known"),
        Index("ix_baseline_changes_component_id_at", "component_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("components.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    by_name: Mapped[str | None] = mapped_column(String(BY_LENGTH))
    reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH))


def set_baseline(
    component: Component,
    status: str,
    at: datetime | None = None,
    *,
    by_name: str | None = None,
    reason: str | None = None,
) -> Component:
    """From ``at`` (default: now) on, the component is this when no incident speaks. Raises Malformed."""
    problems = problem_with(status)
    why = one_line(reason or "") or None
    if why is not None and len(why) > REASON_LENGTH:
        problems["reason"] = f"Keep the reason under {REASON_LENGTH + 1} characters."
    if problems:
        raise Malformed(problems)
    if component.status == status:
        return component
    was, component.status = component.status, str(ComponentStatus(status))
    component.updated_at = clock.now()
    db.session.add(
        BaselineChange(
            component_id=component.id,
            status=component.status,
            at=at or clock.now(),
            by_name=written_by(by_name),
            reason=why,
        )
    )
    bump()
    if at is None and component.is_shown and not component.is_archived:
        notices.about_component(component, was=was)
    return component


def baseline_history(component: Component, limit: int = 20) -> Sequence[BaselineChange]:
    """How its baseline was set, by whom and why, the newest first."""
    wanted = select(BaselineChange).where(BaselineChange.component_id == component.id)
    return db.session.scalars(wanted.order_by(BaselineChange.at.desc(), BaselineChange.id.desc()).limit(limit)).all()


def problem_with(status: str) -> dict[str, str]:
    """Why this word is no status, by field; empty when it is."""
    return {} if status in set(ComponentStatus) else {"status": f"Choose one of {', '.join(ComponentStatus)}."}


def written_by(name: str | None) -> str | None:
    """A name as it is kept beside what was done."""
    return one_line(name)[:BY_LENGTH] if name else None
