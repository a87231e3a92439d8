"""An incident: what is wrong, how bad, which step, who, and every instant that a promise hangs on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base
from ..policy.lifecycle import Outcome, Step, Visibility, status_of
from ..policy.severity import Severity

TITLE_LENGTH = 200


def one_of(column: str, words: list[str]) -> str:
    """SQL for: the column holds one of these words."""
    return f"{column} IN ({', '.join(repr(str(word)) for word in words)})"


class Incident(Base):
    """One trouble, ``INC-<id>``.

    ``rules`` is the snapshot of the severity matrix and escalation levels taken at declaration
    (``policy.severity``/``policy.escalation`` snapshots), so that editing settings never surprises it.
    ``attention_at`` is the earliest instant at which the clock has something to do here, or None.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint(one_of("severity", [*Severity]), name="severity_is_p1_to_p4"),
        CheckConstraint(one_of("step", [*Step]), name="step_is_one_of_the_seven"),
        CheckConstraint(one_of("visibility", [*Visibility]), name="visibility_is_known"),
        CheckConstraint(f"outcome IS NULL OR {one_of('outcome', [*Outcome])}", name="outcome_is_known"),
        CheckConstraint("(outcome = 'merged') = (merged_into_id IS NOT NULL)", name="only_a_merged_incident_points_on"),
        CheckConstraint("outcome IS NULL OR next_update_due_at IS NULL", name="nothing_is_promised_once_it_is_over"),
        CheckConstraint("outcome IS NULL OR resolved_at IS NOT NULL", name="what_is_over_has_a_time_of_resolution"),
        Index(
            "ix_incidents_attention_at",
            "attention_at",
            postgresql_where=text("attention_at IS NOT NULL"),
            sqlite_where=text("attention_at IS NOT NULL"),
        ),
        Index(
            "ix_incidents_unwatched",
            "id",
            postgresql_where=text("outcome IS NULL AND attention_at IS NULL"),
            sqlite_where=text("outcome IS NULL AND attention_at IS NULL"),
        ),
        Index(
            "ix_incidents_open",
            "severity",
            postgresql_where=text("outcome IS NULL"),
            sqlite_where=text("outcome IS NULL"),
        ),
        Index("ix_incidents_detected_at", "detected_at"),
        Index(
            "ix_incidents_postmortem_due_at",
            "postmortem_due_at",
            postgresql_where=text("postmortem_due_at IS NOT NULL AND closed_at IS NULL"),
            sqlite_where=text("postmortem_due_at IS NOT NULL AND closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    severity: Mapped[str] = mapped_column(String(2))
    severity_is_judged: Mapped[bool] = mapped_column(default=True)  # by a person or token; a rule's guess is not
    step: Mapped[str] = mapped_column(String(16), default=Step.DETECTION)
    visibility: Mapped[str] = mapped_column(String(16), default=Visibility.PUBLIC)
    is_drill: Mapped[bool] = mapped_column(default=False)
    is_security: Mapped[bool] = mapped_column(default=False)
    impact: Mapped[str | None]
    components_answered: Mapped[bool] = mapped_column(default=False)  # named, or said to be none
    attempt: Mapped[str | None]  # what is being tried against it
    cause: Mapped[str | None] = mapped_column(String(40))
    resolution_summary: Mapped[str | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    outcome_reason: Mapped[str | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"))
    no_communication_reason: Mapped[str | None]

    postmortem_waived_reason: Mapped[str | None]
    postmortem_due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    declared_at: Mapped[datetime]  # when Sevenbells learnt of it: escalation counts from here
    declared_by_kind: Mapped[str] = mapped_column(String(8))
    declared_by_id: Mapped[int | None]
    declared_by_name: Mapped[str]
    pages_nobody: Mapped[bool] = mapped_column(default=False)  # imported, or declared as already over
    detected_at: Mapped[datetime]  # targets and insights count from here
    detected_by: Mapped[str]
    impact_started_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]  # the first time, kept
    first_communicated_at: Mapped[datetime | None]
    mitigated_at: Mapped[datetime | None]  # the temporary fix is in place
    resolved_at: Mapped[datetime | None]  # the last time

    rules: Mapped[dict[str, Any]]
    cycle: Mapped[int] = mapped_column(default=1)  # one more at each reopening
    watch_started_at: Mapped[datetime]  # this cycle's start: declaration or reopening
    acknowledgement_at: Mapped[datetime | None]  # the one that holds now; None again when taken back or expired
    acknowledgement_by: Mapped[str | None]
    acknowledgement_round: Mapped[int] = mapped_column(default=1)  # one more each time one expires
    escalation_resumed_at: Mapped[datetime | None]  # where an expired acknowledgement let it go on
    last_human_entry_at: Mapped[datetime]

    next_update_due_at: Mapped[datetime | None]  # the promise, on a whole minute
    due_armed_at: Mapped[datetime | None]  # when this due time came to be: stages before it are not made up for
    rang_at: Mapped[datetime | None]  # when a stage of this due time was last told
    last_update_at: Mapped[datetime | None]
    agreed_cadence_minutes: Mapped[int | None]  # a slower one, agreed by the commander
    snoozed_until: Mapped[datetime | None]
    snoozes_in_a_row: Mapped[int] = mapped_column(default=0)
    quiet_until: Mapped[datetime | None]  # after a catch-up the next stage is not before this
    attention_at: Mapped[datetime | None]

    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    @property
    def ref(self) -> str:
        return f"INC-{self.id}"

    @property
    def status(self) -> str:
        """What we tell colleagues: Investigating, Mitigating or Resolved."""
        return "Resolved" if self.outcome else status_of(Step(self.step))

    @property
    def is_open(self) -> bool:
        return self.outcome is None

    @property
    def is_acknowledged(self) -> bool:
        return self.acknowledgement_at is not None

    @property
    def began_at(self) -> datetime:
        return self.impact_started_at or self.detected_at


class IncidentComponent(Base):
    """A component that this incident touches and how badly, as the team sees it (published separately)."""

    __tablename__ = "incident_components"
    __table_args__ = (UniqueConstraint("incident_id", "component_id", name="a_component_is_named_once_per_incident"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    component_id: Mapped[str] = mapped_column(String(12))  # the component's public id
    status: Mapped[str] = mapped_column(String(24))


class IncidentRole(Base):
    """Who held a role in an incident, from when until when: the hand-over history."""

    __tablename__ = "incident_roles"
    __table_args__ = (
        Index(
            "uq_incident_roles_one_holder_at_a_time",
            "incident_id",
            "role",
            unique=True,
            postgresql_where=text("until IS NULL"),
            sqlite_where=text("until IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    given_by_name: Mapped[str]
    accepted_at: Mapped[datetime | None]  # the new holder said "I have it"


class NamedViewer(Base):
    """A person or token that may see a restricted incident, and why."""

    __tablename__ = "named_viewers"
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (token_id IS NULL)", name="either_a_person_or_a_token_is_named"),
        UniqueConstraint("incident_id", "person_id", name="a_person_is_named_once"),
        UniqueConstraint("incident_id", "token_id", name="a_token_is_named_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_tokens.id"), index=True)
    reason: Mapped[str]
    at: Mapped[datetime]
    by_name: Mapped[str]


class Relation(Base):
    """Incident ``incident_id`` is <kind> incident ``other_id``."""

    __tablename__ = "relations"
    __table_args__ = (
        CheckConstraint(one_of("kind", ["duplicate_of", "caused_by", "seen_before"]), name="kind_of_relation_is_known"),
        CheckConstraint("incident_id <> other_id", name="nothing_is_related_to_itself"),
        UniqueConstraint("incident_id", "other_id", "kind", name="a_relation_is_said_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    by_name: Mapped[str]


class Target(Base):
    """A frozen deadline: to acknowledge (``respond``) or to resolve, in one cycle under one severity."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint(one_of("kind", ["respond", "resolve"]), name="kind_of_target_is_known"),
        Index("ix_targets_incident_id_cycle", "incident_id", "cycle"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    cycle: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    severity: Mapped[str] = mapped_column(String(2))
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    met_at: Mapped[datetime | None]
    at_risk_at: Mapped[datetime | None]  # when 80 % of its time had passed and that was said
    breached_at: Mapped[datetime | None]  # once true, true for ever: lowering severity un-breaches nothing
    replaced_at: Mapped[datetime | None]  # a severity change froze another one


class Bell(Base):
    """Something that the clock did once for an incident; the key holds what and for which instant or level."""

    __tablename__ = "bells"
    __table_args__ = (UniqueConstraint("incident_id", "key", name="a_bell_is_struck_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
