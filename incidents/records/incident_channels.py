"""The channel in Slack that belongs to an incident: what it is called there, and what of it has been done already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from ..policy.lifecycle import Visibility
from .incidents import Incident

LONGEST_NAME = 80  # https://docs.slack.dev/reference/methods/conversations.create


class IncidentChannel(Base):
    """A channel that an incident has, or is to get. What it should look like is read off the incident by the clock.

    Everything here but the wish itself is what Slack has confirmed, so that nothing is done twice. An incident has one
    channel at a time; one that it left, because it was restricted or Slack would not open it again, is kept.
    """

    __tablename__ = "incident_channels"
    __table_args__ = (
        CheckConstraint("archived_at IS NULL OR channel_id IS NOT NULL", name="only_what_was_made_is_archived"),
        CheckConstraint("headline_ts IS NULL OR channel_id IS NOT NULL", name="a_headline_stands_in_a_channel"),
        Index(
            "uq_incident_channels_one_at_a_time",
            "incident_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        Index(
            "ix_incident_channels_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)  # when it was wished for

    channel_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), default="")  # as it is to be called; once made, as it is
    is_private: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]  # when Slack was last asked how it is
    topic: Mapped[str] = mapped_column(String(250), default="")  # as it was last set
    purpose: Mapped[str] = mapped_column(String(250), default="")
    headline_ts: Mapped[str | None] = mapped_column(String(40))
    headline_print: Mapped[str] = mapped_column(String(64), default="")  # of what it says
    pinned_ts: Mapped[str | None] = mapped_column(String(40))
    bookmarks: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by title its ID and address
    invited: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # by Slack user why they are not in it; empty if they are
    archived_at: Mapped[datetime | None]
    stays_archived: Mapped[bool] = mapped_column(
        default=False
    )  # somebody did it in Slack, and nobody here asked for it since
    left_at: Mapped[datetime | None]  # it is this incident's no more
    gone_at: Mapped[datetime | None]  # Slack knows it no more

    due_at: Mapped[datetime | None]  # when the clock is to look
    asked: Mapped[int] = mapped_column(default=1)  # one more each time something about it may have changed
    leased_until: Mapped[datetime | None]
    turn: Mapped[int] = mapped_column(default=0)  # counts who worked on it
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    problem: Mapped[str] = mapped_column(String(300), default="")  # what went wrong last, in a sentence
    problem_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Whether one can write there."""
        return self.channel_id is not None and self.archived_at is None and self.left_at is None


def channel_of(incident_id: int) -> str | None:
    """The ID of the channel in which this incident may be spoken of now; None where it has none.

    One that is not private never is that of a restricted incident, not even before the clock has left it.
    """
    wanted = (
        select(IncidentChannel.channel_id)
        .join(Incident, Incident.id == IncidentChannel.incident_id)
        .where(
            IncidentChannel.incident_id == incident_id,
            IncidentChannel.archived_at.is_(None),
            IncidentChannel.left_at.is_(None),
            or_(Incident.visibility != Visibility.RESTRICTED, IncidentChannel.is_private),
        )
    )
    return db.session.scalar(wanted)


def private_channels(incident_ids: Collection[int]) -> set[tuple[int, str]]:
    """The incidents' numbers with the IDs of the private channels that are theirs now."""
    wanted = select(IncidentChannel.incident_id, IncidentChannel.channel_id).where(
        IncidentChannel.incident_id.in_(incident_ids),
        IncidentChannel.is_private,
        IncidentChannel.channel_id.is_not(None),
        IncidentChannel.left_at.is_(None),
    )
    return {(row.incident_id, str(row.channel_id)) for row in db.session.execute(wanted)}


def names_of_channels(channel_ids: Collection[str]) -> dict[str, str]:
    """What those of them that an incident has or had are called, by ID."""
    wanted = select(IncidentChannel.channel_id, IncidentChannel.name).where(IncidentChannel.channel_id.in_(channel_ids))
    return {str(row.channel_id): row.name for row in db.session.execute(wanted) if row.name}


def incident_of_channel(channel_id: str) -> int | None:
    """The number of the incident that is meant in that channel."""
    wanted = select(IncidentChannel.incident_id).where(IncidentChannel.channel_id == channel_id)
    return db.session.scalar(wanted) if channel_id else None


def lost_one(incident_id: int) -> bool:
    """Whether a channel of this incident's was deleted in Slack."""
    gone = select(IncidentChannel.id).where(
        IncidentChannel.incident_id == incident_id, IncidentChannel.gone_at.is_not(None)
    )
    return db.session.scalar(gone.limit(1)) is not None


def present_channel(incident_id: int) -> IncidentChannel | None:
    """The one that this incident has or is to get; None where nobody wished for one, or it was left."""
    wanted = select(IncidentChannel).where(
        IncidentChannel.incident_id == incident_id, IncidentChannel.left_at.is_(None)
    )
    return db.session.scalar(wanted)
