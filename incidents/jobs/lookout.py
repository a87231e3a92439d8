"""When each channel's next message is due: of the lanes of one process one asks, for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..kernel import outbox
from ..kernel.database import db, reading

_GOOD_FOR = 0.2  # seconds: the lanes look at the full second, and whoever comes first asks


class Lookout:
    """What was found is used by the others, unless something has changed since (``forget``)."""

    def __init__(self, channels: Sequence[str]) -> None:
        self._channels = channels
        self._found: Mapping[str, datetime] = {}
        self._good_until = 0.0
        self._changes = 0
        self._lock = threading.Lock()

    def due_at(self, channel: str) -> datetime | None:
        """When something is due on this channel; None while nothing waits."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                changes = self._changes
                self._found = self._ask()
                self._good_until = time.monotonic() + _GOOD_FOR if changes == self._changes else 0.0
            return self._found.get(channel)

    def forget(self) -> None:
        """Something was enqueued, claimed or written: what was found may not be so any more. Waits for nobody."""
        self._changes += 1
        self._good_until = 0.0

    def _ask(self) -> Mapping[str, datetime]:
        with reading():
            db.session.rollback()
            found = outbox.soonest(self._channels)
            db.session.rollback()
        return found
