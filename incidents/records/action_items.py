"""Action items: what is to be done after an incident, by whom and until when."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from ..policy.action_items import UNDONE, Kind, Priority, Status
from .incidents import TITLE_LENGTH, one_of

LINK_LENGTH = 2000
SOURCE_LENGTH = 500
_UNDONE = one_of("status", [*UNDONE])


class ActionItem(Base):
    """One piece of follow-up work of one incident; what became of it stands on the incident's timeline.

    ``source`` says where it came from: the address of a message, or a word. ``tracker_event`` names the message of the
    outbox that makes an issue of it, until its address is in ``link``.
    """

    __tablename__ = "action_items"
    __table_args__ = (
        CheckConstraint(one_of("kind", [*Kind]), name="kind_of_an_action_item_is_known"),
        CheckConstraint(one_of("priority", [*Priority]), name="priority_is_known"),
        CheckConstraint(one_of("status", [*Status]), name="status_of_an_action_item_is_known"),
        CheckConstraint("title <> ''", name="title_is_not_empty"),
        CheckConstraint("(status = 'done') = (done_at IS NOT NULL)", name="only_what_is_done_has_a_time_of_it"),
        CheckConstraint(
            "(status = 'dropped') = (dropped_at IS NOT NULL)", name="only_what_was_dropped_has_a_time_of_it"
        ),
        CheckConstraint("(status = 'dropped') = (dropped_reason IS NOT NULL)", name="what_was_dropped_says_why"),
        Index(
            "ix_action_items_due_on",
            "due_on",
            sqlite_where=text(_UNDONE),
            postgresql_where=text(_UNDONE),
        ),
        Index(
            "ix_action_items_tracker_event",
            "tracker_event",
            sqlite_where=text("tracker_event IS NOT NULL"),
            postgresql_where=text("tracker_event IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    kind: Mapped[str] = mapped_column(String(8))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    due_on: Mapped[date | None]  # a day of whoever reads it
    owed_since: Mapped[datetime]  # when this owner and this day came to be: no reminder is made up for before
    priority: Mapped[str] = mapped_column(String(8), default=Priority.NORMAL)
    status: Mapped[str] = mapped_column(String(12), default=Status.OPEN)
    link: Mapped[str | None] = mapped_column(String(LINK_LENGTH))
    tracker_event: Mapped[str | None] = mapped_column(String(60))
    source: Mapped[str | None] = mapped_column(String(SOURCE_LENGTH))
    dropped_at: Mapped[datetime | None]
    dropped_reason: Mapped[str | None]
    done_at: Mapped[datetime | None]
    done_by_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_undone(self) -> bool:
        """Whether somebody still owes it."""
        return self.status in UNDONE


class WeeklyDigest(Base):
    """The week, by its Monday, whose digest was written: it is written with the messages, so that they are written once."""

    __tablename__ = "weekly_digests"

    monday: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)


def items_of(incident_id: int) -> list[ActionItem]:
    """An incident's items: those that somebody owes first, by the day they are due."""
    wanted = select(ActionItem).where(ActionItem.incident_id == incident_id)
    return list(
        db.session.scalars(
            wanted.order_by(
                ActionItem.status.not_in([*UNDONE]), ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id
            )
        )
    )
