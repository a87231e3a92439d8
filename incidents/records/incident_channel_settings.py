"""Which incidents get a channel of their own in Slack, and when it is archived."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from .incidents import one_of

THE_ROW = 1
USUAL_DAYS, MOST_DAYS = 7, 365


class Makes(StrEnum):
    """Which incidents get one by themselves."""

    NONE = "none"
    PAGING = "paging"  # P1 and P2
    ALL = "all"


class IncidentChannelSettings(Base):
    """One row. ``for_restricted``: whether restricted incidents get a private channel, or none at all."""

    __tablename__ = "incident_channel_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="there_is_one_row"),
        CheckConstraint(one_of("makes", [*Makes]), name="makes_is_known"),
        CheckConstraint(f"archive_after_days BETWEEN 0 AND {MOST_DAYS}", name="archiving_waits_a_year_at_most"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    makes: Mapped[str] = mapped_column(String(10))
    for_restricted: Mapped[bool]
    archive_after_days: Mapped[int]  # after closing
    updated_at: Mapped[datetime]


def channel_settings() -> IncidentChannelSettings:
    """The settings as they are; before anybody has set them, the defaults (not stored)."""
    return db.session.get(IncidentChannelSettings, THE_ROW) or IncidentChannelSettings(
        id=THE_ROW,
        makes=Makes.PAGING,
        for_restricted=False,
        archive_after_days=USUAL_DAYS,
        updated_at=clock.now(),
    )
