"""Connections joined to the server behind the lane, byte for byte in both directions."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import socket
from collections.abc import Callable

from .farewells import Farewells

_CHUNK = 65_536
_STUCK = 60.0  # seconds that a visitor may take nothing of what the server says
_FOR_ONE = 6  # of the files that a process may open for each tunnel: it needs three, and as many are left to the page
_GONE = select.EPOLLERR | select.EPOLLHUP if hasattr(select, "epoll") else 0


class _Side:
    """One of the two sockets of a tunnel. ``waiting`` is what is still to be written to it, ``since`` when it last took some."""

    __slots__ = ("far", "has_ended", "is_deaf", "is_server", "mask", "since", "socket", "waiting")

    far: _Side

    def __init__(self, end: socket.socket, now: float, *, is_server: bool, mask: int) -> None:
        self.socket = end
        self.is_server = is_server
        self.waiting = b""
        self.since = now
        self.has_ended = False  # nothing more is to be read from it
        self.is_deaf = False  # nothing more is to be written to it
        self.mask = mask  # what epoll looks out for; 0 where it does not know the socket


class Tunnels:
    """All tunnels of one lane; ``handle`` is called with whatever ``epoll`` says of their sockets."""

    def __init__(self, epoll: select.epoll, join: Callable[[str], socket.socket], farewells: Farewells) -> None:
        self._epoll = epoll
        self._join = join
        self._farewells = farewells
        self._sides: dict[int, _Side] = {}
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _FOR_ONE

    def __len__(self) -> int:
        return len(self._sides) // 2

    def open(self, visitor: socket.socket, address: str, read: bytes, now: float) -> None:
        """Join a visitor, which epoll watches for input, to the server, beginning with what was ``read`` already.

        Raises OSError; the socket stays the caller's.
        """
        if len(self) >= self._most:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        near = _Side(visitor, now, is_server=False, mask=select.EPOLLIN)
        far = _Side(self._join(address), now, is_server=True, mask=0)
        near.far, far.far = far, near
        self._sides[visitor.fileno()] = near
        self._sides[far.socket.fileno()] = far
        far.waiting = read
        self._attend(near, 0, now)

    def handle(self, number: int, event: int, now: float) -> None:
        """What happened to one socket. Others of the same turn may have closed it already."""
        side = self._sides.get(number)
        if side is not None:
            self._attend(side, event, now)

    def drop_stuck(self, now: float) -> None:
        """Close those whose visitor takes nothing of what the server says."""
        for side in list(self._sides.values()):
            if side.waiting and not side.is_server and now - side.since >= _STUCK:
                self._close(side)

    def _attend(self, side: _Side, event: int, now: float) -> None:
        try:
            if event & _GONE and not side.is_server:
                return self._close(side)  # nobody is there to read what would still come
            if event & (select.EPOLLIN | _GONE):
                _read(side)
            return self._go_on(side, now)
        except OSError:
            return self._close(side)

    def _go_on(self, side: _Side, now: float) -> None:
        """Write what waits, pass an end on, and look out for what can happen next."""
        for end in (side, side.far):
            _write(end, now)
        for end in (side, side.far):
            if end.has_ended and not end.far.waiting:
                if end.is_server:
                    return self._part(end.far, now)  # the server has said all it will say
                _shut(end.far)
        for end in (side, side.far):
            self._look_out(end)
        return None

    def _look_out(self, end: _Side) -> None:
        reads = not end.has_ended and not end.far.waiting
        mask = (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if end.waiting else 0)
        if mask == end.mask:
            return
        # without anything to wait for it is taken out: epoll would report a peer that is gone again and again
        if not mask:
            self._epoll.unregister(end.socket)
        elif end.mask:
            self._epoll.modify(end.socket, mask)
        else:
            self._epoll.register(end.socket, mask)
        end.mask = mask

    def _part(self, visitor: _Side, now: float) -> None:
        """Let the server's socket go, and the visitor's once it has read everything."""
        if visitor.has_ended:
            return self._close(visitor)
        if not visitor.mask:
            self._epoll.register(visitor.socket, 0)
        del self._sides[visitor.socket.fileno()], self._sides[visitor.far.socket.fileno()]
        visitor.far.socket.close()
        return self._farewells.say(visitor.socket, now)

    def _close(self, side: _Side) -> None:
        for end in (side, side.far):
            self._sides.pop(end.socket.fileno(), None)
            end.socket.close()  # epoll forgets what is closed


def _read(side: _Side) -> None:
    if side.has_ended or side.far.waiting:
        return
    try:
        read = side.socket.recv(_CHUNK)
    except BlockingIOError:
        return
    except OSError:
        if not side.is_server:
            raise
        read = b""  # it hung up before it had read everything; all that it said has been read
    if read:
        side.far.waiting = read
    else:
        side.has_ended = True


def _write(end: _Side, now: float) -> None:
    if not end.waiting:
        return
    try:
        sent = len(end.waiting) if end.is_deaf else end.socket.send(end.waiting)
    except BlockingIOError:
        return
    except OSError:
        if not end.is_server:
            raise
        # it refuses to read on; why, it may have said before
        sent, end.is_deaf = len(end.waiting), True
    end.waiting, end.since = end.waiting[sent:], now


def _shut(server: _Side) -> None:
    """Tell the server that its visitor says no more."""
    with contextlib.suppress(OSError):  # it has hung up meanwhile, which its next event tells
        server.socket.shutdown(socket.SHUT_WR)
