"""Connections joined to the server behind the lane, byte for byte in both directions."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable

_CHUNK = 65_536
_GONE = select.EPOLLERR | select.EPOLLHUP if hasattr(select, "epoll") else 0


class _Side:
    """One of the two sockets of a tunnel. ``waiting`` is what is still to be written to it."""

    __slots__ = ("far", "has_ended", "is_server", "mask", "socket", "waiting")

    far: _Side

    def __init__(self, end: socket.socket, *, is_server: bool) -> None:
        self.socket = end
        self.is_server = is_server
        self.waiting = b""
        self.has_ended = False  # nothing more is to be read from it
        self.mask = 0


class Tunnels:
    """All tunnels of one lane; ``handle`` is called with whatever ``epoll`` says of their sockets."""

    def __init__(self, epoll: select.epoll, join: Callable[[str], socket.socket]) -> None:
        self._epoll = epoll
        self._join = join
        self._sides: dict[int, _Side] = {}

    def __len__(self) -> int:
        return len(self._sides) // 2

    def open(self, visitor: socket.socket, address: str, read: bytes) -> None:
        """Join a visitor to the server, beginning with what was ``read`` already. Raises OSError; the socket stays the caller's."""
        near, far = _Side(visitor, is_server=False), _Side(self._join(address), is_server=True)
        near.far, far.far = far, near
        self._sides[visitor.fileno()] = near
        self._sides[far.socket.fileno()] = far
        far.waiting = read
        self._go_on(near)

    def handle(self, number: int, event: int) -> None:
        """What happened to one socket. Others of the same turn may have closed it already."""
        side = self._sides.get(number)
        if side is not None:
            try:
                self._attend(side, event)
            except OSError:
                self._close(side)

    def _attend(self, side: _Side, event: int) -> None:
        if event & _GONE and not side.is_server:
            return self._close(side)  # nobody is there to read what would still come
        if event & (select.EPOLLIN | _GONE):
            self._read(side)
        return self._go_on(side)

    def _read(self, side: _Side) -> None:
        if side.has_ended or side.far.waiting:
            return
        try:
            read = side.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        if read:
            side.far.waiting = read
        else:
            side.has_ended = True

    def _go_on(self, side: _Side) -> None:
        """Write what waits, pass an end on, and look out for what can happen next."""
        for end in (side, side.far):
            _write(end)
        for end in (side, side.far):
            if end.has_ended and not end.far.waiting:
                if end.is_server:
                    return self._close(end)  # the server has said all it will say
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

    def _close(self, side: _Side) -> None:
        for end in (side, side.far):
            self._sides.pop(end.socket.fileno(), None)
            end.socket.close()  # epoll forgets what is closed


def _write(end: _Side) -> None:
    if end.waiting:
        try:
            sent = end.socket.send(end.waiting)
        except BlockingIOError:
            return
        end.waiting = end.waiting[sent:]


def _shut(server: _Side) -> None:
    """Tell the server that its visitor says no more."""
    with contextlib.suppress(OSError):  # it has hung up meanwhile, which its next event tells
        server.socket.shutdown(socket.SHUT_WR)
