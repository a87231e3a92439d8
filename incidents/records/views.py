"""Views of the list of incidents that a person gave a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db

NAME_LENGTH = 60
QUERY_LENGTH = 500


class SavedView(Base):
    """A name for a set of filters. ``query`` is what stands behind the ``?`` of the list's address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("person_id", "name", name="a_person_names_a_view_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    query: Mapped[str] = mapped_column(String(QUERY_LENGTH))
    at: Mapped[datetime] = mapped_column(default=clock.now)


def views_of(person_id: int) -> list[SavedView]:
    """A person's views by name."""
    return list(db.session.scalars(select(SavedView).where(SavedView.person_id == person_id).order_by(SavedView.name)))
