"""What came from Slack onto a timeline

Why: a message that is pinned in an incident's channel stands on its timeline while it is pinned; and the app must know
its own messages, which are no news.
Safe to run early: yes. The old program knows neither table, and leaves the new column empty.
Locks: slack_workspaces for an instant; it has one row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("slack_workspaces", sa.Column("bot_user_id", sa.String(length=30), nullable=True))
    op.create_table(
        "heard_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.String(length=30), nullable=False),
        sa.Column("channel_id", sa.String(length=40), nullable=False),
        sa.Column("ts", sa.String(length=20), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("given", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_heard_messages_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["timeline_entries.id"],
            name=op.f("fk_heard_messages_entry_id_timeline_entries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard_messages")),
        sa.UniqueConstraint("incident_id", "channel_id", "ts", name="a_message_is_heard_once_per_incident"),
    )
    op.create_index(
        "uq_heard_messages_of_no_incident_yet",
        "heard_messages",
        ["channel_id", "ts"],
        unique=True,
        sqlite_where=sa.text("incident_id IS NULL"),
        postgresql_where=sa.text("incident_id IS NULL"),
    )
    op.create_index("ix_heard_messages_channel_id_ts", "heard_messages", ["channel_id", "ts"])
    op.create_index(
        "ix_heard_messages_due_at",
        "heard_messages",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "heard_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=50), nullable=False),
        sa.Column("user_id", sa.String(length=30), nullable=False),
        sa.Column("user_name", sa.String(length=100), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["heard_messages.id"],
            name=op.f("fk_heard_marks_message_id_heard_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard_marks")),
        sa.UniqueConstraint("message_id", "mark", name="a_message_is_marked_once_in_each_way"),
    )


def downgrade() -> None:
    op.drop_table("heard_marks")
    op.drop_table("heard_messages")
    with op.batch_alter_table("slack_workspaces", schema=None) as batch_op:
        batch_op.drop_column("bot_user_id")
