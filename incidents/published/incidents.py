"""Published incidents and their updates: the copies that the public may read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kernel.database import Base
from .public_ids import fresh_public_id

TITLE_LENGTH = 200
STATUSES = ("investigating", "identified", "monitoring", "resolved", "postmortem")
_STATUS_LIST = ", ".join(repr(status) for status in STATUSES)


class PublishedIncident(Base):
    """One incident as the public knows it; exists while at least one of its updates is published.

    ``incident_id`` is the private record's, and is shown nowhere. ``began_at`` and ``ended_at`` follow from the
    updates and are kept so that a page finds its incidents by index: began at the reported start or the earliest
    update, ended at the resolving update, or at ``closed_at`` when it ended without one (merged, false alarm).
    """

    __tablename__ = "published_incidents"
    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="an_incident_ends_after_it_began"),
        Index("ix_published_incidents_began_at", "began_at"),
        Index("ix_published_incidents_ended_at", "ended_at"),
        Index(
            "ix_published_incidents_open",
            "id",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True, default=fresh_public_id)
    incident_id: Mapped[int] = mapped_column(unique=True)
    incident_ref: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    severity: Mapped[str] = mapped_column(String(2))
    started_at: Mapped[datetime]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    continues_in: Mapped[int | None]  # the incident_id of the one it was merged into
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    updates: Mapped[list[PublishedUpdate]] = relationship(
        back_populates="incident",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="(PublishedUpdate.display_at, PublishedUpdate.id)",
    )

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def newest(self) -> PublishedUpdate:
        """The update that speaks for the incident."""
        return max(self.updates, key=lambda update: (update.display_at, update.id))


class PublishedUpdate(Base):
    """One text to the public, with the status and the component impact at that moment.

    ``public_id`` is shared with the private update. ``components`` holds only what this update said of each
    component (by public id); those it omits keep what they had.
    """

    __tablename__ = "published_updates"
    __table_args__ = (
        CheckConstraint(f"public_status IN ({_STATUS_LIST})", name="public_status_of_an_update_is_known"),
        Index("ix_published_updates_published_incident_id_display_at", "published_incident_id", "display_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(12), unique=True)
    published_incident_id: Mapped[int] = mapped_column(ForeignKey("published_incidents.id", ondelete="CASCADE"))
    body: Mapped[str]
    body_html: Mapped[str]
    public_status: Mapped[str] = mapped_column(String(16))
    components: Mapped[dict[str, str]]
    display_at: Mapped[datetime]
    next_update_at: Mapped[datetime | None]
    notify: Mapped[bool]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]

    incident: Mapped[PublishedIncident] = relationship(back_populates="updates")
    revisions: Mapped[list[PublishedUpdateRevision]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="PublishedUpdateRevision.id"
    )


class PublishedUpdateRevision(Base):
    """What a published update said before an edit."""

    __tablename__ = "published_update_revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    published_update_id: Mapped[int] = mapped_column(ForeignKey("published_updates.id", ondelete="CASCADE"), index=True)
    body: Mapped[str]
    public_status: Mapped[str] = mapped_column(String(16))
    components: Mapped[dict[str, str]]
    display_at: Mapped[datetime]
    next_update_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime]
    by_name: Mapped[str]
