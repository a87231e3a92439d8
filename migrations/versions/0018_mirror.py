"""How the mirror fares

Why: the clock keeps a mirror of the page where MIRROR_TO says, and says here when it last could.
Safe to run early: yes, the old program knows no mirror.
Locks: nothing, the table is new.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_mirrors",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_page_mirrors_there_is_one_mirror")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_mirrors")),
    )


def downgrade() -> None:
    op.drop_table("page_mirrors")
