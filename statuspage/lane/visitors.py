"""Connections that have asked for nothing but what is kept ready, so far: read, answered, and let go."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
from collections.abc import Iterator

from . import asked
from .answers import Answers
from .farewells import Farewells
from .tunnels import Tunnels

_log = logging.getLogger("sevenbells.page")

_CHUNK = 8_192  # bytes read at once: a head is shorter, and Python makes room for all of it at each read
_IDLE = 75.0  # seconds that a connection may say nothing between two requests
_HEAD_WITHIN = 10.0  # seconds from the first byte of a head to its last
_STUCK = 60.0  # seconds that a visitor may take nothing of an answer
_SLOW = 5.0  # the same, when others find no room
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 29\r\n"
    b"retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\n\r\nBusy, try again in a second.\n"
)


class Visitor:
    """One connection. ``since`` is when it last came forward, in monotonic seconds."""

    __slots__ = ("address", "is_last", "read", "recv", "send", "since", "socket", "unsent")

    def __init__(self, connected: socket.socket, address: str, now: float) -> None:
        self.socket = connected
        self.recv, self.send = connected.recv, connected.send
        self.address = address
        self.read = b""  # what came of requests that are not answered yet
        self.unsent: bytes | memoryview = b""  # what could not be sent yet; nothing more is read until it is
        self.is_last = False  # the connection ends with what is unsent
        self.since = now


class Visitors:
    """All of them, by the number of their socket."""

    def __init__(self, epoll: select.epoll, answers: Answers, tunnels: Tunnels, farewells: Farewells) -> None:
        self._epoll = epoll
        self._answers = answers
        self._tunnels = tunnels
        self._farewells = farewells
        self._all: dict[int, Visitor] = {}
        self.find = self._all.get

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Visitor]:
        return iter(list(self._all.values()))

    def welcome(self, connected: socket.socket, address: str, now: float) -> None:
        """Serve a new connection from now on."""
        connected.setblocking(False)
        self._epoll.register(connected, select.EPOLLIN)
        self._all[connected.fileno()] = Visitor(connected, address, now)

    def serve(self, visitor: Visitor, now: float) -> None:
        """Read what has come and answer it, or send on what is unsent."""
        try:
            if visitor.unsent:
                return self._send_on(visitor, now)
            read = visitor.recv(_CHUNK)
            answer = None if visitor.read else self._answers.at_hand.get(read)
            if answer is None:
                return self._consider(visitor, read, now)
            visitor.since = now
            return self._send(visitor, answer)
        except BlockingIOError:
            return None
        except OSError:
            return self.drop(visitor)
        except Exception:  # noqa: BLE001 - whatever one visitor sends, the others are served
            _log.exception("an answer of the lane failed; its connection is closed")
            return self.drop(visitor)

    def drop(self, visitor: Visitor) -> None:
        """Close a connection."""
        self._all.pop(visitor.socket.fileno(), None)
        visitor.socket.close()

    def drop_idle(self, now: float) -> None:
        """Close those that say nothing, end no head, or take nothing of what they asked for."""
        for visitor in self:
            patience = _STUCK if visitor.unsent else _HEAD_WITHIN if visitor.read else _IDLE
            if now - visitor.since >= patience:
                self.drop(visitor)

    def make_room(self, now: float) -> None:
        """Close all that are owed nothing, or are slow to take it."""
        for visitor in self:
            if not visitor.unsent or now - visitor.since >= _SLOW:
                self.drop(visitor)

    def _consider(self, visitor: Visitor, read: bytes, now: float) -> None:
        """Answer what is whole; pass the connection on with the first request that is not for us."""
        if not read:
            return self.drop(visitor)
        if not visitor.read:
            visitor.since = now
        visitor.read += read
        while visitor.read and not visitor.unsent and not visitor.is_last:
            end = visitor.read.find(asked.END) + len(asked.END)
            if end < len(asked.END):
                return None if asked.may_become_ours(visitor.read) else self._pass_on(visitor, now)
            answer = self._answers.to(visitor.read[:end])
            if answer is None:
                return self._pass_on(visitor, now)
            whole, keeps_open = answer
            visitor.read, visitor.since, visitor.is_last = visitor.read[end:], now, not keeps_open
            self._send(visitor, whole)
        return None

    def _send(self, visitor: Visitor, answer: bytes) -> None:
        """Send as much as there is room for, and keep the rest for later."""
        try:
            sent = visitor.send(answer)
        except BlockingIOError:
            sent = 0
        if sent != len(answer):
            visitor.unsent = memoryview(answer)[sent:]  # slow readers of one answer share its bytes
            self._epoll.modify(visitor.socket, select.EPOLLOUT)
        elif visitor.is_last:
            self._part(visitor)

    def _send_on(self, visitor: Visitor, now: float) -> None:
        sent = visitor.send(visitor.unsent)
        visitor.since, visitor.unsent = now, visitor.unsent[sent:]
        if visitor.unsent:
            return None
        if visitor.is_last:
            return self._part(visitor)
        self._epoll.modify(visitor.socket, select.EPOLLIN)
        if visitor.read:  # requests that came together with the one before
            waiting, visitor.read = visitor.read, b""
            self._consider(visitor, waiting, now)
        return None

    def _part(self, visitor: Visitor) -> None:
        if not visitor.read and not self._answers.are_last:
            return self.drop(visitor)  # it asked for nothing more, and for the end
        del self._all[visitor.socket.fileno()]
        return self._farewells.say(visitor.socket, visitor.since)

    def _pass_on(self, visitor: Visitor, now: float) -> None:
        """Join the connection, from this request on and for good, to the server behind us."""
        if self._answers.are_last:
            # the server stops too: whoever is cut off before an answer knows that asking elsewhere is safe
            return self.drop(visitor)
        del self._all[visitor.socket.fileno()]
        try:
            self._tunnels.open(visitor.socket, visitor.address, visitor.read, now)
        except OSError:
            with contextlib.suppress(OSError):
                visitor.socket.send(_BUSY)
            self._farewells.say(visitor.socket, now)
        return None
