"""Under which address the page first told something

Why: the ids of entries in feeds and calendars were made of the page's address, and with another domain every reader would
take all that is old for new. It is written down once, by the clock, as it is then: ids that readers know stay.
Safe to run early: yes, the old program does not know the column.
Locks: none to speak of, the table has one row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("page_revision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_address", sa.String(length=300), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("page_revision", schema=None) as batch_op:
        batch_op.drop_column("first_address")
