"""What people make of a post-mortem together: earlier wordings, comments, who was mentioned, and the lines they chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base, db
from ..policy.postmortems import SectionName
from .incidents import one_of

IN, OUT, JOINED = "in", "out", "joined"


class PostmortemLine(Base):
    """What one entry of the incident's timeline is in the post-mortem's; without a row it is what its kind is.

    ``words`` stand instead of the recorded ones, which stay where they are. What is joined is told by the line of
    another entry, ``joined_to_id``.
    """

    __tablename__ = "postmortem_lines"
    __table_args__ = (
        CheckConstraint(one_of("place", [IN, OUT, JOINED]), name="place_of_a_line_is_known"),
        CheckConstraint("(place = 'joined') = (joined_to_id IS NOT NULL)", name="what_is_joined_says_to_what"),
        UniqueConstraint("postmortem_id", "entry_id", name="an_entry_has_one_line"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    postmortem_id: Mapped[int] = mapped_column(ForeignKey("postmortems.id", ondelete="CASCADE"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("timeline_entries.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(6))
    joined_to_id: Mapped[int | None] = mapped_column(ForeignKey("timeline_entries.id", ondelete="CASCADE"))
    words: Mapped[str | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class PostmortemRevision(Base):
    """What a section said from one version on. No ``body``: the draft had its place back."""

    __tablename__ = "postmortem_revisions"
    __table_args__ = (
        CheckConstraint(one_of("name", [*SectionName]), name="name_of_a_section_is_known"),
        UniqueConstraint("postmortem_id", "name", "version", name="a_section_has_each_version_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    postmortem_id: Mapped[int] = mapped_column(ForeignKey("postmortems.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(24))
    version: Mapped[int]
    body: Mapped[str | None]
    at: Mapped[datetime]
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[int | None]
    by_name: Mapped[str]
    restored_from: Mapped[int | None]  # the version whose words these are again


class PostmortemComment(Base):
    """A remark beside a section, until somebody says that it is settled."""

    __tablename__ = "postmortem_comments"
    __table_args__ = (
        CheckConstraint(one_of("section", [*SectionName]), name="name_of_a_section_is_known"),
        CheckConstraint("(resolved_at IS NULL) = (resolved_by_name IS NULL)", name="who_settled_it_did_so_at_a_time"),
        Index("ix_postmortem_comments_postmortem_id_id", "postmortem_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    postmortem_id: Mapped[int] = mapped_column(ForeignKey("postmortems.id", ondelete="CASCADE"))
    section: Mapped[str] = mapped_column(String(24))
    body: Mapped[str]
    at: Mapped[datetime]
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[int | None]
    by_name: Mapped[str]
    edited_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolved_by_name: Mapped[str | None]

    def is_by(self, kind: str, number: int | None) -> bool:
        """Whether this person or token wrote it."""
        return (self.by_kind, self.by_id) == (kind, number)


class PostmortemMention(Base):
    """Somebody was named with an @ in a section or a comment, and told so: once for each place."""

    __tablename__ = "postmortem_mentions"
    __table_args__ = (UniqueConstraint("postmortem_id", "place", "person_id", name="a_mention_is_told_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    postmortem_id: Mapped[int] = mapped_column(ForeignKey("postmortems.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(40))  # section/impact, comment/12
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]


def lines_kept(postmortem_id: int) -> dict[int, PostmortemLine]:
    """The lines that somebody changed, by the entry's number."""
    found = db.session.scalars(select(PostmortemLine).where(PostmortemLine.postmortem_id == postmortem_id))
    return {line.entry_id: line for line in found}


def revisions_of(postmortem_id: int, name: str) -> Sequence[PostmortemRevision]:
    """The versions of a section, the newest first."""
    wanted = select(PostmortemRevision).where(
        PostmortemRevision.postmortem_id == postmortem_id, PostmortemRevision.name == name
    )
    return db.session.scalars(wanted.order_by(PostmortemRevision.version.desc())).all()


def comments_of(postmortem_id: int) -> dict[str, list[PostmortemComment]]:
    """The comments by section, the oldest first."""
    wanted = select(PostmortemComment).where(PostmortemComment.postmortem_id == postmortem_id)
    by_section: dict[str, list[PostmortemComment]] = {}
    for comment in db.session.scalars(wanted.order_by(PostmortemComment.id)):
        by_section.setdefault(comment.section, []).append(comment)
    return by_section


def open_comments(postmortem_id: int) -> int:
    """How many are not settled."""
    wanted = select(func.count()).where(
        PostmortemComment.postmortem_id == postmortem_id, PostmortemComment.resolved_at.is_(None)
    )
    return db.session.scalar(wanted) or 0
