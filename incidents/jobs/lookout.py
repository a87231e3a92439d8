"""When what waits is due: one question for all that are woken for it, asked on a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, union_all

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.glance import Glance
from .rest import seconds_until_the_next

_LONGEST_LOOK = 1.0  # seconds between two looks of a lane that nobody wakes
_GOOD_FOR = 0.2  # seconds: such lanes look at the full second, and whoever comes first asks


class Lookout:
    """What was found is used by the others, unless something has changed since (``forget``).

    ``rest`` is for lanes that a waker wakes when something was committed elsewhere (see ``waker``): so many seconds
    may pass without a look of theirs. ``also``: what else is asked, in rows of a name and a moment or NULL.
    """

    def __init__(
        self,
        channels: Sequence[str],
        *,
        rest: float | None = None,
        also: Sequence[Select[str, Any]] = (),
    ) -> None:
        self.rest = rest or _LONGEST_LOOK
        self._asking = union_all(*outbox.asking_when(channels), *also)
        self._good_for = 2 * rest if rest else _GOOD_FOR
        self._found: Mapping[str, datetime] = {}
        self._good_until = 0.0
        self._changes = 0
        self._lock = threading.Lock()
        self._glance: Glance | None = None
        self._question = ""

    def due_at(self, name: str) -> datetime | None:
        """When something is due on this channel; None while nothing waits. Raises OperationalError."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._look()
            return self._found.get(name)

    def look(self) -> Mapping[str, datetime]:
        """Ask anew, for all that use this; what is due when, by channel. Raises OperationalError."""
        with self._lock:
            self._look()
            return self._found

    def mark(self) -> object:
        """While it equals the last one, nothing was committed in between. Raises OperationalError."""
        with self._lock:
            return self._kept().mark()

    def forget(self) -> None:
        """Something was enqueued, claimed or written: what was found may not be so any more. Waits for nobody."""
        self._changes += 1
        self._good_until = 0.0

    def seconds_to_rest(self) -> float:
        """At most, where nothing is due before: to a moment at which all lanes look, so that one of them asks for all."""
        return seconds_until_the_next(self.rest)

    def close(self) -> None:
        """Let its connection go; the next question makes another."""
        with self._lock:
            if self._glance is not None:
                self._glance.close()

    def _look(self) -> None:
        changes = self._changes
        self._found = self._kept().moments(self._question)
        self._good_until = time.monotonic() + self._good_for if changes == self._changes else 0.0

    def _kept(self) -> Glance:
        """Made when it is first used, in an application context."""
        if self._glance is None:
            self._glance = Glance(db.engine)
            self._question = str(self._asking.compile(db.engine, compile_kwargs={"literal_binds": True}))
        return self._glance
