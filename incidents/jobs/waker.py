"""Wakes the clock's threads: one looks whether anything was committed, and all others sleep meanwhile.

It looks when SQLite's log is written to, and each second where nothing tells it of that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime

import structlog
from flask import Flask

from ..kernel import clock
from ..kernel.database import db
from ..kernel.doorbell import Doorbell
from .lookout import Lookout
from .rest import seconds_until_the_next

BELLS, NOTICES = "bells", "notices"  # which the lookout asks for too, beside the channels
_EVERY = 1.0  # seconds: as late as this it may be noticed that another process wrote something, where nothing tells
_SOON = 0.1  # seconds: what is written becomes visible a little later, and more may follow
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
        self._rest = min(_EVERY, lookout.rest)
        self._doorbell: Doorbell | None = None
        self._mark: object = None
        self._looked_at = float("-inf")  # by the monotonic clock
        self._is_seen, self._pause = True, self._rest  # whether all that rang, and seconds to the next look for it
        self._due: Mapping[str, datetime] = {}
        self._wall = _wall_beside_time()
        self._is_cut_off = False

    def run(self) -> None:
        with self.app.app_context(), closing(Doorbell(db.engine)) as doorbell, closing(self.lookout):
            self._doorbell = doorbell
            is_rung = False
            while not self._stopped.is_set():
                is_told = doorbell.tells()  # from before the look on
                is_rung = doorbell.wait(self.look_and_rest(is_told=is_told, is_rung=is_rung))
                if is_rung:
                    self._stopped.wait(_SOON)
                    doorbell.wait(0)  # it rings for each part of what is written
            self._doorbell = None

    def rouse(self) -> None:
        """It is to look now, or to see that it is to end."""
        doorbell = self._doorbell
        if doorbell is not None:
            doorbell.ring()

    def look_and_rest(self, *, is_told: bool, is_rung: bool) -> float:
        """Look; answers how many seconds to wait for the next ring.

        What was just written may become visible only after this look: with the mark, once the disk has it. It is looked
        for after one second, two, four and so on.
        """
        before = self._mark
        self.look()
        self.sign()
        self._is_seen = self._mark != before or (self._is_seen and not is_rung)
        if is_rung:
            self._pause = self._rest
        elif self._is_seen:
            self._pause = self.lookout.rest
        else:
            self._pause = min(2 * self._pause, self.lookout.rest)
        return seconds_until_the_next(self._pause if is_told and not self._is_cut_off else self._rest)

    def look(self) -> None:
        """Wake whom it concerns."""
        self._notice_a_moved_clock()
        try:
            mark = self.lookout.mark()
            if mark == self._mark and time.monotonic() < self._looked_at + self.lookout.rest:
                return
            due = self.lookout.look()
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
        if not self._is_cut_off:
            log.warning("waker_could_not_look", cause=str(getattr(broken, "orig", broken)))
        self._is_cut_off, self._mark = True, None


def _wall_beside_time() -> float:
    return clock.now().timestamp() - time.monotonic()
