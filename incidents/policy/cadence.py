"""When the next update is owed, who hears of it before, at and after that minute, and what may move it.

One due time has a row of stages: a nudge 5 min before, the due time itself, and overdue stages every 10 min after.
They are told in order, each once; ``fired`` holds the keys of those told, and the latest of them stands for all before.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from .durations import to_the_minute
from .escalation import Level, Levels

_T = TypeVar("_T")

NUDGE_BEFORE = 5  # minutes
OVERDUE_EVERY = 10  # minutes
SNOOZE_MINUTES = (10, 15)
SNOOZES_IN_A_ROW = 2
SNOOZE_UNTIL_OVERDUE = timedelta(minutes=60)
SLOWEST_AGREED = timedelta(minutes=60)
AGREED_AFTER = timedelta(hours=2)

# what forms offer, in minutes: earlier than the cadence, and on P3 and P4 a promise is freely given or not at all
PROMISED_EARLIER = (10, 15, 20)
FREELY_PROMISED = (30, 60, 120, 240)

_OVERDUE_KEY = re.compile(r"overdue_([1-9][0-9]{0,8})")


@dataclass(frozen=True, order=True)
class Stage:
    """One telling about a due time, ``minutes`` after it: -5 the nudge, 0 due, 10, 20, … overdue."""

    minutes: int

    @property
    def key(self) -> str:
        """``nudge``, ``due``, ``overdue_10`` …: unique within one due time."""
        if self.minutes < 0:
            return "nudge"
        return f"overdue_{self.minutes}" if self.minutes else "due"

    @property
    def overdue_number(self) -> int:
        """0 for nudge and due, 1 for overdue_10, 2 for overdue_20 …"""
        return max(0, self.minutes // OVERDUE_EVERY)

    def at(self, due_at: datetime) -> datetime:
        """The stage's own instant."""
        return due_at + timedelta(minutes=self.minutes)

    def next(self) -> Stage:
        """The stage after this one; there is always one."""
        return DUE if self.minutes < 0 else Stage(self.minutes + OVERDUE_EVERY)

    @classmethod
    def from_key(cls, key: str) -> Stage:
        """The stage with this key; ValueError when there is none."""
        if key == "nudge":
            return NUDGE
        if key == "due":
            return DUE
        found = _OVERDUE_KEY.fullmatch(key)
        if found is None or int(found[1]) % OVERDUE_EVERY:
            raise ValueError(f"no stage is called {key!r}")
        return cls(int(found[1]))


NUDGE = Stage(-NUDGE_BEFORE)
DUE = Stage(0)


def next_due(last_qualifying_at: datetime, cadence: timedelta) -> datetime:
    """When the next update is owed: the last qualifying one plus the cadence, cut to the whole minute."""
    return to_the_minute(last_qualifying_at + cadence)


def qualifies(*, audience: str, on_page: bool) -> bool:
    """Whether an update answers the promise: on the page only a public one, else an internal one too."""
    return audience == "public" or not on_page


def promise_after(
    update_at: datetime, *, cadence: timedelta | None, agreed: timedelta | None = None, given: datetime | None = None
) -> datetime | None:
    """The due time that a qualifying update sets: the promise ``given`` with it, else by the cadence, else none."""
    if given is not None:
        return to_the_minute(given)
    length = effective_cadence(cadence, agreed)
    return None if length is None else next_due(update_at, length)


def rebase(due_at: datetime | None, *, cadence: timedelta | None, now: datetime) -> datetime | None:
    """The due time after the severity changed: never later than the new cadence from now; a promise stays one."""
    if cadence is None:
        return due_at
    owed = next_due(now, cadence)
    return owed if due_at is None else min(due_at, owed)


def effective_cadence(cadence: timedelta | None, agreed: timedelta | None) -> timedelta | None:
    """The slower cadence when one was agreed, else the severity's own; without one of its own none is owed."""
    return cadence if cadence is None or agreed is None else max(cadence, agreed)


def latest_promise(
    update_at: datetime, *, cadence: timedelta | None, agreed: timedelta | None = None
) -> datetime | None:
    """The latest "next update by" that an update may make; None when it is free to choose (P3, P4)."""
    length = effective_cadence(cadence, agreed)
    return None if length is None else next_due(update_at, length)


def promise_refusal(
    given: datetime, *, now: datetime, cadence: timedelta | None, agreed: timedelta | None = None
) -> str | None:
    """Why an update may not promise this; None when it may."""
    if to_the_minute(given) <= now:
        return "The next update has to be in the future."
    latest = latest_promise(now, cadence=cadence, agreed=agreed)
    length = effective_cadence(cadence, agreed)
    if latest is None or length is None or to_the_minute(given) <= latest:
        return None
    return f"An update is owed every {length // timedelta(minutes=1)} min. Promise that or earlier."


def agreement_refusal(
    slower: timedelta,
    *,
    cadence: timedelta | None,
    started_at: datetime,
    now: datetime,
    by_commander: bool,
    reason: str,
) -> str | None:
    """Why this slower cadence may not be agreed; None when it may. ``started_at``: when we learnt of the incident."""
    if cadence is None:
        return "No update is owed at this severity, so there is nothing to slow down."
    if not by_commander:
        return "Only the commander agrees a slower cadence."
    if now - started_at < AGREED_AFTER:
        return "A slower cadence can be agreed after 2 hours."
    if not cadence < slower <= SLOWEST_AGREED:
        return f"A slower cadence is more than {cadence // timedelta(minutes=1)} and at most 60 min."
    return None if reason.strip() else "Give a reason in one line."


