"""Review of a post-mortem

Why: a post-mortem is read by somebody who did not write it before colleagues have it; who was asked and what the
answer was is kept.
Safe to run early: yes, the old program does not know these columns and this table.
Locks: PostgreSQL locks postmortems for an instant; the columns may be empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("postmortems", sa.Column("reviewer_name", sa.String(), nullable=True))
    op.add_column("postmortems", sa.Column("unreviewed_reason", sa.String(), nullable=True))
    op.create_table(
        "postmortem_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("postmortem_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_kind", sa.String(length=8), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_name", sa.String(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_name", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_postmortem_reviews_an_answer_has_a_time")
        ),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('approved', 'sent_back', 'taken_back')",
            name=op.f("ck_postmortem_reviews_answer_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortems.id"],
            name=op.f("fk_postmortem_reviews_postmortem_id_postmortems"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["people.id"], name=op.f("fk_postmortem_reviews_reviewer_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_reviews")),
    )
    op.create_index(op.f("ix_postmortem_reviews_postmortem_id"), "postmortem_reviews", ["postmortem_id"])
    op.create_index(
        "uq_postmortem_reviews_open",
        "postmortem_reviews",
        ["postmortem_id"],
        unique=True,
        sqlite_where=sa.text("answer IS NULL"),
        postgresql_where=sa.text("answer IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("postmortem_reviews")
    op.drop_column("postmortems", "unreviewed_reason")
    op.drop_column("postmortems", "reviewer_name")
