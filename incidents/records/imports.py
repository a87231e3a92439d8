"""What came from another status page: which of its things became which of ours."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base
from .incidents import one_of

SOURCES = ("statuspage", "cachet", "uptime-kuma")
KINDS = ("group", "component", "incident", "maintenance")


class Imported(Base):
    """One thing there (``external_id``, of the page ``origin``) and the one here that it became (``public_id``).

    ``seen`` is a print of what stood there when it was taken over last, ``written`` one of what we made of it: when ours
    reads otherwise by now, somebody here has edited it. ``parts`` maps the updates there to the public ids of ours.
    """

    __tablename__ = "imported"
    __table_args__ = (
        CheckConstraint(one_of("source", list(SOURCES)), name="source_of_an_import_is_known"),
        CheckConstraint(one_of("kind", list(KINDS)), name="kind_of_an_import_is_known"),
        UniqueConstraint("source", "origin", "kind", "external_id", name="each_thing_is_imported_once"),
        Index("ix_imported_public_id", "public_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    origin: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    external_id: Mapped[str] = mapped_column(String(100))
    public_id: Mapped[str] = mapped_column(String(12))
    link: Mapped[str | None] = mapped_column(String(500))
    parts: Mapped[dict[str, str]]
    seen: Mapped[str] = mapped_column(String(64))
    written: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime]
    updated_at: Mapped[datetime]
