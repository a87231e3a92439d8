"""The lane's loop: one thread, one epoll, every connection of the public socket."""

from __future__ import annotations

import errno
import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

from ..frontdoor import FrontDoor
from .answers import Answers
from .asked import END
from .tunnels import Tunnels

_log = logging.getLogger("sevenbells.page")

_CHUNK = 8_192  # bytes read at once: a head is shorter, and Python makes room for all of it at each read
_LONGEST_HEAD = 16_384  # bytes that a head may grow to here; longer ones the server judges
_AT_ONCE = 256  # events taken in one turn
_SWEEP_EVERY = 5.0  # seconds
_IDLE = 75.0  # seconds that a connection may say nothing between two requests
_HEAD_WITHIN = 10.0  # seconds from the first byte of a head to its last
_STUCK = 60.0  # seconds that a visitor may take nothing of an answer
_REST = 0.5  # seconds without new connections, when there is no room for one more
_EXCLUSIVE = getattr(select, "EPOLLEXCLUSIVE", 0)  # wakes one worker for a new connection, not all
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 28\r\n"
    b"retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\n\r\nBusy, try again in a second.\n"
)


class _Visitor:
    """A connection that has asked for nothing but what is kept ready, so far."""

    __slots__ = ("address", "is_last", "read", "recv", "send", "since", "socket", "unsent")

    def __init__(self, connected: socket.socket, address: str, now: float) -> None:
        self.socket = connected
        self.recv, self.send = connected.recv, connected.send
        self.address = address
        self.read = b""  # what came of requests that are not answered yet
        self.unsent = b""  # what could not be sent yet; nothing more is read until it is
        self.is_last = False  # the connection ends with what is unsent
        self.since = now  # when it last came forward: monotonic seconds


