"""What is to be done after an incident: kinds, where an item stands, and when it is due, late, or somebody else's concern."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from . import zones


class Kind(StrEnum):
    """What an item is good for (Google's SRE workbook sorts them so): the next time, or the next time's harm."""

    PREVENT = "prevent"
    DETECT = "detect"
    MITIGATE = "mitigate"
    PROCESS = "process"

    @property
    def label(self) -> str:
        """The word that people read."""
        return self.value.capitalize()


class Priority(StrEnum):
    """What comes first; words, since P1 to P4 are severities."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def label(self) -> str:
        """The word that people read."""
        return self.value.capitalize()


class Status(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DROPPED = "dropped"

    @property
    def label(self) -> str:
        """The words that people read."""
        return self.value.replace("_", " ").capitalize()


UNDONE = (Status.OPEN, Status.IN_PROGRESS)


class Group(StrEnum):
    """The parts of the list, in the order in which they are read."""

    LATE = "late"
    DUE = "due"
    LATER = "later"
    DONE = "done"

    @property
    def label(self) -> str:
        """The heading that people read."""
        return {"due": f"Due within {DUE_WITHIN.days} days", "later": "Later, or without a date"}.get(
            self.value, "Done or dropped" if self is Group.DONE else self.value.capitalize()
        )


DUE_WITHIN = timedelta(days=7)  # "due" is what a week's plan must hold


def group_of(status: str, due_on: date | None, *, today: date) -> Group:
    """Where an item stands in the list of somebody for whom it is ``today``."""
    if status not in UNDONE:
        return Group.DONE
    if due_on is None:
        return Group.LATER
    if due_on < today:
        return Group.LATE
    return Group.DUE if due_on <= today + DUE_WITHIN else Group.LATER


# Whoever is to hear is told at nine in the morning of their own zone: the day before, on the day, when it is one day
# and three days late, and then each week for as long as it is not done.
REMIND_AT = time(9)
_FIRST_DAYS = (-1, 0, 1, 3)
_EVERY = 7
# A week late it is no longer its owner's alone: the incident's commander hears of it too.
ESCALATE_AFTER = timedelta(days=7)


def reminders_due(
    due_on: date, *, now: datetime, zone: ZoneInfo, told: Collection[date], since: datetime
) -> list[date]:
    """The days whose reminder is due and was not told, oldest first; none for moments before ``since``, when it came to be owed."""
    days = [due_on + timedelta(days=number) for number in _FIRST_DAYS]
    today = zones.local_day(now, zone)
    days += [due_on + timedelta(days=late) for late in range(_EVERY, (today - due_on).days + 1, _EVERY)]
    return [
        day for day in days if day not in told and since <= zones.instant(datetime.combine(day, REMIND_AT), zone) <= now
    ]


def concerns_the_commander(due_on: date, day: date) -> bool:
    """Whether a reminder on that day also goes to whoever commanded the incident."""
    return day - due_on >= ESCALATE_AFTER


# The week's digest is written on Monday at nine in the page's zone; after Tuesday it would be news of last week.
DIGEST_AT = time(9)
_LATEST = timedelta(days=2)


def digest_due(now: datetime, zone: ZoneInfo) -> date | None:
    """The Monday whose digest is to be written now, if it was not before; None on the other days of the week."""
    today = zones.local_day(now, zone)
    monday = today - timedelta(days=today.weekday())
    moment = zones.instant(datetime.combine(monday, DIGEST_AT), zone)
    return monday if moment <= now < zones.start_of_day(monday + _LATEST, zone) else None
