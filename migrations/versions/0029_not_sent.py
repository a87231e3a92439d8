"""What was not sent, and what is tried again

Why: the log of an update that went to a hundred thousand counts those few alone that were not told, and every screen of
the console asks what is tried again; without an index of their own they are looked for among all that was ever sent.
Safe to run early: yes, the old program is as right without them.
Locks: the outbox is not written to while the two indexes are made, some seconds for a million messages.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0030"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_outbox_not_sent", ["event", "state"], "state IN ('failed', 'held', 'skipped')"),
    ("ix_outbox_tried_again", ["channel"], "state = 'waiting' AND attempts >= 2"),
)


def upgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        for name, columns, only in _INDEXES:
            where = sa.text(only)
            batch_op.create_index(name, columns, unique=False, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        for name, _columns, only in reversed(_INDEXES):
            batch_op.drop_index(name, postgresql_where=sa.text(only), sqlite_where=sa.text(only))
