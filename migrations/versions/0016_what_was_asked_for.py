"""Who asked for a wait

Why: the first attempt at paging somebody tries a destination whose breaker is open, but never one that said itself when to
come again.
Safe to run early: yes, the column has a default.
Locks: outbox_destinations for the adding of a column, which is instant on PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox_destinations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("was_asked_for", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("outbox_destinations", schema=None) as batch_op:
        batch_op.drop_column("was_asked_for")
