"""Wakes a thread when somebody writes to SQLite's log, in whatever process; and when it is rung by hand."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine


class Doorbell:
    """One thread waits at it. PostgreSQL, and systems other than Linux, never ring it: see ``tells``."""

    def __init__(self, engine: Engine) -> None:
        is_file = engine.dialect.name == "sqlite" and sys.platform == "linux"
        # the log lies beside the file itself, not beside a link to it
        self._log = Path(f"{os.path.realpath(str(engine.url.database))}-wal") if is_file else None
        self._watch: Any = None
        self._ear, self._button = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._button, False)
        self._poll = select.poll()
        self._poll.register(self._ear, select.POLLIN)
        # whoever rings when it is closed must not write into what has its number since; a handler may interrupt a ring
        self._closing, self._is_closed = threading.RLock(), False

    def tells(self) -> bool:
        """Whether it rings from now on when something is written."""
        if self._watch is None and self._log is not None:
            self._watch = _watch(self._log)
            if self._watch is not None:
                self._poll.register(self._watch.fileno(), select.POLLIN)
        return self._watch is not None

    def wait(self, seconds: float) -> bool:
        """Until it rings, so many seconds at most; whether it did."""
        ready = [number for number, _event in self._poll.poll(max(0.0, seconds) * 1000)]
        if self._ear in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._ear, 4096)
        if self._watch is not None and self._watch.fileno() in ready and _has_gone(self._watch.read(timeout=0)):
            self._forget_log()
        return bool(ready)

    def ring(self) -> None:
        """Wake whoever waits, from any thread or from a signal's handler."""
        with self._closing, contextlib.suppress(BlockingIOError):  # it was rung very often, and nobody has woken yet
            if not self._is_closed:
                os.write(self._button, b"!")

    def close(self) -> None:
        """Nobody waits here any more."""
        if self._watch is not None:
            self._forget_log()
        with self._closing:
            self._is_closed = True
            os.close(self._button)
        os.close(self._ear)

    def _forget_log(self) -> None:
        self._poll.unregister(self._watch.fileno())
        self._watch.close()
        self._watch = None


def _watch(log: Path) -> Any:
    """None where the log is not there yet, or the system has no more watches to give."""
    from inotify_simple import INotify, flags

    try:
        watch = INotify()
    except OSError:
        return None
    try:
        watch.add_watch(log, flags.MODIFY)
    except OSError:
        watch.close()
        return None
    return watch


def _has_gone(events: Any) -> bool:
    """The file went, and with it what was watched: another may take its place."""
    from inotify_simple import flags

    return any(event.mask & flags.IGNORED for event in events)
