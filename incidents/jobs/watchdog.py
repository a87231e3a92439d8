"""Looks after the clock's own threads: a clock that hangs is worse than one that is gone."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

import structlog

from .rest import seconds_until_the_next

_LOOKS_EVERY = 5.0
_EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h; the supervisor starts another clock

log = structlog.get_logger(__name__)


class Patience(NamedTuple):
    """Seconds without a sign of life after which a thread is suspicious, and after which it is hopeless."""

    suspicious: float
    hopeless: float


ONE_TICK = Patience(60, 120)
ONE_TURN = Patience(180, 300)  # a lane gives back what it has no time for, and ends within its leases' two minutes


class Pulse:
    """One thread's signs of life."""

    def __init__(self, name: str, patience: Patience = ONE_TICK) -> None:
        self.name = name
        self.patience = patience
        self.seen_at = time.monotonic()
        self.has_barked = False

    def sign(self) -> None:
        """It lives: a tick, a turn or a look has ended."""
        self.seen_at = time.monotonic()
        self.has_barked = False


class Watchdog(threading.Thread):
    """After 60 s without a sign it logs what every thread is at and says so for others, after 120 s it ends the process."""

    def __init__(
        self,
        stop: threading.Event,
        *pulses: Pulse,
        tell: Callable[[float], object] = lambda silent: None,
        give_up: Callable[[int], object] = os._exit,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._stop_asked = stop
        self._tell = tell
        self._give_up = give_up
        self.pulses = list(pulses)

    def run(self) -> None:
        every = min(_LOOKS_EVERY, *(pulse.patience.suspicious / 4 for pulse in self.pulses))
        while not self._stop_asked.wait(seconds_until_the_next(every)):
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Judge each silence as of ``now`` on the monotonic clock."""
        for pulse in self.pulses:
            silent = now - pulse.seen_at
            if silent >= pulse.patience.hopeless:
                log.critical("clock_hangs", thread=pulse.name, silent=round(silent), then="the process ends")
                self._give_up(_EXIT_CODE)
            elif silent >= pulse.patience.suspicious and not pulse.has_barked:
                pulse.has_barked = True
                log.error("clock_is_silent", thread=pulse.name, silent=round(silent), stacks=all_stacks())
                # in a thread of its own: what hangs the clock may hang this too, and the dog must go on looking
                threading.Thread(target=self._tell, args=(silent,), name="bark", daemon=True).start()


def all_stacks() -> str:
    """What every thread is doing, on one line each step."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see other threads
    return "\n".join(
        f"{names.get(ident)}:\n{''.join(traceback.format_stack(frame))}" for ident, frame in frames.items()
    )
