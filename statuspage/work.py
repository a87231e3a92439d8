"""What one piece of announced work tells: its state at a minute, what was said of it, and which components it touches."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from string import ascii_lowercase, digits

from markupsafe import escape

from incidents.kernel.languages import phrase, say
from incidents.policy.components import ComponentStatus
from incidents.policy.maintenance import OVER, RUNNING, State, Times
from incidents.policy.uptime import Interval

from .story import Change, Names
from .work_records import WorkRow, WorkUpdateRow

_ALPHABET = ascii_lowercase + digits
_UNDER = str(ComponentStatus.MAINTENANCE)
_WELL = str(ComponentStatus.OPERATIONAL)
# what a passing minute says where nobody has said it
_ITSELF: Mapping[str, str] = {
    State.IN_PROGRESS: phrase("The maintenance has begun."),
    State.VERIFYING: phrase("The work is done, and we are checking it."),
    State.COMPLETED: phrase("The maintenance is over."),
}
_STATE_OF_KIND: Mapping[str, State] = {
    "begun": State.IN_PROGRESS,
    "verifying": State.VERIFYING,
    "completed": State.COMPLETED,
    "cancelled": State.CANCELLED,
}


@dataclass(frozen=True)
class Said:
    """One text about it. ``was`` are the old beginning and end where the times were changed, ``now`` the new ones."""

    id: str
    state: State
    kind: str
    body: str
    body_html: str
    at: datetime
    notify: bool
    was: tuple[datetime, datetime] | None = None
    now: tuple[datetime, datetime] | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, eq=False)
class Work:
    """One piece of announced work; nothing here depends on the minute but what asks for it."""

    row: WorkRow
    names: Names = field(repr=False)

    @property
    def id(self) -> str:
        return self.row.public_id

    @property
    def title(self) -> str:
        return self.row.title

    @cached_property
    def times(self) -> Times:
        row = self.row
        return Times(
            row.starts_at,
            row.ends_at,
            begun_at=row.begun_at,
            verifying_at=row.verifying_at,
            finished_at=row.finished_at,
            cancelled_at=row.cancelled_at,
            ends_by_itself=row.ends_by_itself,
            verify_minutes=row.verify_minutes,
        )

    @cached_property
    def began_at(self) -> datetime:
        """When it began or will."""
        return self.times.began_at

    @cached_property
    def components(self) -> tuple[str, ...]:
        """Those that the public knows, in the order of the page."""
        return tuple(one for one, _status in self.names.sorted((one, _UNDER) for one in self.row.components))

    @cached_property
    def stretch(self) -> Interval | None:
        """The time during which its components are under maintenance; None where it never began."""
        if self.times.never_began:
            return None
        return Interval(ComponentStatus.MAINTENANCE, self.times.began_at, self.times.over_at)

    @cached_property
    def edges(self) -> tuple[datetime, ...]:
        """The minutes at which its state changes."""
        times = self.times
        found = [times.began_at, times.verifies_at, times.over_at]
        return tuple(sorted(each for each in found if each is not None))

    def passed(self, minute: datetime) -> int:
        """How many of its edges have come; as long as that is the same, so is all that is told of it."""
        return bisect_right(self.edges, minute)

    def state(self, minute: datetime) -> State:
        return self._states[self.passed(minute)]

    @cached_property
    def settles_at(self) -> datetime:
        """From when on no minute changes anything about it: it is over, or somebody has to end it."""
        return self.edges[-1]

    @cached_property
    def at_last(self) -> State:
        """Its state from then on."""
        return self._states[-1]

    @cached_property
    def _states(self) -> tuple[State, ...]:
        """Its state before the first of its edges, and from each on: asked for hundreds of times in every minute."""
        return (State.SCHEDULED, *(self.times.state(each) for each in self.edges))

    def is_running(self, minute: datetime) -> bool:
        return self.state(minute) in RUNNING

    def is_over(self, minute: datetime) -> bool:
        return self.state(minute) in OVER

    def updated_at(self, minute: datetime) -> datetime:
        """When anything about it last changed: somebody's doing, or a minute that has come."""
        passed = self.passed(minute)
        return max(self.row.updated_at, self.edges[passed - 1]) if passed else self.row.updated_at

    def lasted(self, minute: datetime) -> timedelta:
        """From its beginning to its end, or until now."""
        return max(min(self.times.over_at or minute, minute) - self.times.began_at, timedelta())

    def said(self, minute: datetime) -> tuple[Said, ...]:
        """All that was said until that minute, the newest first; what the minutes brought stands between."""
        passed = self.passed(minute)
        found = self._said_after.get(passed)
        if found is None:
            found = self._said_after[passed] = self._all_said(minute)
        return found

    @cached_property
    def _said_after(self) -> dict[int, tuple[Said, ...]]:
        """Nothing but its edges changes what was said, so it is kept from one to the next."""
        return {}

    def _all_said(self, minute: datetime) -> tuple[Said, ...]:
        spoken = [self._spoken(update) for update in self.row.updates]
        by_hand = {each.state for each in spoken if each.kind in _STATE_OF_KIND}
        found = [self._announced(), *spoken, *self._by_itself(minute, by_hand)]
        return tuple(sorted(found, key=lambda each: (each.at, each.kind != "scheduled"), reverse=True))

    def _announced(self) -> Said:
        row = self.row
        return Said(
            self._derived("scheduled"),
            State.SCHEDULED,
            "scheduled",
            row.body,
            row.body_html,
            min(
                row.created_at, self.times.began_at
            ),  # what was recorded afterwards was never announced later than it began
            row.notify,
        )

    def _spoken(self, update: WorkUpdateRow) -> Said:
        state = _STATE_OF_KIND.get(update.kind) or self.times.state(update.display_at)
        moved = update.was_starts_at is not None and update.was_ends_at is not None
        return Said(
            update.public_id,
            state,
            update.kind,
            update.body,
            update.body_html,
            update.display_at,
            update.notify,
            was=(update.was_starts_at, update.was_ends_at) if moved else None,  # type: ignore[arg-type]
            now=(update.starts_at, update.ends_at) if moved else None,  # type: ignore[arg-type]
            changes=self._changes_to(state) if update.kind in _STATE_OF_KIND else (),
        )

    def _by_itself(self, minute: datetime, by_hand: set[State]) -> Iterable[Said]:
        """The beginning, the checking and the end that came with the clock."""
        times = self.times
        reached = {
            State.IN_PROGRESS: times.began_at if not times.never_began else None,
            State.VERIFYING: times.verifies_at if not times.never_began else None,
            State.COMPLETED: times.over_at if times.cancelled_at is None else None,
        }
        for state, at in reached.items():
            if at is None or at > minute or state in by_hand or (times.over_at and at > times.over_at):
                continue
            told = say(_ITSELF[state])
            yield Said(
                self._derived(state),
                state,
                str(state),
                told,
                f"<p>{escape(told)}</p>",
                at,
                self.row.notify,
                changes=self._changes_to(state),
            )

    def _changes_to(self, state: State) -> tuple[Change, ...]:
        if state == State.IN_PROGRESS:
            return self._changes(_WELL, _UNDER)
        if state == State.COMPLETED or (state == State.CANCELLED and not self.times.never_began):
            return self._changes(_UNDER, _WELL)
        return ()

    def _changes(self, old: str, new: str) -> tuple[Change, ...]:
        return tuple(Change(one, old, new) for one in self.components)

    def _derived(self, what: str) -> str:
        """An id for what has no row: the same on every machine and at every time."""
        number = int.from_bytes(hashlib.sha256(f"{self.id}/{what}".encode()).digest()[:9])
        letters = []
        for _ in range(12):
            number, place = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[place])
        return "".join(letters)
