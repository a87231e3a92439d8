"""Deliveries that can be trusted

Why: messages know whom they are for and what for, superseded ones fold into one, many share one body, and what is known
of a failing destination outlives a restart and stands on screen. Leases let one clock at a time do a chore.
Safe to run early: yes, the columns are empty or have a default, and the old program writes none of them.
Locks: outbox for the adding of columns and partial indexes, most of them over what waits; seconds at a million rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "outbox_bodies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_bodies")),
    )
    op.create_table(
        "outbox_destinations",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("suppressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suppressed_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(suppressed_at IS NULL) = (suppressed_reason IS NULL)",
            name=op.f("ck_outbox_destinations_a_suppressed_destination_says_why"),
        ),
        sa.PrimaryKeyConstraint("channel", "destination", name=op.f("pk_outbox_destinations")),
    )
    with op.batch_alter_table("outbox_destinations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_destinations_suppressed",
            ["suppressed_at"],
            unique=False,
            sqlite_where=sa.text("suppressed_at IS NOT NULL"),
            postgresql_where=sa.text("suppressed_at IS NOT NULL"),
        )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("purpose", sa.String(length=10), server_default="notice", nullable=False))
        batch_op.add_column(sa.Column("rank", sa.SmallInteger(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("fold_key", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("body_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("receipt", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True)
        )
        batch_op.drop_index(
            "ix_outbox_due", sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )
        batch_op.create_index(
            "ix_outbox_due",
            ["channel", "rank", "next_attempt_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index(
            "ix_outbox_queue",
            ["destination", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index(
            "ix_outbox_leased",
            sqlite_where=sa.text("leased_by IS NOT NULL"),
            postgresql_where=sa.text("leased_by IS NOT NULL"),
        )
        batch_op.drop_index("ix_outbox_incident")
        batch_op.create_index(
            "ix_outbox_incident",
            ["incident_id"],
            unique=False,
            sqlite_where=sa.text("incident_id IS NOT NULL"),
            postgresql_where=sa.text("incident_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_outbox_fold",
            ["destination", "fold_key", "id"],
            unique=False,
            sqlite_where=sa.text("fold_key IS NOT NULL"),
            postgresql_where=sa.text("fold_key IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_outbox_in_flight",
            ["destination"],
            unique=False,
            sqlite_where=sa.text("leased_by IS NOT NULL"),
            postgresql_where=sa.text("leased_by IS NOT NULL"),
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_outbox_purpose_is_one_of_the_seven"),
            "purpose IN ('page', 'reminder', 'notice', 'update', 'alert', 'team', 'test')",
        )


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_outbox_purpose_is_one_of_the_seven"), type_="check")
        batch_op.drop_index(
            "ix_outbox_in_flight",
            sqlite_where=sa.text("leased_by IS NOT NULL"),
            postgresql_where=sa.text("leased_by IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_outbox_queue", sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )
        batch_op.drop_index(
            "ix_outbox_fold",
            sqlite_where=sa.text("fold_key IS NOT NULL"),
            postgresql_where=sa.text("fold_key IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_outbox_due", sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )
        batch_op.create_index(
            "ix_outbox_due",
            ["channel", "next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index(
            "ix_outbox_incident",
            sqlite_where=sa.text("incident_id IS NOT NULL"),
            postgresql_where=sa.text("incident_id IS NOT NULL"),
        )
        batch_op.create_index("ix_outbox_incident", ["incident_id"], unique=False)
        batch_op.create_index(
            "ix_outbox_leased",
            ["channel", "leased_until"],
            unique=False,
            sqlite_where=sa.text("leased_by IS NOT NULL"),
            postgresql_where=sa.text("leased_by IS NOT NULL"),
        )
        batch_op.drop_column("receipt")
        batch_op.drop_column("body_id")
        batch_op.drop_column("fold_key")
        batch_op.drop_column("rank")
        batch_op.drop_column("purpose")
        batch_op.drop_column("person_id")
    with op.batch_alter_table("outbox_destinations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_destinations_suppressed",
            sqlite_where=sa.text("suppressed_at IS NOT NULL"),
            postgresql_where=sa.text("suppressed_at IS NOT NULL"),
        )
    op.drop_table("outbox_destinations")
    op.drop_table("outbox_bodies")
    op.drop_table("leases")
