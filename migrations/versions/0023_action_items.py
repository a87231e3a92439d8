"""Action items, and the weekly digest

Why: what is to be done after an incident has an owner and a day, and is asked for until it is done.
Safe to run early: yes, the old program knows neither table, and the new column of people has a default.
Locks: people for a moment, for one column with a default; the tables are new.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "action_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("owed_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("link", sa.String(length=2000), nullable=True),
        sa.Column("tracker_event", sa.String(length=60), nullable=True),
        sa.Column("source", sa.String(length=500), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_reason", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_name", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('prevent', 'detect', 'mitigate', 'process')",
            name=op.f("ck_action_items_kind_of_an_action_item_is_known"),
        ),
        sa.CheckConstraint("priority IN ('high', 'normal', 'low')", name=op.f("ck_action_items_priority_is_known")),
        sa.CheckConstraint(
            "status IN ('open', 'in_progress', 'done', 'dropped')",
            name=op.f("ck_action_items_status_of_an_action_item_is_known"),
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_action_items_title_is_not_empty")),
        sa.CheckConstraint(
            "(status = 'done') = (done_at IS NOT NULL)", name=op.f("ck_action_items_only_what_is_done_has_a_time_of_it")
        ),
        sa.CheckConstraint(
            "(status = 'dropped') = (dropped_at IS NOT NULL)",
            name=op.f("ck_action_items_only_what_was_dropped_has_a_time_of_it"),
        ),
        sa.CheckConstraint(
            "(status = 'dropped') = (dropped_reason IS NOT NULL)",
            name=op.f("ck_action_items_what_was_dropped_says_why"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_action_items_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_action_items_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_items")),
    )
    op.create_index("ix_action_items_incident_id", "action_items", ["incident_id"])
    op.create_index("ix_action_items_owner_id", "action_items", ["owner_id"])
    op.create_index(
        "ix_action_items_due_on",
        "action_items",
        ["due_on"],
        sqlite_where=sa.text("status IN ('open', 'in_progress')"),
        postgresql_where=sa.text("status IN ('open', 'in_progress')"),
    )
    op.create_index(
        "ix_action_items_tracker_event",
        "action_items",
        ["tracker_event"],
        sqlite_where=sa.text("tracker_event IS NOT NULL"),
        postgresql_where=sa.text("tracker_event IS NOT NULL"),
    )
    op.create_table(
        "weekly_digests",
        sa.Column("monday", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("monday", name=op.f("pk_weekly_digests")),
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(sa.Column("weekly_digest", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_column("weekly_digest")
    op.drop_table("weekly_digests")
    op.drop_table("action_items")
