"""Wakes the clock's threads: one looks each second whether anything was committed, and all others sleep meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from flask import Flask

from ..kernel import clock
from ..kernel.database import db
from ..kernel.glance import Glance
from . import bells, subscribers
from .lookout import Lookout

BELLS, NOTICES = "bells", "notices"  # beside the names of the channels
_EVERY = 1.0  # seconds: as late as this it may be noticed that another process wrote something, or moved the clock
_MOVED_BY = 0.05  # seconds by which the wall clock went another way than time itself

log = structlog.get_logger(__name__)


class Waker(threading.Thread):
    """Compares what is due when with what it was before, and wakes whoever ``sleepers`` names for what is another now.

    Every ``rest`` seconds it looks even where nothing seems to have been committed.
    """

    def __init__(
        self,
        app: Flask,
        stop: threading.Event,
        lookout: Lookout,
        sleepers: Mapping[str, Callable[[], None]],
    ) -> None:
        super().__init__(name="waker", daemon=True)
        self.app, self.lookout, self.sleepers = app, lookout, sleepers
        self.sign: Callable[[], None] = lambda: None  # called after each look: the watchdog listens
        self._stopped = stop
        with app.app_context():
            self.glance = Glance(db.engine)
        self._mark: object = None
        self._looked_at = float("-inf")
        self._due: Mapping[str, datetime | None] = {}
        self._wall = _wall_beside_time()
        self._is_cut_off = False

    def run(self) -> None:
        with self.app.app_context():
            while not self._stopped.is_set():
                self.look()
                self.sign()
                self._stopped.wait(min(_EVERY, self.lookout.rest))
            self.glance.close()

    def look(self) -> None:
        """Wake whom it concerns."""
        self._notice_a_moved_clock()
        try:
            mark = self.glance.mark()
            if mark == self._mark and time.monotonic() < self._looked_at + self.lookout.rest:
                return
            due = {**self.lookout.look(), BELLS: bells.next_bell_at(), NOTICES: subscribers.next_due_at()}
        except Exception as broken:  # noqa: BLE001 - the database may be away: look again in a second
            self._note_silence(broken)
            return
        self._is_cut_off = False
        before, self._due, self._mark, self._looked_at = self._due, due, mark, time.monotonic()
        for name, wake in self.sleepers.items():
            if due.get(name) != before.get(name):
                wake()

    def _notice_a_moved_clock(self) -> None:
        """Who sleeps until a moment by the wall clock sleeps too long when it is set forward."""
        wall = _wall_beside_time()
        if abs(wall - self._wall) > _MOVED_BY:
            self._wall = wall
            for wake in self.sleepers.values():
                wake()

    def _note_silence(self, broken: Exception) -> None:
        """The others look by themselves now and then, and say what they cannot do."""
        db.session.remove()
        if not self._is_cut_off:
            log.warning("waker_could_not_look", cause=str(getattr(broken, "orig", broken)))
        self._is_cut_off, self._mark = True, None


def _wall_beside_time() -> float:
    return clock.now().timestamp() - time.monotonic()
