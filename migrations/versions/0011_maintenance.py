"""Maintenance, and what the page says of a component

Why: announced work, once or recurring, with its updates; notices for subscribers, each once; start dates and flags of
components; and by whom and why a component's status was set.
Safe to run early: yes, the new columns have defaults and the old program writes none of them.
Locks: components and baseline_changes for the adding of columns, which is instant on PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "maintenance_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("checklist_url", sa.String(length=500), nullable=True),
        sa.Column("rule", sa.String(length=300), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("local_start", sa.String(length=16), nullable=False),
        sa.Column("lasts_minutes", sa.Integer(), nullable=False),
        sa.Column("ends_by_itself", sa.Boolean(), nullable=False),
        sa.Column("verify_minutes", sa.Integer(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("lasts_minutes > 0", name=op.f("ck_maintenance_series_repeated_work_takes_time")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_series")),
    )
    op.create_table(
        "maintenances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=True),
        sa.Column("slot", sa.String(length=16), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("checklist_url", sa.String(length=500), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verifying_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_by_itself", sa.Boolean(), nullable=False),
        sa.Column("verify_minutes", sa.Integer(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("is_its_own", sa.Boolean(), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_maintenances_work_ends_after_it_begins")),
        sa.CheckConstraint(
            "finished_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_maintenances_work_is_finished_or_called_off")
        ),
        sa.CheckConstraint("verify_minutes >= 0", name=op.f("ck_maintenances_checking_takes_no_negative_time")),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["maintenance_series.id"],
            name=op.f("fk_maintenances_series_id_maintenance_series"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenances")),
        sa.UniqueConstraint("public_id", name=op.f("uq_maintenances_public_id")),
        sa.UniqueConstraint("series_id", "slot", name="a_series_plans_each_occurrence_once"),
    )
    with op.batch_alter_table("maintenances", schema=None) as batch_op:
        batch_op.create_index("ix_maintenances_over_at", ["over_at"], unique=False)
        batch_op.create_index("ix_maintenances_starts_at", ["starts_at"], unique=False)
        batch_op.create_index(
            "ix_maintenances_until_somebody_ends_it",
            ["id"],
            unique=False,
            postgresql_where=sa.text("over_at IS NULL"),
            sqlite_where=sa.text("over_at IS NULL"),
        )

    op.create_table(
        "maintenance_updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("maintenance_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("display_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('note', 'moved', 'extended', 'begun', 'verifying', 'completed', 'cancelled')",
            name=op.f("ck_maintenance_updates_kind_of_a_maintenance_update_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["maintenance_id"],
            ["maintenances.id"],
            name=op.f("fk_maintenance_updates_maintenance_id_maintenances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_updates")),
        sa.UniqueConstraint("public_id", name=op.f("uq_maintenance_updates_public_id")),
    )
    with op.batch_alter_table("maintenance_updates", schema=None) as batch_op:
        batch_op.create_index(
            "ix_maintenance_updates_maintenance_id_display_at", ["maintenance_id", "display_at"], unique=False
        )

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("maintenance_id", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fanned_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["maintenance_id"],
            ["maintenances.id"],
            name=op.f("fk_notices_maintenance_id_maintenances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_maintenance_id"), ["maintenance_id"], unique=False)
        batch_op.create_index(
            "ix_notices_waiting",
            ["id"],
            unique=False,
            postgresql_where=sa.text("fanned_out_at IS NULL"),
            sqlite_where=sa.text("fanned_out_at IS NULL"),
        )

    with op.batch_alter_table("baseline_changes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by_name", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=300), nullable=True))

    with op.batch_alter_table("components", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_showcased", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("only_if_degraded", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("starts_on", sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("components", schema=None) as batch_op:
        batch_op.drop_column("starts_on")
        batch_op.drop_column("only_if_degraded")
        batch_op.drop_column("is_showcased")

    with op.batch_alter_table("baseline_changes", schema=None) as batch_op:
        batch_op.drop_column("reason")
        batch_op.drop_column("by_name")

    op.drop_table("notices")
    op.drop_table("maintenance_updates")
    op.drop_table("maintenances")
    op.drop_table("maintenance_series")
