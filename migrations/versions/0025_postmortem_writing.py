"""Writing a post-mortem together

Why: three more sections; every version of a section, comments, mentions, the chosen lines of the timeline, and the
templates by severity. What was written so far becomes the first version that is kept.
Safe to run early: yes, the old program does not know these tables and writes the names of old sections only.
Locks: PostgreSQL locks postmortem_sections while it reads its rows once; SQLite writes that table anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_OLD = (
    "summary",
    "severity",
    "impact",
    "timeline",
    "detection",
    "response",
    "durations",
    "updates",
    "escalations",
    "root_cause",
    "contributing_factors",
    "five_whys",
    "went_well",
    "went_badly",
    "lucky",
    "rca_public",
)
_ADDED = ("people", "runbooks", "messages")
_COLUMNS = (
    "id, postmortem_id, name, generated, generated_at, written, written_by_name, written_at, version"  # of a section
)
_NAME_IS_KNOWN = "name_of_a_section_is_known"
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _allow((*_OLD, *_ADDED))
    op.create_table(
        "postmortem_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("postmortem_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=6), nullable=False),
        sa.Column("joined_to_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "place IN ('in', 'out', 'joined')", name=op.f("ck_postmortem_lines_place_of_a_line_is_known")
        ),
        sa.CheckConstraint(
            "(place = 'joined') = (joined_to_id IS NOT NULL)",
            name=op.f("ck_postmortem_lines_what_is_joined_says_to_what"),
        ),
        _of_postmortem("postmortem_lines"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["timeline_entries.id"],
                name=op.f(f"fk_postmortem_lines_{column}_timeline_entries"),
                ondelete="CASCADE",
            )
            for column in ("entry_id", "joined_to_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_lines")),
        sa.UniqueConstraint("postmortem_id", "entry_id", name="an_entry_has_one_line"),
    )
    op.create_table(
        "postmortem_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("postmortem_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_by(),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        _section_is_known("postmortem_revisions", "name"),
        _of_postmortem("postmortem_revisions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_revisions")),
        sa.UniqueConstraint("postmortem_id", "name", "version", name="a_section_has_each_version_once"),
    )
    op.execute(
        "INSERT INTO postmortem_revisions (postmortem_id, name, version, body, at, by_kind, by_name) "
        "SELECT s.postmortem_id, s.name, s.version, s.written, COALESCE(s.written_at, p.begun_at), 'clock', "
        "COALESCE(s.written_by_name, '') FROM postmortem_sections s JOIN postmortems p ON p.id = s.postmortem_id "
        "WHERE s.written IS NOT NULL"
    )
    op.create_table(
        "postmortem_comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("postmortem_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=24), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_by(),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_name", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_name IS NULL)",
            name=op.f("ck_postmortem_comments_who_settled_it_did_so_at_a_time"),
        ),
        _section_is_known("postmortem_comments", "section"),
        _of_postmortem("postmortem_comments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_comments")),
    )
    op.create_index("ix_postmortem_comments_postmortem_id_id", "postmortem_comments", ["postmortem_id", "id"])
    op.create_table(
        "postmortem_mentions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("postmortem_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of_postmortem("postmortem_mentions"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_postmortem_mentions_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_mentions")),
        sa.UniqueConstraint("postmortem_id", "place", "person_id", name="a_mention_is_told_once"),
    )
    op.create_table(
        "postmortem_templates",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("sections", _JSON, nullable=False),
        sa.Column("questions", _JSON, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('P1', 'P2', 'P3', 'P4', 'security')",
            name=op.f("ck_postmortem_templates_kind_of_a_template_is_known"),
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_postmortem_templates")),
    )


def downgrade() -> None:
    for table in ("templates", "mentions", "comments", "revisions", "lines"):
        op.drop_table(f"postmortem_{table}")
    op.execute(f"DELETE FROM postmortem_sections WHERE name IN {_ADDED!r}")  # noqa: S608 - our own words
    _allow(_OLD)


def _by() -> tuple[sa.Column[str], sa.Column[int], sa.Column[str]]:
    return (
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
    )


def _of_postmortem(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["postmortem_id"], ["postmortems.id"], name=op.f(f"fk_{table}_postmortem_id_postmortems"), ondelete="CASCADE"
    )


def _section_is_known(table: str, column: str, names: tuple[str, ...] = (*_OLD, *_ADDED)) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN {names!r}", name=op.f(f"ck_{table}_{_NAME_IS_KNOWN}"))


def _allow(names: tuple[str, ...]) -> None:
    """Sections of these names; SQLite changes no constraint in place."""
    constraint = f"ck_postmortem_sections_{_NAME_IS_KNOWN}"
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(constraint), "postmortem_sections")
        op.create_check_constraint(op.f(constraint), "postmortem_sections", f"name IN {names!r}")
        return
    op.rename_table("postmortem_sections", "postmortem_sections_before")
    op.create_table(
        "postmortem_sections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("postmortem_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("generated", sa.String(), nullable=False),
        sa.Column("generated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written", sa.String(), nullable=True),
        sa.Column("written_by_name", sa.String(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _section_is_known("postmortem_sections", "name", names),
        _of_postmortem("postmortem_sections"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_sections")),
        sa.UniqueConstraint("postmortem_id", "name", name="a_section_stands_once_in_a_postmortem"),
    )
    op.execute(
        f"INSERT INTO postmortem_sections ({_COLUMNS}) SELECT {_COLUMNS} FROM postmortem_sections_before"  # noqa: S608
    )
    op.drop_table("postmortem_sections_before")
