"""Announced work: which of its states it is in follows from its times, so no job can be late with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST = timedelta(days=31)
REMINDER = timedelta(minutes=60)  # before it begins, subscribers are reminded


class State(StrEnum):
    """Words of the Statuspage v2 API, and our own for what was called off (that API has none)."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


RUNNING = (State.IN_PROGRESS, State.VERIFYING)
OVER = (State.COMPLETED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Times:
    """When it is planned, and what somebody said of it meanwhile.

    ``begun_at``: begun before its time. ``verifying_at``: the work is done and being checked. ``finished_at``: over, said
    by hand. Where ``ends_by_itself`` is off it runs until somebody says so, and is late from ``ends_at`` on. The last
    ``verify_minutes`` of the plan are for checking, whether or not somebody says so.
    """

    starts_at: datetime
    ends_at: datetime
    begun_at: datetime | None = None
    verifying_at: datetime | None = None
    finished_at: datetime | None = None
    cancelled_at: datetime | None = None
    ends_by_itself: bool = True
    verify_minutes: int = 0

    @property
    def began_at(self) -> datetime:
        """When it began or will: as planned, unless it was begun before that."""
        return self.begun_at or self.starts_at

    @property
    def verifies_at(self) -> datetime | None:
        """From when on it is checked; None where nobody asked for that."""
        planned = self.ends_at - timedelta(minutes=self.verify_minutes) if self.verify_minutes else None
        found = min((each for each in (self.verifying_at, planned) if each), default=None)
        return max(found, self.began_at) if found else None

    @property
    def over_at(self) -> datetime | None:
        """When it is over; None while that waits for somebody."""
        return self.cancelled_at or self.finished_at or (self.ends_at if self.ends_by_itself else None)

    @property
    def never_began(self) -> bool:
        """Whether it was called off before it began: nothing was ever under maintenance."""
        return self.cancelled_at is not None and self.cancelled_at <= self.began_at

    def state(self, minute: datetime) -> State:
        """What it is at that minute."""
        if self.cancelled_at is not None and self.cancelled_at <= minute:
            return State.CANCELLED
        if self.over_at is not None and self.over_at <= minute:
            return State.COMPLETED
        if minute < self.began_at:
            return State.SCHEDULED
        if self.verifies_at is not None and self.verifies_at <= minute:
            return State.VERIFYING
        return State.IN_PROGRESS

    def late_by(self, minute: datetime) -> timedelta | None:
        """How long it has outlasted its plan; None while it has not, and once it is over."""
        if self.state(minute) not in RUNNING or minute <= self.ends_at:
            return None
        return minute - self.ends_at


def problems_with(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    """Why these two times are no maintenance, by field; empty when they are."""
    if ends_at <= starts_at:
        return {"ends_at": "It has to end after it begins."}
    if ends_at - starts_at > LONGEST:
        return {"ends_at": f"Plan at most {LONGEST.days} days at a time."}
    return {}
