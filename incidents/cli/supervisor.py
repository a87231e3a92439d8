"""Keeps child processes running: starts them, restarts the dead with growing patience, and stops them in time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from . import lifeline

# Seconds before the next start of a child that died, by how often it died shortly after its start.
_PATIENCE = (0.1, 0.5, 1.0, 2.0, 5.0)
_SETTLED_AFTER = 30.0  # a child that lived this long has started well: its next death is the first
_STOP_WITHIN = 28.0  # of the 30 s that we promise to be gone in
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """One process of ours: `sevenbells <arguments>`.

    ``once`` children are not restarted: ``when_done`` is called with their exit code.
    """

    name: str
    arguments: tuple[str, ...]
    once: bool = False
    when_done: Callable[[int], None] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    start_at: float | None = field(default=0.0)  # monotonic; None: not to be started

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.start_at = None
        # same process group: Ctrl-C and a kill of the group reach everybody
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "incidents.cli", *self.arguments], env=lifeline.environment_for_children()
        )

    def bury(self) -> int | None:
        """The exit code if it died since the last look, and the time of its next start; else None."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        if not self.once:
            if time.monotonic() - self.started_at > _SETTLED_AFTER:
                self.deaths = 0
            self.start_at = time.monotonic() + _PATIENCE[min(self.deaths, len(_PATIENCE) - 1)]
            self.deaths += 1
        return code


class Supervisor:
    """Runs children until a signal says stop; ``children`` may grow while it runs."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self._stopping = False
        self._exit_code = 0
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        os.set_blocking(self._wake_reader, False)

    def run(self, *, tick: Callable[[], float | None]) -> int:
        """Until told to stop. ``tick`` is called at each turn and says how many seconds it can wait at most."""
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        while not self._stopping:
            self._start_the_due()
            self._sleep(tick())
            self._bury_the_dead()
        self._end_all()
        return self._exit_code

    def stop(self, exit_code: int) -> None:
        """End everything, and let ``run`` answer with this code."""
        self._exit_code = exit_code
        self._stopping = True

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start_the_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.start_at is not None and child.start_at <= now:
                child.start()

    def _sleep(self, at_most: float | None) -> None:
        now = time.monotonic()
        waits = [child.start_at - now for child in self.children if child.start_at is not None]
        if at_most is not None:
            waits.append(at_most)
        ready, _, _ = select.select([self._wake_reader], [], [], max(0.0, min(waits)) if waits else None)
        if ready:
            os.read(self._wake_reader, 4096)

    def _bury_the_dead(self) -> None:
        for child in list(self.children):
            code = child.bury()
            if code is None or self._stopping:
                continue
            if child.when_done:
                child.when_done(code)
            elif child.start_at is not None:
                again = max(0.0, child.start_at - time.monotonic())
                print(f"The {child.name} ended ({_cause(code)}); starting it again in {again:.1f} s", file=sys.stderr)

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _STOP_WITHIN
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
