"""Unsent texts, and an order of message templates

Why: what somebody typed survives a dead tab and an ended session; templates stand in the order the team gave them.
Safe to run early: yes; the old program asks for neither, and new templates of it stand first.
Locks: message_templates for as long as its few rows take.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unsent_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("page", sa.String(length=32), nullable=False),
        sa.Column(
            "fields", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_unsent_texts_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsent_texts")),
        sa.UniqueConstraint("person_id", "page", name="a_page_has_one_unsent_text"),
    )
    with op.batch_alter_table("unsent_texts", schema=None) as batch_op:
        batch_op.create_index("ix_unsent_texts_person_id_key", ["person_id", "key"], unique=False)
    op.add_column("message_templates", sa.Column("position", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("message_templates", "position")
    with op.batch_alter_table("unsent_texts", schema=None) as batch_op:
        batch_op.drop_index("ix_unsent_texts_person_id_key")
    op.drop_table("unsent_texts")
