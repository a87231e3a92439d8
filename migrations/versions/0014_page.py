"""Page

Why: links at the foot of the page; a language of its own, and others that it offers.
Safe to run early: yes, the new columns have defaults and the old program writes none of them.
Locks: page_settings, one row, for the adding of columns.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ALL = "en,de,es,fr,pt,ja"


def upgrade() -> None:
    links = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("page_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("footer_links", links, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("language", sa.String(length=3), server_default="en", nullable=False))
        batch_op.add_column(sa.Column("languages", sa.String(length=100), server_default=_ALL, nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("page_settings", schema=None) as batch_op:
        batch_op.drop_column("languages")
        batch_op.drop_column("language")
        batch_op.drop_column("footer_links")
