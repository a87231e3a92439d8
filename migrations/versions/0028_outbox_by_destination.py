"""What stands in the outbox for a destination is found by one index

Why: an update to many writes a row for each of them, and half of what that costs is keeping the indexes. What waits for
a destination, and what was sent there with one fold key, had an index each; one serves both, and what was sent to an
erased address is found by it too.
Safe to run early: yes, the old program asks the same questions of the new index.
Locks: the outbox while the index is made, as long as that takes to read it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0029"
branch_labels = None
depends_on = None

_OLD = (
    ("ix_outbox_queue", ["destination", "id"], "state = 'waiting'"),
    ("ix_outbox_fold", ["destination", "fold_key", "id"], "fold_key IS NOT NULL"),
)


def upgrade() -> None:
    op.create_index("ix_outbox_destination", "outbox", ["destination", "state", "fold_key", "id"])
    for name, _columns, _only in _OLD:
        op.drop_index(name, table_name="outbox")


def downgrade() -> None:
    for name, columns, only in _OLD:
        op.create_index(name, "outbox", columns, sqlite_where=sa.text(only), postgresql_where=sa.text(only))
    op.drop_index("ix_outbox_destination", table_name="outbox")
