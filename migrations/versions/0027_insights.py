"""What insights are counted from

Why: how long incidents stay at each step, and whom they call, is read from the timeline; without an index of their own
those entries are looked for among all the others.
Safe to run early: yes, the old program is as right without them.
Locks: writing on the timeline waits while the three indexes are made, some seconds for a million entries.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_timeline_entries_course", ["incident_id", "at", "id"], "kind IN ('step', 'resolved', 'reopened')"),
    ("ix_timeline_entries_mitigated", ["incident_id", "at"], "kind = 'mitigated'"),
    ("ix_timeline_entries_told", ["at"], "kind = 'told'"),
)


def upgrade() -> None:
    with op.batch_alter_table("timeline_entries", schema=None) as batch_op:
        for name, columns, only in _INDEXES:
            where = sa.text(only)
            batch_op.create_index(name, columns, unique=False, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    with op.batch_alter_table("timeline_entries", schema=None) as batch_op:
        for name, _columns, only in reversed(_INDEXES):
            batch_op.drop_index(name, postgresql_where=sa.text(only), sqlite_where=sa.text(only))
