"""Telling subscribers

Why: a notice knows its incident, whom it went to and why it went to nobody; how a subscriber stood before each change; and an
incident's own messages are found without a look at the thousands that told the public.
Safe to run early: yes, the old program writes none of the new columns and reads none of them.
Locks: notices for the adding of columns, which is instant; the outbox while its index is made anew, as long as that takes to
read it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OF_AN_INCIDENT = sa.text("incident_id IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("incident_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("told", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
        batch_op.create_index(batch_op.f("ix_notices_incident_id"), ["incident_id"], unique=False)
    op.create_table(
        "subscriber_pasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(length=12), nullable=False),
        sa.Column("all_components", sa.Boolean(), nullable=False),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("hears_maintenance", sa.Boolean(), nullable=False),
        sa.Column("quarantined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantine_reason", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "ended_by IN ('changed', 'quarantined', 'lifted')",
            name=op.f("ck_subscriber_pasts_what_ended_it_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_subscriber_pasts_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber_pasts")),
    )
    op.create_index("ix_subscriber_pasts_subscriber_id_until", "subscriber_pasts", ["subscriber_id", "until"])
    _index_of_incidents(["incident_id", "rank"])


def downgrade() -> None:
    _index_of_incidents(["incident_id"])
    op.drop_table("subscriber_pasts")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_incident_id"))
        batch_op.drop_column("told")
        batch_op.drop_column("reason")
        batch_op.drop_column("incident_id")


def _index_of_incidents(columns: list[str]) -> None:
    op.drop_index("ix_outbox_incident", table_name="outbox")
    op.create_index(
        "ix_outbox_incident",
        "outbox",
        columns,
        unique=False,
        sqlite_where=_OF_AN_INCIDENT,
        postgresql_where=_OF_AN_INCIDENT,
    )
