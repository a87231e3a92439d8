"""The course of events: scenes played in the order of their moments, with bells struck in between."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import func, select

from ..actions import strike
from ..kernel import clock
from ..kernel.database import db
from ..records.incidents import Incident

Scene = Iterator[float]  # what happens, and between two things the minutes that pass
_BATCH = 50


class Course:
    """Winds the clock from one moment to the next; what falls due on the way is struck at its own time."""

    def __init__(self) -> None:
        self.moment = clock.now()
        self._waiting: list[tuple[datetime, int, Scene]] = []
        self._numbers = count()

    def __call__(self) -> datetime:
        return self.moment

    def add(self, at: datetime, scene: Scene) -> None:
        """Let a scene begin at that moment."""
        heapq.heappush(self._waiting, (at, next(self._numbers), scene))

    def play(self, *, until: datetime) -> None:
        """Play every scene up to that moment, several side by side where they overlap."""
        while self._waiting and self._waiting[0][0] <= until:
            at, _, scene = heapq.heappop(self._waiting)
            self._strike(until=at)
            self.moment = at
            minutes = next(scene, None)
            if minutes is not None:
                self.add(at + timedelta(minutes=minutes), scene)
        self._strike(until=until)
        self.moment = until

    def _strike(self, *, until: datetime) -> None:
        """What the clock process would have done up to then."""
        while (due_at := _next_bell_at()) is not None and due_at <= until:
            self.moment = max(self.moment, due_at)
            strike.strike_all(strike.due_incidents(_BATCH))


def _next_bell_at() -> datetime | None:
    return db.session.scalar(select(func.min(Incident.attention_at)))


@contextmanager
def wound(course: Callable[[], datetime]) -> Iterator[None]:
    """Everything that asks for the time is told that of the course."""
    before, clock.source = clock.source, course
    try:
        yield
    finally:
        clock.source = before
