"""Circuit breakers: where sending keeps failing, wait before the next try instead of knocking for every message.

They are kept in memory. A restart forgets them, which costs a few failures and loses nothing: the rows say what is due.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..kernel import clock

OPENS_AFTER = 5  # failures in a row
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=60), timedelta(minutes=5)
_FIRST_AWAY, _LONGEST_AWAY = timedelta(seconds=5), timedelta(seconds=60)


@dataclass(frozen=True)
class Trouble:
    """Somewhere that sending has failed lately."""

    failures: int
    closed_until: datetime | None
    reason: str

    @property
    def is_closed(self) -> bool:
        return self.closed_until is not None and clock.now() < self.closed_until


class Breakers:
    """What one lane has learnt about its destinations, and about itself."""

    def __init__(self) -> None:
        self._destinations: dict[str, Trouble] = {}
        self._away: Trouble | None = None
        self._lock = threading.Lock()

    def trouble_at(self, destination: str) -> Trouble | None:
        """What is known of a destination; None while all is well there."""
        return self._destinations.get(destination)

    @property
    def away(self) -> Trouble | None:
        """Whether the whole channel was away at the last try."""
        return self._away

    def worked(self, destination: str) -> None:
        """A message went through."""
        with self._lock:
            self._destinations.pop(destination, None)
            self._away = None

    def failed(self, destination: str, reason: str) -> None:
        """This destination did not take a message: after five in a row it is left alone for 1 to 5 minutes."""
        with self._lock:
            self._away = None
            before = self._destinations.get(destination)
            failures = (before.failures if before else 0) + 1
            wait = _doubled(_FIRST_WAIT, failures - OPENS_AFTER, _LONGEST_WAIT)
            until = clock.now() + wait if failures >= OPENS_AFTER else None
            self._destinations[destination] = Trouble(failures, until, reason)

    def unreachable(self, reason: str) -> None:
        """The channel itself is away: 5 s until the next probe, then longer, up to a minute."""
        with self._lock:
            failures = (self._away.failures if self._away else 0) + 1
            wait = _doubled(_FIRST_AWAY, failures - 1, _LONGEST_AWAY)
            self._away = Trouble(failures, clock.now() + wait, reason)


def _doubled(first: timedelta, times: int, most: timedelta) -> timedelta:
    doublings: int = max(0, min(times, 10))
    return min(most, first * (1 << doublings))
