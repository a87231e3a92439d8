"""Connections that have had their last answer, until they have read it."""

from __future__ import annotations

import select
import socket

_CHUNK = 65_536
_WITHIN = 5.0  # seconds for a visitor to hang up


class Farewells:
    """Throws away what still comes: a socket that is closed with something unread takes its last answer back (RFC 9112, 9.6)."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self._all: dict[int, tuple[socket.socket, float]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def say(self, connection: socket.socket, now: float) -> None:
        """Tell a connection, which epoll knows, that nothing more comes; close it once it hangs up too."""
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone already
            return connection.close()
        self._epoll.modify(connection, select.EPOLLIN)
        self._all[connection.fileno()] = connection, now
        return None

    def handle(self, number: int) -> None:
        """Something came from one of them, if it is one of them."""
        if number not in self._all:
            return
        try:
            is_over = not self._all[number][0].recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self._close(number)

    def drop_late(self, now: float) -> None:
        """Close those that do not hang up."""
        for number, (_connection, since) in list(self._all.items()):
            if now - since >= _WITHIN:
                self._close(number)

    def end(self) -> None:
        """Close all of them."""
        for number in list(self._all):
            self._close(number)

    def _close(self, number: int) -> None:
        self._all.pop(number)[0].close()
