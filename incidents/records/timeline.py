"""The timeline: the append-only list of what happened, and the corrections that keep the original."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kernel.database import Base
from .updates import Update

# What an entry can be. Those in HUMAN_TEXT carry words that a person wrote.
HUMAN_TEXT = ("note", "decision", "update")
KINDS = (
    "declared",
    "acknowledged",
    "acknowledgement_taken_back",
    "acknowledgement_expired",
    "step",
    "severity",
    "impact",
    "title",
    "tags",
    "component",
    "role",
    "role_accepted",
    "note",
    "decision",
    "update",
    "update_edited",
    "update_withdrawn",
    "update_undone",
    "update_scheduled",
    "update_moved",
    "drafted",
    "draft_put_away",
    "approval_asked",
    "approval_reminder",
    "approved",
    "sent_back",
    "draft",
    "snooze",
    "cadence",
    "told",
    "reminder",
    "target_at_risk",
    "target_missed",
    "nobody_to_tell",
    "escalated",
    "mitigated",
    "resolved",
    "reopened",
    "false_alarm",
    "merged",
    "merged_here",
    "related",
    "unrelated",
    "visibility",
    "named",
    "unnamed",
    "cause",
    "postmortem",
    "action_item",
    "closed",
    "event",
    "channel",
)

# Entries of one sort, as the index on them spells it: a query that spells it so finds them without reading the rest.
COURSE = "timeline_entries.kind IN ('step', 'resolved', 'reopened')"
MITIGATED = "timeline_entries.kind = 'mitigated'"
TOLD = "timeline_entries.kind = 'told'"


def _index_on(name: str, *columns: str, only: str) -> Index:
    spelt = text(only.removeprefix("timeline_entries."))
    return Index(f"ix_timeline_entries_{name}", *columns, postgresql_where=spelt, sqlite_where=spelt)


class TimelineEntry(Base):
    """One thing that happened. ``detail`` holds what the sentence is made of, by kind."""

    __tablename__ = "timeline_entries"
    __table_args__ = (
        Index("ix_timeline_entries_incident_id_id", "incident_id", "id"),
        _index_on("course", "incident_id", "at", "id", only=COURSE),
        _index_on("mitigated", "incident_id", "at", only=MITIGATED),
        _index_on("told", "at", only=TOLD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    at: Mapped[datetime]  # when it happened, correctable
    recorded_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[int | None]
    by_name: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]]
    link: Mapped[str | None]
    is_public: Mapped[bool] = mapped_column(default=False)
    update_id: Mapped[int | None] = mapped_column(ForeignKey("updates.id"))
    corrected_at: Mapped[datetime | None]

    update: Mapped[Update | None] = relationship(lazy="raise")


class TimelineCorrection(Base):
    """What an entry said before somebody corrected it."""

    __tablename__ = "timeline_corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("timeline_entries.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by_name: Mapped[str]
    body: Mapped[str]
    happened_at: Mapped[datetime]
