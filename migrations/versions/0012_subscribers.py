"""Subscribers of the status page

Why: members of the public are told by e-mail or webhook, of everything or of the components they chose.
Safe to run early: yes, the old program knows none of these tables.
Locks: nothing that exists.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("url", sa.String(length=1000), nullable=True),
        sa.Column("shape", sa.String(length=12), nullable=False),
        sa.Column("secret", sa.String(length=120), nullable=True),
        sa.Column("all_components", sa.Boolean(), nullable=False),
        sa.Column("hears_maintenance", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letters", sa.SmallInteger(), nullable=False),
        sa.Column("quarantined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantine_reason", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'email') = (email IS NOT NULL)", name=op.f("ck_subscribers_who_reads_mail_has_an_address")
        ),
        sa.CheckConstraint(
            "(kind = 'webhook') = (url IS NOT NULL)", name=op.f("ck_subscribers_a_webhook_has_an_address")
        ),
        sa.CheckConstraint("kind IN ('email', 'webhook')", name=op.f("ck_subscribers_kind_of_subscriber_is_known")),
        sa.CheckConstraint(
            "shape IN ('standard', 'statuspage')", name=op.f("ck_subscribers_shape_of_a_webhook_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("public_id", name=op.f("uq_subscribers_public_id")),
        sa.UniqueConstraint("token", name=op.f("uq_subscribers_token")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("subscribers", schema=None) as batch_op:
        batch_op.create_index("ix_subscribers_kind_confirmed_at", ["kind", "confirmed_at"], unique=False)
        batch_op.create_index(
            "uq_subscribers_email",
            ["email"],
            unique=True,
            sqlite_where=sa.text("email IS NOT NULL"),
            postgresql_where=sa.text("email IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_subscribers_url",
            ["url"],
            unique=True,
            sqlite_where=sa.text("url IS NOT NULL"),
            postgresql_where=sa.text("url IS NOT NULL"),
        )

    op.create_table(
        "subscriber_components",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["components.public_id"],
            name=op.f("fk_subscriber_components_component_id_components"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_subscriber_components_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "component_id", name=op.f("pk_subscriber_components")),
    )
    with op.batch_alter_table("subscriber_components", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriber_components_component_id"), ["component_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("subscriber_components", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriber_components_component_id"))

    op.drop_table("subscriber_components")
    with op.batch_alter_table("subscribers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_subscribers_url", sqlite_where=sa.text("url IS NOT NULL"), postgresql_where=sa.text("url IS NOT NULL")
        )
        batch_op.drop_index(
            "uq_subscribers_email",
            sqlite_where=sa.text("email IS NOT NULL"),
            postgresql_where=sa.text("email IS NOT NULL"),
        )
        batch_op.drop_index("ix_subscribers_kind_confirmed_at")

    op.drop_table("subscribers")
