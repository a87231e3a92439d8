"""Post-mortems: what was drafted from the record and what people wrote, section by section."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base, db
from ..policy.postmortems import SectionName, State
from .incidents import one_of


class Postmortem(Base):
    """The written learning of one incident, for colleagues. Comments and reviews hang on it; the RCA does not."""

    __tablename__ = "postmortems"
    __table_args__ = (CheckConstraint(one_of("state", [*State]), name="state_of_a_postmortem_is_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=State.DRAFT)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    owner_name: Mapped[str] = mapped_column(default="")
    begun_at: Mapped[datetime]
    begun_by_name: Mapped[str]
    published_at: Mapped[datetime | None]
    published_by_name: Mapped[str | None]
    reviewer_name: Mapped[str | None]  # who read it before it was published, and wrote none of it
    unreviewed_reason: Mapped[str | None]  # why nobody did
    version: Mapped[int] = mapped_column(default=1)


class PostmortemSection(Base):
    """One section. ``generated`` is the machine's draft, ``written`` what a person wrote; neither touches the other."""

    __tablename__ = "postmortem_sections"
    __table_args__ = (
        CheckConstraint(one_of("name", [*SectionName]), name="name_of_a_section_is_known"),
        UniqueConstraint("postmortem_id", "name", name="a_section_stands_once_in_a_postmortem"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    postmortem_id: Mapped[int] = mapped_column(ForeignKey("postmortems.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(24))
    generated: Mapped[str] = mapped_column(default="")
    generated_at: Mapped[datetime | None]
    written: Mapped[str | None]
    written_by_name: Mapped[str | None]
    written_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def text(self) -> str:
        """What is shown: the person's words where there are any, else the draft."""
        return self.generated if self.written is None else self.written


def find_postmortem(incident_id: int) -> Postmortem | None:
    """The post-mortem of that incident, if it was begun."""
    return db.session.scalar(select(Postmortem).where(Postmortem.incident_id == incident_id))


def sections_of(postmortem: Postmortem) -> dict[str, PostmortemSection]:
    """Its sections by name, in the order in which they are read."""
    found = db.session.scalars(select(PostmortemSection).where(PostmortemSection.postmortem_id == postmortem.id))
    by_name = {section.name: section for section in found}
    return {name.value: by_name[name.value] for name in SectionName if name.value in by_name}


def changed_since_published(postmortem: Postmortem) -> list[SectionName]:
    """The internal sections that somebody wrote in after it was published: no reviewer has read them as they are."""
    out = postmortem.published_at
    if out is None:
        return []
    written = {name: section.written_at for name, section in sections_of(postmortem).items()}
    return [
        SectionName(name)
        for name, at in written.items()
        if at is not None and at > out and name != SectionName.RCA_PUBLIC
    ]
