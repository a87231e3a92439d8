"""Announced work and its updates: what the public may read of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kernel import clock
from ..kernel.database import Base, db
from ..policy.maintenance import State, Times
from .public_ids import fresh_public_id

TITLE_LENGTH = 200
BODY_LENGTH = 10_000
LINK_LENGTH = 500
KINDS = ("note", "moved", "extended", "begun", "verifying", "completed", "cancelled")
_KIND_LIST = ", ".join(repr(kind) for kind in KINDS)


class MaintenanceSeries(Base):
    """Work that comes again: ``rule`` (RFC 5545) from ``local_start`` on, by the wall clock of ``zone``.

    Its next occurrences are rows of ``maintenances``, so that each can be moved, called off and written about by itself.
    ``local_start`` is ``2026-11-24T22:00``, without a zone: a time that a clock change leaves out stays what was meant.
    """

    __tablename__ = "maintenance_series"
    __table_args__ = (CheckConstraint("lasts_minutes > 0", name="repeated_work_takes_time"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    body: Mapped[str]
    body_html: Mapped[str]
    components: Mapped[list[str]]
    checklist_url: Mapped[str | None] = mapped_column(String(LINK_LENGTH))
    rule: Mapped[str] = mapped_column(String(300))
    zone: Mapped[str] = mapped_column(String(64))
    local_start: Mapped[str] = mapped_column(String(16))
    lasts_minutes: Mapped[int]
    ends_by_itself: Mapped[bool]
    verify_minutes: Mapped[int]
    notify: Mapped[bool]
    stopped_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Maintenance(Base):
    """One piece of announced work. Its state follows from its times (``policy.maintenance``) and is stored nowhere.

    ``components`` holds public ids, in no order. ``over_at`` follows from the times and is kept so that the page finds
    by index what has not ended. ``timed_at`` is when the present times were set: a reminder that would fall before it is
    none. ``slot`` is the local time by which a series planned it, and stays when it is moved. ``is_its_own`` marks an
    occurrence that somebody changed by itself; changes of its series leave it alone. ``checklist_url`` is for colleagues,
    and the page never reads it.
    """

    __tablename__ = "maintenances"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="work_ends_after_it_begins"),
        CheckConstraint("verify_minutes >= 0", name="checking_takes_no_negative_time"),
        CheckConstraint("finished_at IS NULL OR cancelled_at IS NULL", name="work_is_finished_or_called_off"),
        UniqueConstraint("series_id", "slot", name="a_series_plans_each_occurrence_once"),
        Index("ix_maintenances_over_at", "over_at"),
        Index("ix_maintenances_starts_at", "starts_at"),
        Index(
            "ix_maintenances_until_somebody_ends_it",
            "id",
            postgresql_where=text("over_at IS NULL"),
            sqlite_where=text("over_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=fresh_public_id)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("maintenance_series.id", ondelete="SET NULL"))
    slot: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    body: Mapped[str]
    body_html: Mapped[str]
    components: Mapped[list[str]]
    checklist_url: Mapped[str | None] = mapped_column(String(LINK_LENGTH))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    verifying_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    ends_by_itself: Mapped[bool]
    verify_minutes: Mapped[int]
    notify: Mapped[bool]
    is_its_own: Mapped[bool] = mapped_column(default=False)
    over_at: Mapped[datetime | None]
    timed_at: Mapped[datetime]
    sequence: Mapped[int] = mapped_column(default=0)  # RFC 5545, 3.8.7.4: how often its times or its end were changed
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    series: Mapped[MaintenanceSeries | None] = relationship(lazy="joined")
    updates: Mapped[list[MaintenanceUpdate]] = relationship(
        back_populates="maintenance",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="(MaintenanceUpdate.display_at, MaintenanceUpdate.id)",
    )

    @property
    def times(self) -> Times:
        """What its states follow from."""
        return Times(
            self.starts_at,
            self.ends_at,
            begun_at=self.begun_at,
            verifying_at=self.verifying_at,
            finished_at=self.finished_at,
            cancelled_at=self.cancelled_at,
            ends_by_itself=self.ends_by_itself,
            verify_minutes=self.verify_minutes,
        )

    @property
    def state(self) -> State:
        """What it is at this minute, as the page shows it."""
        return self.times.state(clock.to_the_minute(clock.now()))


class MaintenanceUpdate(Base):
    """One thing that was said or done about it; where its times changed, the old ones and the new ones."""

    __tablename__ = "maintenance_updates"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KIND_LIST})", name="kind_of_a_maintenance_update_is_known"),
        Index("ix_maintenance_updates_maintenance_id_display_at", "maintenance_id", "display_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=fresh_public_id)
    maintenance_id: Mapped[int] = mapped_column(ForeignKey("maintenances.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    body: Mapped[str]
    body_html: Mapped[str]
    display_at: Mapped[datetime]
    was_starts_at: Mapped[datetime | None]
    was_ends_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    notify: Mapped[bool]
    created_at: Mapped[datetime]

    maintenance: Mapped[Maintenance] = relationship(back_populates="updates")


def find_maintenance(public_id: str, *, for_writing: bool = False) -> Maintenance | None:
    """The one with this public id; for writing it is locked until the transaction ends, so that two take turns."""
    wanted = select(Maintenance).where(Maintenance.public_id == public_id)
    return db.session.scalar(wanted.with_for_update(of=Maintenance) if for_writing else wanted)


def not_over(now: datetime) -> list[Maintenance]:
    """What runs or is still to come, the next one first."""
    wanted = select(Maintenance).where(Maintenance.over_at.is_(None) | (Maintenance.over_at > now))
    return list(db.session.scalars(wanted.order_by(Maintenance.starts_at, Maintenance.id)))
