"""Tags: the team's own lower-case words on an incident, for finding what belongs together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base, db
from ..policy.tags import LONGEST


class IncidentTag(Base):
    """One tag of one incident."""

    __tablename__ = "incident_tags"
    __table_args__ = (
        UniqueConstraint("incident_id", "tag", name="an_incident_has_a_tag_once"),
        Index("ix_incident_tags_tag", "tag", "incident_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(LONGEST))
    at: Mapped[datetime]
    by_name: Mapped[str]


def tags_of(ids: Collection[int]) -> Mapping[int, list[str]]:
    """The tags of these incidents, by the incident's number, in the order of the alphabet."""
    found: dict[int, list[str]] = defaultdict(list)
    wanted = select(IncidentTag.incident_id, IncidentTag.tag).where(IncidentTag.incident_id.in_(ids))
    for incident_id, tag in db.session.execute(wanted.order_by(IncidentTag.tag)):
        found[incident_id].append(tag)
    return found