class Lane:
    """Serves ``listener`` until ``stop``. ``join`` makes a connection to the server behind, for a visitor's address."""

    def __init__(
        self,
        listener: socket.socket,
        door: FrontDoor,
        join: Callable[[str], socket.socket],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._answers = Answers(door)
        self._epoll = select.epoll()
        self._visitors: dict[int, _Visitor] = {}
        self._tunnels = Tunnels(self._epoll, join)
        self._now = now
        self._swept_at = now()
        self._listens = False
        self._is_stopping = False
        self._woken, self._wake = socket.socketpair()
        self._thread: threading.Thread | None = None
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._epoll.register(self._woken, select.EPOLLIN)
        listener.setblocking(False)

    # -- being driven --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve in a thread of our own."""
        self._listen()
        self._thread = threading.Thread(target=self._serve, name="lane", daemon=True)
        self._thread.start()

    def stop_on_signals(self) -> None:
        """Take no new connections once SIGTERM or SIGINT comes, whoever handles it. For the main thread alone."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def stop(self) -> None:
        """Take no new connections; answers under way go out, and tunnels end with the server. Comes back when all have."""
        self._wake.send(bytes([signal.SIGTERM]))
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while not (self._is_stopping and not self._visitors and not len(self._tunnels)):
            try:
                self._turn(self._epoll.poll(self._patience(), _AT_ONCE))
            except Exception:
                _log.exception("the lane stumbled, and goes on")
                time.sleep(_REST)
        self._close()

    def _patience(self) -> float | None:
        """Seconds until something must be swept; None while nobody is there."""
        if self._visitors or len(self._tunnels) or not self._listens:
            return _REST if not self._listens and not self._is_stopping else _SWEEP_EVERY
        return None

    def _turn(self, events: list[tuple[int, int]]) -> None:
        self._answers.freshen()
        at_hand, visitors, now = self._answers.at_hand, self._visitors, self._now()
        newcomers = self._listener.fileno()
        somebody_waits = False
        for number, event in events:
            visitor = visitors.get(number)
            if visitor is None:
                if number == newcomers:  # last, so that no number is given away anew within one turn
                    somebody_waits = True
                else:
                    self._elsewhere(number, event)
                continue
            if visitor.unsent:
                self._send_on(visitor, event, now)
                continue
            try:
                read = visitor.recv(_CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                self._drop(visitor)
                continue
            answer = at_hand.get(read) if not visitor.read else None
            if answer is None:
                self._consider(visitor, read, now)
                continue
            visitor.since = now
            try:
                sent = visitor.send(answer)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._drop(visitor)
                continue
            if sent != len(answer):
                self._keep_for_later(visitor, answer[sent:])
        if somebody_waits:
            self._welcome(now)
        if now - self._swept_at >= _SWEEP_EVERY or not self._listens:
            self._sweep(now)

    def _elsewhere(self, number: int, event: int) -> None:
        if number == self._woken.fileno():
            self._hear()
        else:
            self._tunnels.handle(number, event)

    # -- new connections -----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        if not self._listens and not self._is_stopping:
            self._epoll.register(self._listener, select.EPOLLIN | _EXCLUSIVE)
            self._listens = True

    def _listen_no_more(self) -> None:
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
            if refused.errno not in _NO_ROOM:
                raise
            _log.error("no room for one more connection (%s); the idle ones are let go", refused.strerror)
            self._listen_no_more()
            return self._sweep(now + _IDLE)
        connected.setblocking(False)
        self._visitors[connected.fileno()] = _Visitor(connected, address[0], now)
        self._epoll.register(connected, select.EPOLLIN)

    # -- requests ------------------------------------------------------------------------------------------------------

    def _consider(self, visitor: _Visitor, read: bytes, now: float) -> None:
        """Answer what is whole; pass the connection on with the first request that is not for us."""
        if not read:
            return self._drop(visitor)
        if not visitor.read:
            visitor.since = now
        visitor.read += read
        while visitor.read and not visitor.unsent:
            end = visitor.read.find(END)
            if end < 0:
                if len(visitor.read) > _LONGEST_HEAD:
                    self._pass_on(visitor)
                return
            head = visitor.read[: end + len(END)]
            answer = self._answers.to(head)
            if answer is None:
                return self._pass_on(visitor)
            visitor.read, visitor.since = visitor.read[len(head) :], now
            if not self._answer(visitor, *answer):
                return

    def _answer(self, visitor: _Visitor, answer: bytes, keeps_open: bool) -> bool:
        """Send; whether the connection goes on."""
        visitor.is_last = not keeps_open
        try:
            sent = visitor.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(visitor)
            return False
        if sent != len(answer):
            self._keep_for_later(visitor, answer[sent:])
        elif visitor.is_last:
            self._drop(visitor)
            return False
        return True

    def _keep_for_later(self, visitor: _Visitor, unsent: bytes) -> None:
        visitor.unsent = unsent
        self._epoll.modify(visitor.socket, select.EPOLLOUT)

    def _send_on(self, visitor: _Visitor, event: int, now: float) -> None:
        try:
            sent = visitor.send(visitor.unsent)
        except BlockingIOError:
            return
        except OSError:
            return self._drop(visitor)
        visitor.since, visitor.unsent = now, visitor.unsent[sent:]
        if visitor.unsent:
            return
        if visitor.is_last:
            return self._drop(visitor)
        self._epoll.modify(visitor.socket, select.EPOLLIN)
        if visitor.read:  # requests that came together with the one before
            waiting, visitor.read = visitor.read, b""
            self._consider(visitor, waiting, now)

    def _pass_on(self, visitor: _Visitor) -> None:
        """Join the connection, from this request on and for good, to the server behind us."""
        del self._visitors[visitor.socket.fileno()]
        self._epoll.unregister(visitor.socket)
        try:
            self._tunnels.open(visitor.socket, visitor.address, visitor.read)
        except OSError:
            try:
                visitor.socket.send(_BUSY)
            except OSError:
                pass
            visitor.socket.close()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _drop(self, visitor: _Visitor) -> None:
        self._visitors.pop(visitor.socket.fileno(), None)
        visitor.socket.close()

    def _sweep(self, now: float) -> None:
        """Let go of who says nothing, ends no head, or takes nothing; and listen again after a rest."""
        self._swept_at = self._now()
        for visitor in list(self._visitors.values()):
            patience = _STUCK if visitor.unsent else _HEAD_WITHIN if visitor.read else _IDLE
            if now - visitor.since >= patience:
                self._drop(visitor)
        self._listen()

    def _hear(self) -> None:
        """A signal came, or ``stop``."""
        try:
            told = self._woken.recv(64)
        except BlockingIOError:
            return
        if signal.SIGTERM in told or signal.SIGINT in told:
            self._is_stopping = True
            self._listen_no_more()
            for visitor in list(self._visitors.values()):
                visitor.is_last = True
                if not visitor.unsent:
                    self._drop(visitor)

    def _close(self) -> None:
        self._tunnels.close()
        self._epoll.close()
        for end in (self._woken, self._wake):
            end.close()
