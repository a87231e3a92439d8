"""Repeats, turns, and targets at risk

Why: a policy may begin again, one of several may be told in turn, and 80 % of a target's time is said once.
Safe to run early: yes, the new column of targets is empty and the old program does not write it.
Locks: targets for the adding of one column, which is instant on PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escalation_repeats",
        sa.Column("severity", sa.String(length=2), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("after_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('P1', 'P2', 'P3', 'P4')", name=op.f("ck_escalation_repeats_severity_is_p1_to_p4")
        ),
        sa.CheckConstraint("after_minutes BETWEEN 1 AND 1440", name=op.f("ck_escalation_repeats_a_repeat_waits")),
        sa.CheckConstraint(
            "times BETWEEN 0 AND 9", name=op.f("ck_escalation_repeats_a_policy_repeats_nine_times_at_most")
        ),
        sa.PrimaryKeyConstraint("severity", name=op.f("pk_escalation_repeats")),
    )
    op.create_table(
        "round_robin_turns",
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_round_robin_turns_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "person_id", name=op.f("pk_round_robin_turns")),
    )
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("at_risk_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.drop_column("at_risk_at")
    op.drop_table("round_robin_turns")
    op.drop_table("escalation_repeats")
