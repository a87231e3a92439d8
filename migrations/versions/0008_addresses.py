"""How people are reached

Why: addresses of every kind with an order and a delay per urgency, and quiet hours for what is not urgent.
Safe to run early: yes, the new columns of people are empty and the old program does not write them.
Locks: people for the adding of three columns, which is instant on PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("value", sa.String(length=1000), nullable=False),
        sa.Column("secret", sa.String(length=120), nullable=True),
        sa.Column("old_secret", sa.String(length=120), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("test_event", sa.String(length=200), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('email', 'slack', 'webhook', 'pagerduty', 'apprise')",
            name=op.f("ck_contact_addresses_kind_of_address_is_known"),
        ),
        sa.CheckConstraint(
            "(old_secret IS NULL) = (old_secret_until IS NULL)", name=op.f("ck_contact_addresses_an_old_secret_ends")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_contact_addresses_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_addresses")),
    )
    with op.batch_alter_table("contact_addresses", schema=None) as batch_op:
        batch_op.create_index(
            "uq_contact_addresses_once_a_person",
            ["person_id", "kind", "value"],
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        )
    op.create_table(
        "contact_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.String(length=4), nullable=False),
        sa.Column("address_id", sa.Integer(), nullable=True),
        sa.Column("after_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("urgency IN ('high', 'low')", name=op.f("ck_contact_rules_urgency_is_high_or_low")),
        sa.CheckConstraint("after_minutes BETWEEN 0 AND 60", name=op.f("ck_contact_rules_a_delay_is_an_hour_at_most")),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["contact_addresses.id"],
            name=op.f("fk_contact_rules_address_id_contact_addresses"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_contact_rules_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_rules")),
        sa.UniqueConstraint("person_id", "urgency", "address_id", name="an_address_is_used_once_per_urgency"),
    )
    with op.batch_alter_table("contact_rules", schema=None) as batch_op:
        batch_op.create_index(
            "uq_contact_rules_account_once_per_urgency",
            ["person_id", "urgency"],
            unique=True,
            sqlite_where=sa.text("address_id IS NULL"),
            postgresql_where=sa.text("address_id IS NULL"),
        )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quiet_from", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("quiet_until", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("test_event", sa.String(length=200), nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_people_quiet_hours_have_both_ends"), "(quiet_from IS NULL) = (quiet_until IS NULL)"
        )


def downgrade() -> None:
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_people_quiet_hours_have_both_ends"), type_="check")
        batch_op.drop_column("test_event")
        batch_op.drop_column("quiet_until")
        batch_op.drop_column("quiet_from")
    with op.batch_alter_table("contact_rules", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_contact_rules_account_once_per_urgency",
            sqlite_where=sa.text("address_id IS NULL"),
            postgresql_where=sa.text("address_id IS NULL"),
        )
    op.drop_table("contact_rules")
    with op.batch_alter_table("contact_addresses", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_contact_addresses_once_a_person",
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        )
    op.drop_table("contact_addresses")
