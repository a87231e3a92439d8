"""Post-mortems in sections

Why: the post-mortem is drafted from the record section by section and edited in the browser; one plain text held neither.
Safe to run early: yes for the new tables; the old column goes, so a program of before this revision must be stopped first.
Locks: incidents is rewritten once on SQLite; on PostgreSQL a column is dropped, which is quick.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SECTIONS = (
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


def upgrade() -> None:
    op.create_table(
        "postmortems",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("owner_name", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by_name", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_name", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'published')", name=op.f("ck_postmortems_state_of_a_postmortem_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_postmortems_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_postmortems_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortems")),
        sa.UniqueConstraint("incident_id", name=op.f("uq_postmortems_incident_id")),
    )
    with op.batch_alter_table("postmortems", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_postmortems_owner_id"), ["owner_id"], unique=False)
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
        sa.CheckConstraint(
            f"name IN ({', '.join(repr(name) for name in _SECTIONS)})",
            name=op.f("ck_postmortem_sections_name_of_a_section_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortems.id"],
            name=op.f("fk_postmortem_sections_postmortem_id_postmortems"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_sections")),
        sa.UniqueConstraint("postmortem_id", "name", name="a_section_stands_once_in_a_postmortem"),
    )
    _move_texts_into_summaries()
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_column("postmortem_text")
        batch_op.create_index(
            "ix_incidents_postmortem_due_at",
            ["postmortem_due_at"],
            unique=False,
            postgresql_where=sa.text("postmortem_due_at IS NOT NULL AND closed_at IS NULL"),
            sqlite_where=sa.text("postmortem_due_at IS NOT NULL AND closed_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_index("ix_incidents_postmortem_due_at")
        batch_op.add_column(sa.Column("postmortem_text", sa.String(), nullable=True))
    op.execute(
        "UPDATE incidents SET postmortem_text = (SELECT s.written FROM postmortem_sections s "
        "JOIN postmortems p ON p.id = s.postmortem_id WHERE p.incident_id = incidents.id AND s.name = 'summary')"
    )
    op.drop_table("postmortem_sections")
    with op.batch_alter_table("postmortems", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_postmortems_owner_id"))
    op.drop_table("postmortems")


def _move_texts_into_summaries() -> None:
    """What was written as one text becomes a published post-mortem whose summary it is; the rest is drafted on request."""
    op.execute(
        "INSERT INTO postmortems (incident_id, state, owner_name, begun_at, begun_by_name, published_at, version) "
        "SELECT id, 'published', '', COALESCE(closed_at, resolved_at, created_at), '', closed_at, 1 "
        "FROM incidents WHERE postmortem_text IS NOT NULL"
    )
    op.execute(
        "INSERT INTO postmortem_sections (postmortem_id, name, generated, written, version) "
        "SELECT p.id, 'summary', '', i.postmortem_text, 1 FROM postmortems p JOIN incidents i ON i.id = p.incident_id"
    )
    sections = sa.table("postmortem_sections", *map(sa.column, ("postmortem_id", "name", "generated", "version")))
    begun = sa.table("postmortems", sa.column("id"))
    for name in _SECTIONS[1:]:
        op.execute(
            sections.insert().from_select(
                ["postmortem_id", "name", "generated", "version"],
                sa.select(begun.c.id, sa.literal(name), sa.literal(""), sa.literal(1)),
            )
        )
