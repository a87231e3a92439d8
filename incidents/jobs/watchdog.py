"""Looks after the clock's own thread: a clock that hangs is worse than one that is gone."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable

import structlog

SUSPICIOUS, HOPELESS = 60.0, 120.0  # seconds without the end of a tick
_EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h; the supervisor starts another clock

log = structlog.get_logger(__name__)


class Watchdog(threading.Thread):
    """After 60 s without a sign it logs what every thread is at, after 120 s it ends the process."""

    def __init__(self, stop: threading.Event, *, give_up: Callable[[int], object] = os._exit) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._stop_asked = stop
        self._give_up = give_up
        self._seen_at = time.monotonic()
        self._has_barked = False

    def sign(self) -> None:
        """A tick has ended."""
        self._seen_at = time.monotonic()
        self._has_barked = False

    def run(self) -> None:
        while not self._stop_asked.wait(5.0):
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Judge the silence as of ``now`` on the monotonic clock."""
        silent = now - self._seen_at
        if silent >= HOPELESS:
            log.critical("clock_hangs", silent=round(silent), then="the process ends")
            self._give_up(_EXIT_CODE)
        elif silent >= SUSPICIOUS and not self._has_barked:
            self._has_barked = True
            log.error("clock_is_silent", silent=round(silent), stacks=all_stacks())


def all_stacks() -> str:
    """What every thread is doing, on one line each step."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see other threads
    return "\n".join(
        f"{names.get(ident)}:\n{''.join(traceback.format_stack(frame))}" for ident, frame in frames.items()
    )