def due_stages(
    due_at: datetime,
    *,
    now: datetime,
    fired: Collection[str] = (),
    armed_at: datetime | None = None,
    snoozed_until: datetime | None = None,
    quiet_until: datetime | None = None,
    rang_at: datetime | None = None,
) -> tuple[Stage, ...]:
    """The stages to tell at ``now``, as one message named by the last of them; record all as fired.

    ``armed_at``: when this due time came to be; stages before it are not made up for. A snooze, and the quiet after
    a catch-up, hold the reminder back: at their end the stages inside are told as one, under the last one's key.
    ``rang_at``: when the last stage was told, by the clock on the wall (see ``next_stage_at``).
    """
    row = _untold(due_at, fired, armed_at, snoozed_until, quiet_until, rang_at)
    return tuple(stage for stage, _ in itertools.takewhile(lambda timed: timed[1] <= now, row))


def next_stage_at(
    due_at: datetime,
    *,
    fired: Collection[str] = (),
    armed_at: datetime | None = None,
    snoozed_until: datetime | None = None,
    quiet_until: datetime | None = None,
    rang_at: datetime | None = None,
) -> datetime:
    """When the next stage is told, possibly in the past: its own time, or the end of what holds it back.

    The quiet after a catch-up never holds the due time itself back. Should the wall clock be set back while an
    update is overdue, store the new time as ``rang_at``: the next stage then comes 10 min after it, not an hour.
    """
    _, at = next(_untold(due_at, fired, armed_at, snoozed_until, quiet_until, rang_at))
    return at


def overdue_levels(levels: Sequence[Level], stage: Stage, *, told: Collection[str] = ()) -> Levels:
    """The escalation levels that hear of an overdue stage, acknowledged or not.

    ``told``: keys of the levels that the escalation itself has told in this cycle. overdue_10 adds the next one above
    them, overdue_20 one more, and after the last it is all of them. Nudge and due reach no level. Pass no levels for
    a promise freely given on P3 or P4: it reminds and does not escalate.
    """
    if not stage.overdue_number:
        return ()
    highest = max((place for place, level in enumerate(levels) if level.key in told), default=-1)
    return tuple(levels[: highest + 1 + stage.overdue_number])


def reminded(
    *,
    communications_lead: Sequence[_T],
    commander: Sequence[_T],
    on_call: Sequence[_T],
    declarer: Sequence[_T],
    responders: Sequence[_T],
) -> tuple[_T, ...]:
    """Whom nudge and due are for: the first of these groups that has anybody in it; empty when nobody could be told."""
    for group in (communications_lead, commander, on_call, declarer, responders):
        if group:
            return tuple(group)
    return ()


def snoozed_until(minutes: int, now: datetime) -> datetime:
    """Until when a snooze of 10 or 15 min holds the reminder back, on a whole minute. The promise stays."""
    return to_the_minute(now + timedelta(minutes=minutes))


def snooze_refusal(
    minutes: int, *, reason: str, due_at: datetime | None, now: datetime, snoozes_in_a_row: int
) -> str | None:
    """Why the reminder may not be snoozed; None when it may.

    ``snoozes_in_a_row``: snoozes since the last qualifying update.
    """
    if minutes not in SNOOZE_MINUTES:
        return "A snooze is 10 or 15 min."
    if not reason.strip():
        return "Give a reason in one line."
    if due_at is None:
        return "No update is due, so there is nothing to snooze."
    if now - due_at > SNOOZE_UNTIL_OVERDUE:
        return "The update is more than 60 min late. Post one, even if nothing has changed."
    if snoozes_in_a_row >= SNOOZES_IN_A_ROW:
        return "It has been snoozed twice in a row. Post an update, even if nothing has changed."
    return None


def minutes_late(due_at: datetime, now: datetime) -> int:
    """Whole minutes past the due time; 0 within the due minute and before."""
    return max(0, (now - due_at) // timedelta(minutes=1))


def was_on_time(due_at: datetime, at: datetime) -> bool:
    """Whether an update at ``at`` kept the promise: printed times decide, so the due minute itself is in time."""
    return minutes_late(due_at, at) == 0


def share_on_time(answers: Sequence[tuple[datetime, datetime]]) -> tuple[int, int]:
    """How many of these (due, answered) pairs were on time, and of how many."""
    return sum(was_on_time(due_at, at) for due_at, at in answers), len(answers)


def telling_key(due_at: datetime, stage: Stage) -> str:
    """What makes one telling unique within an incident: its due time and its stage."""
    return f"update/{due_at.astimezone(UTC):%Y-%m-%dT%H:%M}Z/{stage.key}"


def _untold(
    due_at: datetime,
    fired: Collection[str],
    armed_at: datetime | None,
    snoozed_until: datetime | None,
    quiet_until: datetime | None,
    rang_at: datetime | None,
) -> Iterator[tuple[Stage, datetime]]:
    """The stages not told yet, without end, each with the instant at which it is to be told."""
    stage = max(map(Stage.from_key, fired)).next() if fired else NUDGE
    while armed_at is not None and stage.at(due_at) <= armed_at:
        stage = stage.next()
    for number in itertools.count(1):
        at = stage.at(due_at)
        if rang_at is not None and fired and stage.overdue_number:
            at = min(at, rang_at + number * timedelta(minutes=OVERDUE_EVERY))
        if snoozed_until is not None:
            at = max(at, snoozed_until)
        if quiet_until is not None and stage.overdue_number:
            at = max(at, quiet_until)
        yield stage, at
        stage = stage.next()
