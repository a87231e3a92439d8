"""On call

Why: rotations with layers, overrides, swaps, schedules kept elsewhere, roles and groups, and calendars by secret address.
Safe to run early: yes, nothing reads the tables before the new program does.
Locks: none that anybody waits for; the tables are new.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "on_call_roles",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tell", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_on_call_roles")),
    )
    op.create_table(
        "person_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_person_groups_name")),
    )
    op.create_table(
        "rotations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("announces", sa.Boolean(), nullable=False),
        sa.Column("announced_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_id", sa.Integer(), nullable=True),
        sa.Column("source_url", sa.String(length=1000), nullable=True),
        sa.Column("source_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_problem", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_rotations_a_rotation_has_a_name")),
        sa.ForeignKeyConstraint(["announced_id"], ["people.id"], name=op.f("fk_rotations_announced_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotations")),
        sa.UniqueConstraint("name", name=op.f("uq_rotations_name")),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_calendar_feeds_person_id_people"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotations.id"], name=op.f("fk_calendar_feeds_rotation_id_rotations"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_calendar_feeds_secret_hash")),
    )
    op.create_table(
        "imported_shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=300), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "ends_at > starts_at", name=op.f("ck_imported_shifts_an_imported_shift_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_imported_shifts_person_id_people")),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotations.id"], name=op.f("fk_imported_shifts_rotation_id_rotations"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_shifts")),
        sa.UniqueConstraint("rotation_id", "uid", "starts_at", name="a_shift_is_imported_once"),
    )
    op.create_table(
        "person_group_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["person_groups.id"],
            name=op.f("fk_person_group_members_group_id_person_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_group_members_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_group_members")),
        sa.UniqueConstraint("group_id", "person_id", name="a_person_is_in_a_group_once"),
    )
    op.create_table(
        "rotation_layers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("every", sa.String(length=4), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("at", sa.String(length=5), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("weekdays", sa.String(length=7), nullable=True),
        sa.Column("hours_from", sa.String(length=5), nullable=True),
        sa.Column("hours_until", sa.String(length=5), nullable=True),
        sa.CheckConstraint(
            "every IN ('hour', 'day', 'week')", name=op.f("ck_rotation_layers_turns_last_hours_days_or_weeks")
        ),
        sa.CheckConstraint(
            "(hours_from IS NULL) = (hours_until IS NULL)", name=op.f("ck_rotation_layers_hours_have_both_ends")
        ),
        sa.CheckConstraint("count BETWEEN 1 AND 366", name=op.f("ck_rotation_layers_a_turn_has_a_length")),
        sa.CheckConstraint(
            "weekday IS NULL OR weekday BETWEEN 0 AND 6", name=op.f("ck_rotation_layers_a_weekday_is_0_to_6")
        ),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotations.id"], name=op.f("fk_rotation_layers_rotation_id_rotations"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_layers")),
        sa.UniqueConstraint("rotation_id", "position", name="layers_stand_in_order"),
    )
    op.create_table(
        "shift_swaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("return_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("ck_shift_swaps_state_of_a_swap_is_known"),
        ),
        sa.CheckConstraint(
            "(return_starts_at IS NULL) = (return_ends_at IS NULL)", name=op.f("ck_shift_swaps_a_return_has_both_ends")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shift_swaps_a_swap_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["from_id"], ["people.id"], name=op.f("fk_shift_swaps_from_id_people")),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotations.id"], name=op.f("fk_shift_swaps_rotation_id_rotations"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["taken_by_id"], ["people.id"], name=op.f("fk_shift_swaps_taken_by_id_people")),
        sa.ForeignKeyConstraint(["to_id"], ["people.id"], name=op.f("fk_shift_swaps_to_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_swaps")),
    )
    op.create_table(
        "on_call_overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("instead_of_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("swap_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_on_call_overrides_an_override_ends_after_it_starts")),
        sa.ForeignKeyConstraint(
            ["instead_of_id"], ["people.id"], name=op.f("fk_on_call_overrides_instead_of_id_people")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_on_call_overrides_person_id_people")),
        sa.ForeignKeyConstraint(
            ["rotation_id"],
            ["rotations.id"],
            name=op.f("fk_on_call_overrides_rotation_id_rotations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["swap_id"], ["shift_swaps.id"], name=op.f("fk_on_call_overrides_swap_id_shift_swaps"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_call_overrides")),
    )
    with op.batch_alter_table("on_call_overrides", schema=None) as batch_op:
        batch_op.create_index("ix_on_call_overrides_rotation_id", ["rotation_id", "ends_at"], unique=False)
    op.create_table(
        "rotation_layer_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["layer_id"],
            ["rotation_layers.id"],
            name=op.f("fk_rotation_layer_members_layer_id_rotation_layers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_rotation_layer_members_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_layer_members")),
        sa.UniqueConstraint("layer_id", "position", name="places_stand_in_order"),
    )


def downgrade() -> None:
    op.drop_table("rotation_layer_members")
    with op.batch_alter_table("on_call_overrides", schema=None) as batch_op:
        batch_op.drop_index("ix_on_call_overrides_rotation_id")
    op.drop_table("on_call_overrides")
    op.drop_table("shift_swaps")
    op.drop_table("rotation_layers")
    op.drop_table("person_group_members")
    op.drop_table("imported_shifts")
    op.drop_table("calendar_feeds")
    op.drop_table("rotations")
    op.drop_table("person_groups")
    op.drop_table("on_call_roles")
