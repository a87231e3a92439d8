"""How often a policy begins again, and whose turn it is where one of several is told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base
from ..policy.severity import Severity
from .incidents import one_of


class EscalationRepeat(Base):
    """After the last level the policy begins again, ``times`` times, ``after_minutes`` after that level was told."""

    __tablename__ = "escalation_repeats"
    __table_args__ = (
        CheckConstraint(one_of("severity", [*Severity]), name="severity_is_p1_to_p4"),
        CheckConstraint("times BETWEEN 0 AND 9", name="a_policy_repeats_nine_times_at_most"),
        CheckConstraint("after_minutes BETWEEN 1 AND 1440", name="a_repeat_waits"),
    )

    severity: Mapped[str] = mapped_column(String(2), primary_key=True)
    times: Mapped[int]
    after_minutes: Mapped[int]


class RoundRobinTurn(Base):
    """When somebody was last chosen for a word that tells one of several in turn; whoever waited longest is next."""

    __tablename__ = "round_robin_turns"

    word: Mapped[str] = mapped_column(String(60), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
