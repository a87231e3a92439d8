"""The lane's loop: one thread, one epoll, every connection of the public socket."""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

from ..frontdoor import FrontDoor
from .answers import Answers
from .farewells import Farewells
from .tunnels import Tunnels
from .visitors import Visitors

_log = logging.getLogger("sevenbells.page")

_AT_ONCE = 256  # events taken in one turn
_SWEEP_EVERY = 5.0  # seconds
_PASS_OVER = 8  # turns
_LAST_CALL = 0.2  # seconds that we go on after we are told to stop: for what was asked before anybody could know of it
_LOOK_EVERY = 0.05  # seconds; while we stop
_END_WITHIN = 20.0  # seconds for slow visitors and for what the server still answers, once we stop
_REST = 0.5  # seconds without new connections, when there is no room for one more
_EXCLUSIVE = getattr(select, "EPOLLEXCLUSIVE", 0)  # wakes one worker for a new connection, not all

_told_by_signals: list[Lane] = []  # signals go on coming when a lane has ended: its socket lives as long as the process


class Lane:
    """Serves ``listener`` until ``stop``. ``join`` makes a connection to the server behind, for a visitor's address.

    Once the other end of ``closing`` is shut, it shuts ``listener``, and takes before whoever waits there.
    """

    def __init__(
        self,
        listener: socket.socket,
        door: FrontDoor,
        join: Callable[[str], socket.socket],
        *,
        closing: socket.socket | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._epoll = select.epoll()
        self._answers = Answers(door)
        self._farewells = Farewells(self._epoll)
        self._tunnels = Tunnels(self._epoll, join, self._farewells)
        self._visitors = Visitors(self._epoll, self._answers, self._tunnels, self._farewells)
        self._now = now
        self._swept_at = now()
        self._rests_until = 0.0
        self._passed_over = 0
        self._listens = False
        self._is_stopping = False
        self._last_call_at = 0.0
        self._woken, self._wake = socket.socketpair()
        self._thread: threading.Thread | None = None
        for end in (self._woken, self._wake, listener):
            end.setblocking(False)
        self._epoll.register(self._woken, select.EPOLLIN)
        self._closing = closing
        if closing is not None:
            self._epoll.register(closing, select.EPOLLIN)

    # -- being driven --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve in a thread of our own."""
        self._listen()
        self._thread = threading.Thread(target=self._serve, name="lane", daemon=True)
        self._thread.start()

    def stop_on_signals(self) -> None:
        """Take no new connections once SIGTERM or SIGINT comes, whoever handles it. For the main thread alone."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        _told_by_signals.append(self)

    def stop(self) -> None:
        """Answer what is being asked, then take nobody new; tunnels end with the server. Comes back when all have."""
        self._wake.send(bytes([signal.SIGTERM]))
        if self._thread is not None:
            self._thread.join()
        if self not in _told_by_signals:
            for end in (self._woken, self._wake):
                end.close()

    def _serve(self) -> None:
        while not self._is_done():
            try:
                self._turn(self._epoll.poll(self._patience(), _AT_ONCE))
            except Exception:  # noqa: BLE001 - the rim of a loop that must go on
                _log.exception("the lane stumbled, and goes on")
                time.sleep(_REST)
        self._farewells.end()
        self._epoll.close()

    def _is_done(self) -> bool:
        if not self._is_stopping or self._listens:
            return False
        late = self._now() - self._last_call_at
        is_alone = not len(self._visitors) and not len(self._tunnels)
        return late >= _END_WITHIN or (is_alone and (late >= 0 or not len(self._farewells)))

    def _patience(self) -> float | None:
        """Seconds until somebody must be looked after; None while nobody is there."""
        if self._is_stopping:
            return _LOOK_EVERY
        if not self._listens:
            return _REST
        is_alone = not len(self._visitors) and not len(self._tunnels) and not len(self._farewells)
        return None if is_alone else _SWEEP_EVERY

    def _turn(self, events: list[tuple[int, int]]) -> None:
        self._answers.freshen()
        now, find, serve = self._now(), self._visitors.find, self._visitors.serve
        newcomers = False
        for number, event in events:
            visitor = find(number)
            if visitor is not None:
                serve(visitor, now)
            elif number == self._listener.fileno():
                newcomers = True  # last, so that no socket's number is given away anew within one turn
            elif number == self._woken.fileno():
                self._hear()
            elif self._closing is not None and number == self._closing.fileno():
                self._close(self._closing, now)
            else:
                self._tunnels.handle(number, event, now)
                self._farewells.handle(number)
        if newcomers and (len(events) == 1 or self._is_long_passed_over()):
            self._welcome(now)
        if now - self._swept_at >= _SWEEP_EVERY:
            self._sweep(now)
        if self._is_stopping and now >= self._last_call_at:
            self._listen_no_more()
            self._visitors.make_room(now)
        elif not self._listens and now >= self._rests_until:
            self._listen()

    def _is_long_passed_over(self) -> bool:
        """A worker with something else to do leaves newcomers to idle ones, for a few turns."""
        self._passed_over = (self._passed_over + 1) % _PASS_OVER
        return not self._passed_over

    def _sweep(self, now: float) -> None:
        self._swept_at = now
        self._visitors.drop_idle(now)
        self._tunnels.drop_stuck(now)
        self._farewells.drop_late(now)

    # -- new connections -----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        if not self._listens and not self._is_stopping:
            self._epoll.register(self._listener, select.EPOLLIN | _EXCLUSIVE)
            self._listens = True

    def _listen_no_more(self, *, for_ever: bool = False) -> None:
        if for_ever:
            self._rests_until = math.inf
        if self._listens:
            self._epoll.unregister(self._listener)
            self._listens = False

    def _welcome(self, now: float) -> None:
        """Take one new connection; another worker may have been quicker. The rest is told again in the next turn."""
        try:
            connected, address = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as refused:
            self._cannot_welcome(refused, now)
        else:
            self._visitors.welcome(connected, address[0], now)
            self._listen_no_more()  # and anew: the kernel wakes whoever has listened longest, so that all workers take turns
            self._listen()

    def _cannot_welcome(self, refused: OSError, now: float) -> None:
        if refused.errno == errno.EINVAL:  # another worker has shut it
            return self._listen_no_more(for_ever=True)
        _log.error("no new connection for %s s (%s); idle ones are let go", _REST, refused.strerror)
        self._listen_no_more()
        self._rests_until = now + _REST
        return self._visitors.make_room(now)

    # -- the end -------------------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """A signal came, or ``stop``."""
        told = self._woken.recv(64)
        if signal.SIGTERM in told or signal.SIGINT in told:
            self._finish()

    def _close(self, closing: socket.socket, now: float) -> None:
        """Whoever is in the queue when it is shut would be cut off."""
        self._epoll.unregister(closing)
        with contextlib.suppress(OSError):  # nobody waits, or another worker was quicker
            while True:
                connected, address = self._listener.accept()
                self._visitors.welcome(connected, address[0], now)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listen_no_more(for_ever=True)

    def _finish(self) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            self._last_call_at = self._now() + _LAST_CALL
            self._answers.be_last()
