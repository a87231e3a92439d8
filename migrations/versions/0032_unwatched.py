"""Open incidents at which the clock does not look

Why: the self-audit asks each minute whether one of them should ring, and looked for them among all that are open.
Safe to run early: yes, the old program is as right without it.
Locks: incidents are not written to while the index is made, a moment for a hundred thousand.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_NAME, _ONLY = "ix_incidents_unwatched", "outcome IS NULL AND attention_at IS NULL"


def upgrade() -> None:
    where = sa.text(_ONLY)
    op.create_index(_NAME, "incidents", ["id"], unique=False, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    op.drop_index(_NAME, "incidents", postgresql_where=sa.text(_ONLY), sqlite_where=sa.text(_ONLY))
