"""A second pair of eyes, and the pinned notice

Why: who asked somebody to read an update before it goes out, of which words, and the answer; whether the page asks for
that; and a notice on top of the page that is no incident.
Safe to run early: yes, the new column has a default and the old program writes none of it.
Locks: page_settings (one row) for the adding of a column.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "update_approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_kind", sa.String(length=8), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column("asked_of_id", sa.Integer(), nullable=True),
        sa.Column("asked_of_name", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("public_status", sa.String(length=16), nullable=True),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_name", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_update_approvals_an_answer_has_a_time")
        ),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('approved', 'sent_back', 'taken_back')",
            name=op.f("ck_update_approvals_answer_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["updates.id"], name=op.f("fk_update_approvals_update_id_updates"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_update_approvals")),
    )
    with op.batch_alter_table("update_approvals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_update_approvals_update_id"), ["update_id"], unique=False)
        batch_op.create_index(
            "uq_update_approvals_open",
            ["update_id"],
            unique=True,
            sqlite_where=sa.text("answer IS NULL"),
            postgresql_where=sa.text("answer IS NULL"),
        )

    op.create_table(
        "pinned_notice",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_pinned_notice_one_notice_is_pinned")),
        sa.CheckConstraint("level IN ('info', 'warn')", name=op.f("ck_pinned_notice_level_of_a_notice_is_known")),
        sa.CheckConstraint(
            "until_at IS NULL OR from_at < until_at", name=op.f("ck_pinned_notice_a_notice_stands_for_a_while")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pinned_notice")),
    )
    op.add_column(
        "page_settings", sa.Column("needs_second_eyes", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("page_settings", "needs_second_eyes")
    op.drop_table("pinned_notice")
    with op.batch_alter_table("update_approvals", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_update_approvals_open",
            sqlite_where=sa.text("answer IS NULL"),
            postgresql_where=sa.text("answer IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_update_approvals_update_id"))

    op.drop_table("update_approvals")
