"""The severity matrix, escalation levels, message templates and team words, as edited on screen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base
from ..policy.lifecycle import PublicStatus
from ..policy.severity import Severity
from .incidents import one_of


class SeveritySetting(Base):
    """One row of the matrix; a severity without a row keeps the manual's defaults (``policy.severity.DEFAULTS``)."""

    __tablename__ = "severity_settings"
    __table_args__ = (
        CheckConstraint(one_of("severity", [*Severity]), name="severity_is_p1_to_p4"),
        CheckConstraint("respond_minutes > 0", name="an_answer_takes_time"),
        CheckConstraint("cadence_minutes IS NULL OR cadence_minutes BETWEEN 5 AND 1440", name="cadence_is_sane"),
    )

    severity: Mapped[str] = mapped_column(String(2), primary_key=True)
    examples: Mapped[str]
    respond_minutes: Mapped[int]
    cadence_minutes: Mapped[int | None]
    resolve_minutes: Mapped[int | None]
    first_responder: Mapped[str]


class EscalationLevelSetting(Base):
    """Who is told at which minute while nobody has acknowledged; ``tell`` holds words of ``policy.escalation``."""

    __tablename__ = "escalation_level_settings"
    __table_args__ = (
        CheckConstraint(one_of("severity", [*Severity]), name="severity_is_p1_to_p4"),
        CheckConstraint("after_minutes >= 0", name="no_level_is_before_the_start"),
        UniqueConstraint("severity", "position", name="levels_stand_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    severity: Mapped[str] = mapped_column(String(2))
    position: Mapped[int]
    label: Mapped[str]
    after_minutes: Mapped[int]
    tell: Mapped[list[str]]


class MessageTemplate(Base):
    """A text with ``{{placeholders}}``, offered in the composer for a severity and public status, or for all."""

    __tablename__ = "message_templates"
    __table_args__ = (
        CheckConstraint(f"severity IS NULL OR {one_of('severity', [*Severity])}", name="severity_is_p1_to_p4"),
        CheckConstraint(
            f"public_status IS NULL OR {one_of('public_status', [*PublicStatus])}", name="public_status_is_known"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    severity: Mapped[str | None] = mapped_column(String(2))
    public_status: Mapped[str | None] = mapped_column(String(16))
    body: Mapped[str]
    updated_at: Mapped[datetime]
    position: Mapped[int] = mapped_column(default=0, server_default="0")  # among those that fit equally well


class TeamWord(Base):
    """A role or a cause category that the team added to ours."""

    __tablename__ = "team_words"
    __table_args__ = (
        CheckConstraint(one_of("kind", ["role", "cause"]), name="kind_of_word_is_known"),
        UniqueConstraint("kind", "slug", name="a_word_is_added_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    slug: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(80))
