"""The first tables

Why: an empty database becomes one that people, incidents, the outbox and the public page can be kept in.
Safe to run early: yes, nothing is there yet.
Locks: none that anybody waits for; every table is new.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("beginning", sa.String(length=12), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_api_tokens_name_is_not_empty")),
        sa.CheckConstraint(
            "scope IN ('read', 'respond', 'admin')", name=op.f("ck_api_tokens_scope_is_read_respond_or_admin")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("network", sa.String(length=45), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_account", ["kind", "account", "at"], unique=False)
        batch_op.create_index("ix_attempts_network", ["kind", "network", "at"], unique=False)

    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_kind", sa.String(length=10), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=254), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.CheckConstraint(
            "by_kind IN ('person', 'token', 'clock', 'cli')", name=op.f("ck_audit_entries_by_kind_is_an_actors_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entries_at"), ["at"], unique=False)

    op.create_table(
        "clock_beats",
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("tick_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tick_ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_backlog", sa.Integer(), nullable=False),
        sa.Column("oldest_due_seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_clock_beats")),
    )
    op.create_table(
        "component_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_groups")),
        sa.UniqueConstraint("public_id", name=op.f("uq_component_groups_public_id")),
    )
    op.create_table(
        "escalation_level_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=2), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("after_minutes", sa.Integer(), nullable=False),
        sa.Column("tell", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.CheckConstraint(
            "severity IN ('P1', 'P2', 'P3', 'P4')", name=op.f("ck_escalation_level_settings_severity_is_p1_to_p4")
        ),
        sa.CheckConstraint(
            "after_minutes >= 0", name=op.f("ck_escalation_level_settings_no_level_is_before_the_start")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_level_settings")),
        sa.UniqueConstraint("severity", "position", name="levels_stand_in_order"),
    )
    op.create_table(
        "founding",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_founding_there_is_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_founding")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.String(length=2), nullable=False),
        sa.Column("severity_is_judged", sa.Boolean(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("is_drill", sa.Boolean(), nullable=False),
        sa.Column("is_security", sa.Boolean(), nullable=False),
        sa.Column("impact", sa.String(), nullable=True),
        sa.Column("components_answered", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.String(), nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("resolution_summary", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("outcome_reason", sa.String(), nullable=True),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("no_communication_reason", sa.String(), nullable=True),
        sa.Column("postmortem_text", sa.String(), nullable=True),
        sa.Column("postmortem_waived_reason", sa.String(), nullable=True),
        sa.Column("postmortem_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by_kind", sa.String(length=8), nullable=False),
        sa.Column("declared_by_id", sa.Integer(), nullable=True),
        sa.Column("declared_by_name", sa.String(), nullable=False),
        sa.Column("pages_nobody", sa.Boolean(), nullable=False),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detected_by", sa.String(), nullable=False),
        sa.Column("impact_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_communicated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mitigated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("watch_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledgement_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledgement_by", sa.String(), nullable=True),
        sa.Column("acknowledgement_round", sa.Integer(), nullable=False),
        sa.Column("escalation_resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_human_entry_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_armed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rang_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_cadence_minutes", sa.Integer(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozes_in_a_row", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attention_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'merged') = (merged_into_id IS NOT NULL)",
            name=op.f("ck_incidents_only_a_merged_incident_points_on"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('resolved', 'merged', 'false_alarm')",
            name=op.f("ck_incidents_outcome_is_known"),
        ),
        sa.CheckConstraint("severity IN ('P1', 'P2', 'P3', 'P4')", name=op.f("ck_incidents_severity_is_p1_to_p4")),
        sa.CheckConstraint(
            "step IN ('detection', 'triage', 'communication', 'investigation', 'mitigation', 'resolution', 'postmortem')",
            name=op.f("ck_incidents_step_is_one_of_the_seven"),
        ),
        sa.CheckConstraint(
            "visibility IN ('public', 'internal', 'restricted')", name=op.f("ck_incidents_visibility_is_known")
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR next_update_due_at IS NULL",
            name=op.f("ck_incidents_nothing_is_promised_once_it_is_over"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR resolved_at IS NOT NULL",
            name=op.f("ck_incidents_what_is_over_has_a_time_of_resolution"),
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["incidents.id"], name=op.f("fk_incidents_merged_into_id_incidents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(
            "ix_incidents_attention_at",
            ["attention_at"],
            unique=False,
            postgresql_where=sa.text("attention_at IS NOT NULL"),
            sqlite_where=sa.text("attention_at IS NOT NULL"),
        )
        batch_op.create_index("ix_incidents_detected_at", ["detected_at"], unique=False)
        batch_op.create_index(
            "ix_incidents_open",
            ["severity"],
            unique=False,
            postgresql_where=sa.text("outcome IS NULL"),
            sqlite_where=sa.text("outcome IS NULL"),
        )

    op.create_table(
        "message_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("severity", sa.String(length=2), nullable=True),
        sa.Column("public_status", sa.String(length=16), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "public_status IS NULL OR public_status IN ('investigating', 'identified', 'monitoring', 'resolved', 'postmortem')",
            name=op.f("ck_message_templates_public_status_is_known"),
        ),
        sa.CheckConstraint(
            "severity IS NULL OR severity IN ('P1', 'P2', 'P3', 'P4')",
            name=op.f("ck_message_templates_severity_is_p1_to_p4"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
        sa.UniqueConstraint("name", name=op.f("uq_message_templates_name")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.String(length=80), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_term", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_only_what_was_sent_has_a_time_of_sending")
        ),
        sa.CheckConstraint("state = 'waiting' OR leased_by IS NULL", name=op.f("ck_outbox_only_what_waits_is_leased")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'skipped', 'held')", name=op.f("ck_outbox_state_is_one_of_the_five")
        ),
        sa.CheckConstraint(
            "state NOT IN ('failed', 'skipped', 'held') OR reason IS NOT NULL",
            name=op.f("ck_outbox_what_was_not_sent_says_why"),
        ),
        sa.CheckConstraint(
            "(leased_by IS NULL) = (leased_until IS NULL)", name=op.f("ck_outbox_a_lease_has_an_owner_and_an_end")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event", "channel", "destination", name="uq_outbox_one_message_per_event_and_destination"),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_due",
            ["channel", "next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index("ix_outbox_incident", ["incident_id"], unique=False)
        batch_op.create_index(
            "ix_outbox_leased",
            ["channel", "leased_until"],
            unique=False,
            sqlite_where=sa.text("leased_by IS NOT NULL"),
            postgresql_where=sa.text("leased_by IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_outbox_undelivered",
            ["state", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('failed', 'held')"),
            postgresql_where=sa.text("state IN ('failed', 'held')"),
        )

    op.create_table(
        "outbox_pause",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_outbox_pause_there_is_only_one_pause")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_pause")),
    )
    op.create_table(
        "page_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_page_revision_there_is_one_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_revision")),
    )
    op.create_table(
        "page_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("support_url", sa.String(length=300), nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("shows_severity", sa.Boolean(), nullable=False),
        sa.Column("partial_weight", sa.Integer(), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=True),
        sa.Column("accent_dark", sa.String(length=7), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_page_settings_there_is_one_page")),
        sa.CheckConstraint(
            "partial_weight BETWEEN 0 AND 100", name=op.f("ck_page_settings_partial_weight_is_a_percentage")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_settings")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agrees_to_drills", sa.Boolean(), nullable=False),
        sa.Column("single_keys", sa.Boolean(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_people_name_is_not_empty")),
        sa.CheckConstraint(
            "role IN ('viewer', 'responder', 'admin')", name=op.f("ck_people_role_is_viewer_responder_or_admin")
        ),
        sa.CheckConstraint(
            "theme IN ('system', 'light', 'dark')", name=op.f("ck_people_theme_is_system_light_or_dark")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_people_email_is_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_table(
        "published_incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("incident_ref", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.String(length=2), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("continues_in", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= began_at",
            name=op.f("ck_published_incidents_an_incident_ends_after_it_began"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_incidents")),
        sa.UniqueConstraint("incident_id", name=op.f("uq_published_incidents_incident_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_published_incidents_public_id")),
    )
    with op.batch_alter_table("published_incidents", schema=None) as batch_op:
        batch_op.create_index("ix_published_incidents_began_at", ["began_at"], unique=False)
        batch_op.create_index("ix_published_incidents_ended_at", ["ended_at"], unique=False)
        batch_op.create_index(
            "ix_published_incidents_open",
            ["id"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "severity_settings",
        sa.Column("severity", sa.String(length=2), nullable=False),
        sa.Column("examples", sa.String(), nullable=False),
        sa.Column("respond_minutes", sa.Integer(), nullable=False),
        sa.Column("cadence_minutes", sa.Integer(), nullable=True),
        sa.Column("resolve_minutes", sa.Integer(), nullable=True),
        sa.Column("first_responder", sa.String(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('P1', 'P2', 'P3', 'P4')", name=op.f("ck_severity_settings_severity_is_p1_to_p4")
        ),
        sa.CheckConstraint(
            "cadence_minutes IS NULL OR cadence_minutes BETWEEN 5 AND 1440",
            name=op.f("ck_severity_settings_cadence_is_sane"),
        ),
        sa.CheckConstraint("respond_minutes > 0", name=op.f("ck_severity_settings_an_answer_takes_time")),
        sa.PrimaryKeyConstraint("severity", name=op.f("pk_severity_settings")),
    )
    op.create_table(
        "team_words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.CheckConstraint("kind IN ('role', 'cause')", name=op.f("ck_team_words_kind_of_word_is_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_words")),
        sa.UniqueConstraint("kind", "slug", name="a_word_is_added_once"),
    )
    op.create_table(
        "bells",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_bells_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bells")),
        sa.UniqueConstraint("incident_id", "key", name="a_bell_is_struck_once"),
    )
    op.create_table(
        "components",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('operational', 'degraded_performance', 'partial_outage', 'major_outage', 'under_maintenance')",
            name=op.f("ck_components_status_of_a_component_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["component_groups.id"],
            name=op.f("fk_components_group_id_component_groups"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_components")),
        sa.UniqueConstraint("public_id", name=op.f("uq_components_public_id")),
    )
    with op.batch_alter_table("components", schema=None) as batch_op:
        batch_op.create_index("ix_components_group_id_position", ["group_id", "position"], unique=False)

    op.create_table(
        "incident_components",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_components_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_components")),
        sa.UniqueConstraint("incident_id", "component_id", name="a_component_is_named_once_per_incident"),
    )
    op.create_table(
        "incident_roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by_name", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_roles_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_incident_roles_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_roles")),
    )
    with op.batch_alter_table("incident_roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_roles_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(
            "uq_incident_roles_one_holder_at_a_time",
            ["incident_id", "role"],
            unique=True,
            postgresql_where=sa.text("until IS NULL"),
            sqlite_where=sa.text("until IS NULL"),
        )

    op.create_table(
        "keyed_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("headers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_keyed_requests_token_id_api_tokens"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyed_requests")),
        sa.UniqueConstraint("token_id", "key", name="a_token_uses_a_key_once"),
    )
    with op.batch_alter_table("keyed_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keyed_requests_created_at"), ["created_at"], unique=False)

    op.create_table(
        "named_viewers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(person_id IS NULL) <> (token_id IS NULL)",
            name=op.f("ck_named_viewers_either_a_person_or_a_token_is_named"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_named_viewers_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_named_viewers_person_id_people")),
        sa.ForeignKeyConstraint(["token_id"], ["api_tokens.id"], name=op.f("fk_named_viewers_token_id_api_tokens")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_viewers")),
        sa.UniqueConstraint("incident_id", "person_id", name="a_person_is_named_once"),
        sa.UniqueConstraint("incident_id", "token_id", name="a_token_is_named_once"),
    )
    with op.batch_alter_table("named_viewers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_named_viewers_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_named_viewers_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_named_viewers_token_id"), ["token_id"], unique=False)

    op.create_table(
        "one_time_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind <> 'invitation' OR (email IS NOT NULL AND role IN ('viewer', 'responder', 'admin'))",
            name=op.f("ck_one_time_links_invitation_names_an_address_and_a_role"),
        ),
        sa.CheckConstraint(
            "kind <> 'reset' OR person_id IS NOT NULL", name=op.f("ck_one_time_links_reset_names_a_person")
        ),
        sa.CheckConstraint(
            "kind IN ('setup', 'invitation', 'reset')", name=op.f("ck_one_time_links_kind_is_setup_invitation_or_reset")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_one_time_links_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_links_token_hash")),
    )
    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_links_person_id"), ["person_id"], unique=False)

    op.create_table(
        "published_updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("published_incident_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("public_status", sa.String(length=16), nullable=False),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("display_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "public_status IN ('investigating', 'identified', 'monitoring', 'resolved', 'postmortem')",
            name=op.f("ck_published_updates_public_status_of_an_update_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["published_incident_id"],
            ["published_incidents.id"],
            name=op.f("fk_published_updates_published_incident_id_published_incidents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_updates")),
        sa.UniqueConstraint("public_id", name=op.f("uq_published_updates_public_id")),
    )
    with op.batch_alter_table("published_updates", schema=None) as batch_op:
        batch_op.create_index(
            "ix_published_updates_published_incident_id_display_at",
            ["published_incident_id", "display_at"],
            unique=False,
        )

    op.create_table(
        "relations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('duplicate_of', 'caused_by', 'seen_before')", name=op.f("ck_relations_kind_of_relation_is_known")
        ),
        sa.CheckConstraint("incident_id <> other_id", name=op.f("ck_relations_nothing_is_related_to_itself")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_relations_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["incidents.id"], name=op.f("fk_relations_other_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations")),
        sa.UniqueConstraint("incident_id", "other_id", "kind", name="a_relation_is_said_once"),
    )
    with op.batch_alter_table("relations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relations_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_relations_other_id"), ["other_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sessions_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_person_id"), ["person_id"], unique=False)

    op.create_table(
        "targets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("severity", sa.String(length=2), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('respond', 'resolve')", name=op.f("ck_targets_kind_of_target_is_known")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_targets_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
    )
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.create_index("ix_targets_incident_id_cycle", ["incident_id", "cycle"], unique=False)

    op.create_table(
        "updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("audience", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("public_status", sa.String(length=16), nullable=True),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("next_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("display_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("was_on_time", sa.Boolean(), nullable=True),
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "audience IN ('public', 'internal')", name=op.f("ck_updates_audience_is_public_or_internal")
        ),
        sa.CheckConstraint(
            "public_status IS NULL OR public_status IN ('investigating', 'identified', 'monitoring', 'resolved', 'postmortem')",
            name=op.f("ck_updates_public_status_is_known"),
        ),
        sa.CheckConstraint(
            "state <> 'published' OR published_at IS NOT NULL", name=op.f("ck_updates_what_is_published_has_a_time")
        ),
        sa.CheckConstraint(
            "state <> 'scheduled' OR publish_at IS NOT NULL", name=op.f("ck_updates_what_is_scheduled_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'published', 'withdrawn', 'undone')",
            name=op.f("ck_updates_state_of_an_update_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_updates_incident_id_incidents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_updates")),
        sa.UniqueConstraint("public_id", name=op.f("uq_updates_public_id")),
    )
    with op.batch_alter_table("updates", schema=None) as batch_op:
        batch_op.create_index("ix_updates_incident_id_state", ["incident_id", "state"], unique=False)
        batch_op.create_index(
            "ix_updates_publish_at",
            ["publish_at"],
            unique=False,
            postgresql_where=sa.text("state = 'scheduled'"),
            sqlite_where=sa.text("state = 'scheduled'"),
        )

    op.create_table(
        "baseline_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('operational', 'degraded_performance', 'partial_outage', 'major_outage', 'under_maintenance')",
            name=op.f("ck_baseline_changes_status_of_a_baseline_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["components.id"],
            name=op.f("fk_baseline_changes_component_id_components"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline_changes")),
    )
    with op.batch_alter_table("baseline_changes", schema=None) as batch_op:
        batch_op.create_index("ix_baseline_changes_component_id_at", ["component_id", "at"], unique=False)

    op.create_table(
        "published_update_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("published_update_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("public_status", sa.String(length=16), nullable=False),
        sa.Column("components", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("display_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["published_update_id"],
            ["published_updates.id"],
            name=op.f("fk_published_update_revisions_published_update_id_published_updates"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_update_revisions")),
    )
    with op.batch_alter_table("published_update_revisions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_published_update_revisions_published_update_id"), ["published_update_id"], unique=False
        )

    op.create_table(
        "timeline_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_timeline_entries_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["update_id"], ["updates.id"], name=op.f("fk_timeline_entries_update_id_updates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_entries")),
    )
    with op.batch_alter_table("timeline_entries", schema=None) as batch_op:
        batch_op.create_index("ix_timeline_entries_incident_id_id", ["incident_id", "id"], unique=False)

    op.create_table(
        "update_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("public_status", sa.String(length=16), nullable=True),
        sa.Column("display_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["update_id"], ["updates.id"], name=op.f("fk_update_revisions_update_id_updates"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_update_revisions")),
    )
    with op.batch_alter_table("update_revisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_update_revisions_update_id"), ["update_id"], unique=False)

    op.create_table(
        "timeline_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["timeline_entries.id"],
            name=op.f("fk_timeline_corrections_entry_id_timeline_entries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_corrections")),
    )
    with op.batch_alter_table("timeline_corrections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_timeline_corrections_entry_id"), ["entry_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("timeline_corrections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_timeline_corrections_entry_id"))

    op.drop_table("timeline_corrections")
    with op.batch_alter_table("update_revisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_update_revisions_update_id"))

    op.drop_table("update_revisions")
    with op.batch_alter_table("timeline_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_timeline_entries_incident_id_id")

    op.drop_table("timeline_entries")
    with op.batch_alter_table("published_update_revisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_published_update_revisions_published_update_id"))

    op.drop_table("published_update_revisions")
    with op.batch_alter_table("baseline_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_baseline_changes_component_id_at")

    op.drop_table("baseline_changes")
    with op.batch_alter_table("updates", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_updates_publish_at",
            postgresql_where=sa.text("state = 'scheduled'"),
            sqlite_where=sa.text("state = 'scheduled'"),
        )
        batch_op.drop_index("ix_updates_incident_id_state")

    op.drop_table("updates")
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.drop_index("ix_targets_incident_id_cycle")

    op.drop_table("targets")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_person_id"))

    op.drop_table("sessions")
    with op.batch_alter_table("relations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_relations_other_id"))
        batch_op.drop_index(batch_op.f("ix_relations_incident_id"))

    op.drop_table("relations")
    with op.batch_alter_table("published_updates", schema=None) as batch_op:
        batch_op.drop_index("ix_published_updates_published_incident_id_display_at")

    op.drop_table("published_updates")
    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_one_time_links_person_id"))

    op.drop_table("one_time_links")
    with op.batch_alter_table("named_viewers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_named_viewers_token_id"))
        batch_op.drop_index(batch_op.f("ix_named_viewers_person_id"))
        batch_op.drop_index(batch_op.f("ix_named_viewers_incident_id"))

    op.drop_table("named_viewers")
    with op.batch_alter_table("keyed_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_keyed_requests_created_at"))

    op.drop_table("keyed_requests")
    with op.batch_alter_table("incident_roles", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_incident_roles_one_holder_at_a_time",
            postgresql_where=sa.text("until IS NULL"),
            sqlite_where=sa.text("until IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_incident_roles_incident_id"))

    op.drop_table("incident_roles")
    op.drop_table("incident_components")
    with op.batch_alter_table("components", schema=None) as batch_op:
        batch_op.drop_index("ix_components_group_id_position")

    op.drop_table("components")
    op.drop_table("bells")
    op.drop_table("team_words")
    op.drop_table("severity_settings")
    with op.batch_alter_table("published_incidents", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_published_incidents_open",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_published_incidents_ended_at")
        batch_op.drop_index("ix_published_incidents_began_at")

    op.drop_table("published_incidents")
    op.drop_table("people")
    op.drop_table("page_settings")
    op.drop_table("page_revision")
    op.drop_table("outbox_pause")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_undelivered",
            sqlite_where=sa.text("state IN ('failed', 'held')"),
            postgresql_where=sa.text("state IN ('failed', 'held')"),
        )
        batch_op.drop_index(
            "ix_outbox_leased",
            sqlite_where=sa.text("leased_by IS NOT NULL"),
            postgresql_where=sa.text("leased_by IS NOT NULL"),
        )
        batch_op.drop_index("ix_outbox_incident")
        batch_op.drop_index(
            "ix_outbox_due", sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )

    op.drop_table("outbox")
    op.drop_table("message_templates")
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_incidents_open", postgresql_where=sa.text("outcome IS NULL"), sqlite_where=sa.text("outcome IS NULL")
        )
        batch_op.drop_index("ix_incidents_detected_at")
        batch_op.drop_index(
            "ix_incidents_attention_at",
            postgresql_where=sa.text("attention_at IS NOT NULL"),
            sqlite_where=sa.text("attention_at IS NOT NULL"),
        )

    op.drop_table("incidents")
    op.drop_table("founding")
    op.drop_table("escalation_level_settings")
    op.drop_table("component_groups")
    op.drop_table("clock_beats")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entries_at"))

    op.drop_table("audit_entries")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_attempts_network")
        batch_op.drop_index("ix_attempts_account")

    op.drop_table("attempts")
    op.drop_table("api_tokens")
