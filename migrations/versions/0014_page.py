"""Page

Why: links at the foot of the page; a language of its own, and others that it offers; weights for all that counts as down.
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
        batch_op.add_column(sa.Column("degraded_weight", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("major_weight", sa.Integer(), server_default="100", nullable=False))
        batch_op.create_check_constraint(
            op.f("ck_page_settings_degraded_weight_is_a_percentage"), "degraded_weight BETWEEN 0 AND 100"
        )
        batch_op.create_check_constraint(
            op.f("ck_page_settings_major_weight_is_a_percentage"), "major_weight BETWEEN 0 AND 100"
        )


def downgrade() -> None:
    with op.batch_alter_table("page_settings", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_page_settings_major_weight_is_a_percentage"), type_="check")
        batch_op.drop_constraint(op.f("ck_page_settings_degraded_weight_is_a_percentage"), type_="check")
        batch_op.drop_column("major_weight")
        batch_op.drop_column("degraded_weight")
        batch_op.drop_column("languages")
        batch_op.drop_column("language")
        batch_op.drop_column("footer_links")
