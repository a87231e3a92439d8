"""When each channel's next message is due: of the lanes of one process one asks, for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..kernel import outbox
from ..kernel.database import db, reading

_LONGEST_LOOK = 1.0  # seconds between two looks of a lane that nobody wakes
_GOOD_FOR = 0.2  # seconds: such lanes look at the full second, and whoever comes first asks


class Lookout:
    """What was found is used by the others, unless something has changed since (``forget``).

    ``rest`` is for lanes that a waker wakes when something was committed elsewhere (see ``waker``): so many seconds
    may pass without a look of theirs.
    """

    def __init__(self, channels: Sequence[str], *, rest: float | None = None) -> None:
        self.rest = rest or _LONGEST_LOOK
        self._channels = channels
        self._good_for = 2 * rest if rest else _GOOD_FOR
        self._found: Mapping[str, datetime] = {}
        self._good_until = 0.0
        self._changes = 0
        self._lock = threading.Lock()

    def due_at(self, channel: str) -> datetime | None:
        """When something is due on this channel; None while nothing waits."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._look()
            return self._found.get(channel)

    def look(self) -> Mapping[str, datetime]:
        """Ask anew, for all that use this; what is due when, by channel."""
        with self._lock:
            self._look()
            return self._found

    def forget(self) -> None:
        """Something was enqueued, claimed or written: what was found may not be so any more. Waits for nobody."""
        self._changes += 1
        self._good_until = 0.0

    def seconds_to_rest(self) -> float:
        """At most, where nothing is due before: to a moment at which all lanes look, so that one of them asks for all."""
        return self.rest - time.monotonic() % self.rest

    def _look(self) -> None:
        changes = self._changes
        self._found = self._ask()
        self._good_until = time.monotonic() + self._good_for if changes == self._changes else 0.0

    def _ask(self) -> Mapping[str, datetime]:
        with reading():
            db.session.rollback()
            found = outbox.soonest(self._channels)
            db.session.rollback()
        return found
