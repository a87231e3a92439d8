"""One request under way: by which rules it goes, and the moment at which it is cut off."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ..settings import Network, Settings
from . import Answer, Blocked, Unreachable

TOTAL = 30.0  # seconds


@dataclass
class Errand:
    """One request under way: what it may connect to, and when it is cut off."""

    allow: tuple[Network, ...]
    is_trusted: bool
    ends: float  # time.monotonic()
    is_over: bool = False
    answer: Answer | None = None  # the last one of an errand that somebody else's code went on
    trouble: Blocked | Unreachable | None = None  # and what came instead of it
    _connection: Any = None  # whatever has a ``sock``

    def watch(self, connection: Any) -> None:
        """This connection is in use now."""
        self._connection = connection

    def seconds_left(self) -> float:
        """Until it is cut off."""
        return max(0.01, self.ends - time.monotonic())

    def cut(self) -> None:
        """End it, however slowly the other side drips."""
        self.is_over = True
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            with suppress(OSError):  # it was closed already
                # past TLS, whose own shutdown would touch what the other thread is reading with
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


_errand: ContextVar[Errand | None] = ContextVar("errand", default=None)


@contextmanager
def errand(settings: Settings, *, is_trusted: bool, patience: float | None = None) -> Iterator[Errand]:
    """Whatever is asked inside goes by our rules, and ends within 30 s in all."""
    seconds = min(TOTAL, patience or TOTAL)
    mine = Errand(settings.outbound_allow, is_trusted, time.monotonic() + seconds)
    token = _errand.set(mine)
    timer = threading.Timer(seconds, mine.cut)
    timer.daemon = True
    timer.start()
    try:
        yield mine
    finally:
        timer.cancel()
        _errand.reset(token)


def is_under_way() -> bool:
    """Whether this thread is on an errand."""
    return _errand.get() is not None


def under_way() -> Errand:
    """The errand of this thread; raises Blocked where it is on none, for then nothing may be asked."""
    mine = _errand.get()
    if mine is None:
        raise Blocked("Nothing is asked outside an errand.")
    return mine
