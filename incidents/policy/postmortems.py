"""What a post-mortem is made of, how long things took, and when its owner is reminded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from . import zones


class State(StrEnum):
    """Where a post-mortem stands. Review is between draft and published; it comes with a reviewer."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"


class SectionName(StrEnum):
    """The sections, in the order in which they are read; the last is the public text's draft."""

    SUMMARY = "summary"
    SEVERITY = "severity"
    IMPACT = "impact"
    TIMELINE = "timeline"
    DETECTION = "detection"
    RESPONSE = "response"
    PEOPLE = "people"
    DURATIONS = "durations"
    UPDATES = "updates"
    ESCALATIONS = "escalations"
    RUNBOOKS = "runbooks"
    MESSAGES = "messages"
    ROOT_CAUSE = "root_cause"
    CONTRIBUTING_FACTORS = "contributing_factors"
    FIVE_WHYS = "five_whys"
    WENT_WELL = "went_well"
    WENT_BADLY = "went_badly"
    LUCKY = "lucky"
    RCA_PUBLIC = "rca_public"

    @property
    def heading(self) -> str:
        """The heading that people read."""
        return _HEADINGS[self]


_HEADINGS = {
    SectionName.SUMMARY: "Summary",
    SectionName.SEVERITY: "Severity",
    SectionName.IMPACT: "Impact",
    SectionName.TIMELINE: "Timeline",
    SectionName.DETECTION: "Detection",
    SectionName.RESPONSE: "Response",
    SectionName.PEOPLE: "People and roles",
    SectionName.DURATIONS: "Durations",
    SectionName.UPDATES: "Updates on time",
    SectionName.ESCALATIONS: "Escalations",
    SectionName.RUNBOOKS: "Runbooks used",
    SectionName.MESSAGES: "Messages sent",
    SectionName.ROOT_CAUSE: "Root cause",
    SectionName.CONTRIBUTING_FACTORS: "Contributing factors",
    SectionName.FIVE_WHYS: "Five whys",
    SectionName.WENT_WELL: "What went well",
    SectionName.WENT_BADLY: "What went badly",
    SectionName.LUCKY: "Where we were lucky",
    SectionName.RCA_PUBLIC: "Root cause analysis for the public",
}

# Facts of the record: they are drafted anew, never written over.
FACTS = frozenset(
    {
        SectionName.SEVERITY,
        SectionName.TIMELINE,
        SectionName.PEOPLE,
        SectionName.DURATIONS,
        SectionName.UPDATES,
        SectionName.ESCALATIONS,
        SectionName.MESSAGES,
    }
)
WRITABLE = tuple(name for name in SectionName if name not in FACTS)


class DurationState(StrEnum):
    """Whether a length of time can be told: measured, still to come, without meaning here, or against the clock."""

    RECORDED = "recorded"
    PENDING = "pending"
    NOT_APPLICABLE = "not_applicable"
    INVALID = "invalid"

    @property
    def label(self) -> str:
        """The word that people read."""
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Duration:
    """One length of time, in whole seconds where it is recorded; ``why`` says why it is not."""

    state: DurationState
    seconds: int | None = None
    why: str = ""


def measure(start: datetime | None, end: datetime | None, *, missing: str, is_final: bool) -> Duration:
    """The time from ``start`` to ``end``; ``missing`` says what is lacking, ``is_final`` that it will not come any more.

    An end before its start is Invalid, never a negative length.
    """
    if start is None or end is None:
        return Duration(DurationState.NOT_APPLICABLE if is_final else DurationState.PENDING, None, missing)
    if end < start:
        return Duration(
            DurationState.INVALID, None, "The end lies before the beginning: one of the two times is wrong."
        )
    return Duration(DurationState.RECORDED, int((end - start).total_seconds()))


# The owner is told at nine in the morning of his own zone: the day before, on the day, and each day late, for two weeks.
REMIND_AT = time(9)
_FIRST_DAY, _LAST_DAY = -1, 14


def reminders_due(
    due_at: datetime, *, now: datetime, zone: ZoneInfo, told: Collection[date], begun_at: datetime | None = None
) -> list[date]:
    """The days whose reminder is due and was not told, oldest first; none for days before ``begun_at``, when it came to be owed."""
    due_day = zones.local_day(due_at, zone)
    days = [due_day + timedelta(days=number) for number in range(_FIRST_DAY, _LAST_DAY + 1)]
    return [
        day
        for day in days
        if day not in told
        and (moment := zones.instant(datetime.combine(day, REMIND_AT), zone)) <= now
        and (begun_at is None or moment >= begun_at)
    ]
