"""Who signs with which key

Why: processes that share the database and not SECRET_KEY refuse one another's links, sessions and forms, and nobody sees why.
Safe to run early: yes, the old program does not know the table.
Locks: none, the table is new.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_marks",
        sa.Column("program", sa.String(length=10), nullable=False),
        sa.Column("machine", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("former_mark", sa.String(length=32), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("program", "machine", "mark", name=op.f("pk_signing_marks")),
    )


def downgrade() -> None:
    op.drop_table("signing_marks")
