"""Imports

Why: what comes from another status page is known again when it comes a second time.
Safe to run early: yes, the old program does not know the table.
Locks: nothing that exists.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=True),
        sa.Column("parts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.Column("written", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "source IN ('statuspage', 'cachet', 'uptime-kuma')", name=op.f("ck_imported_source_of_an_import_is_known")
        ),
        sa.CheckConstraint(
            "kind IN ('group', 'component', 'incident', 'maintenance')",
            name=op.f("ck_imported_kind_of_an_import_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported")),
        sa.UniqueConstraint("source", "origin", "kind", "external_id", name="each_thing_is_imported_once"),
    )
    with op.batch_alter_table("imported", schema=None) as batch_op:
        batch_op.create_index("ix_imported_public_id", ["public_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("imported", schema=None) as batch_op:
        batch_op.drop_index("ix_imported_public_id")

    op.drop_table("imported")
