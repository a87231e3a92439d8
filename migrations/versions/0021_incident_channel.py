"""The incident's channel in Slack

Why: an incident gets a channel that is made, named and kept current; what was done there is remembered step by step.
Safe to run early: yes. The old program reads of these channels which incident is meant, and finds that as before.
Locks: none that anybody waits for; nobody wrote into the table that is made anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("incident_channels")
    op.create_table(
        "incident_channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel_id", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("topic", sa.String(length=250), nullable=False),
        sa.Column("purpose", sa.String(length=250), nullable=False),
        sa.Column("headline_ts", sa.String(length=40), nullable=True),
        sa.Column("headline_print", sa.String(length=64), nullable=False),
        sa.Column("pinned_ts", sa.String(length=40), nullable=True),
        sa.Column("bookmarks", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("invited", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stays_archived", sa.Boolean(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=300), nullable=False),
        sa.Column("problem_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "archived_at IS NULL OR channel_id IS NOT NULL",
            name=op.f("ck_incident_channels_only_what_was_made_is_archived"),
        ),
        sa.CheckConstraint(
            "headline_ts IS NULL OR channel_id IS NOT NULL",
            name=op.f("ck_incident_channels_a_headline_stands_in_a_channel"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_channels_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_channels")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_incident_channels_channel_id")),
    )
    with op.batch_alter_table("incident_channels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_channels_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(
            "uq_incident_channels_one_at_a_time",
            ["incident_id"],
            unique=True,
            sqlite_where=sa.text("left_at IS NULL"),
            postgresql_where=sa.text("left_at IS NULL"),
        )
        batch_op.create_index(
            "ix_incident_channels_due_at",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
    op.create_table(
        "incident_channel_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("makes", sa.String(length=10), nullable=False),
        sa.Column("for_restricted", sa.Boolean(), nullable=False),
        sa.Column("archive_after_days", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_incident_channel_settings_there_is_one_row")),
        sa.CheckConstraint(
            "makes IN ('none', 'paging', 'all')", name=op.f("ck_incident_channel_settings_makes_is_known")
        ),
        sa.CheckConstraint(
            "archive_after_days BETWEEN 0 AND 365",
            name=op.f("ck_incident_channel_settings_archiving_waits_a_year_at_most"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_channel_settings")),
    )


def downgrade() -> None:
    op.drop_table("incident_channel_settings")
    op.drop_table("incident_channels")
    op.create_table(
        "incident_channels",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_channels_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident_channels")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_incident_channels_channel_id")),
    )
