"""How long a letter may take: a connection is cut off when its time is over, however slowly the other side drips."""

from __future__ import annotations

import smtplib
import socket
import threading
import time
from contextlib import suppress
from typing import Self

TOTAL = 30.0  # seconds


class Limit:
    """Cuts a connection off when the time for one message is over, however slowly its other side drips.

    A context: what breaks inside because the time was over is a TimeoutError.
    """

    def __init__(self, patience: float | None) -> None:
        self.is_over = False
        self._seconds = min(TOTAL, patience or TOTAL)
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        _cutter.begin(self, self._seconds)
        return self

    def __exit__(self, _kind: object, broken: BaseException | None, _where: object) -> None:
        _cutter.end(self)
        if self.is_over and isinstance(broken, (OSError, smtplib.SMTPException)):
            raise TimeoutError from broken

    def watch(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp
        if smtp.sock is not None:
            smtp.sock.settimeout(TOTAL)
            # the end of a letter must not wait until its beginning was confirmed
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def cut(self) -> None:
        self.is_over = True
        if self._smtp is not None and self._smtp.sock is not None:
            with suppress(OSError):  # it was closed already
                self._smtp.sock.shutdown(socket.SHUT_RDWR)


class _Cutter:
    """One thread that keeps all limits: a timer a message costs more than handing the message over."""

    def __init__(self) -> None:
        self._ends: dict[Limit, float] = {}
        self._news = threading.Condition()
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None

    def begin(self, limit: Limit, seconds: float) -> None:
        with self._news:
            ends = self._ends[limit] = time.monotonic() + seconds
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep, name="mail-limits", daemon=True)
                self._thread.start()
            elif ends < self._wakes_at:
                self._news.notify()

    def end(self, limit: Limit) -> None:
        with self._news:
            self._ends.pop(limit, None)

    def _keep(self) -> None:
        with self._news:
            while True:
                now = time.monotonic()
                for limit in [limit for limit, ends in self._ends.items() if ends <= now]:
                    del self._ends[limit]
                    limit.cut()
                self._wakes_at = min(self._ends.values(), default=now + TOTAL)
                self._news.wait(self._wakes_at - now)


_cutter = _Cutter()
