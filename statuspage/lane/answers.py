"""Answers as the bytes that go over the wire, kept for as long as the same words get the same bytes."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from incidents.kernel import clock

from ..frontdoor import FrontDoor
from ..prepared import Headers
from . import asked
from .asked import Asked

_MOST_HEADS = 1_000  # that are remembered; the browsers of the world send few, and hostile ones are forgotten again
_LONGEST_HEAD = 2_000  # bytes of a head that is remembered


class Answers:
    """``at_hand`` maps whole heads to whole answers, for requests whose connection stays open; see ``freshen``."""

    def __init__(self, door: FrontDoor) -> None:
        self._door = door
        self._asked: dict[bytes, Asked | None] = {}
        self._edition: tuple[object, object] = (None, None)
        self._second: datetime | None = None
        self._date = b""
        self._written: dict[tuple[int, str], tuple[Headers, bytes]] = {}  # by the identity of the headers
        self.are_last = False
        self.at_hand: dict[bytes, bytes] = {}

    def freshen(self) -> None:
        """Forget every answer that is not today's: after a change of the page, and each second for its Date."""
        pages, picture = self._door.edition()
        second = clock.now().replace(microsecond=0)
        if second != self._second or pages is not self._edition[0] or picture is not self._edition[1]:
            self._edition, self._second = (pages, picture), second
            self._date = f"date: {format_datetime(second, usegmt=True)}\r\n".encode()
            self._written.clear()
            self.at_hand.clear()

    def be_last(self) -> None:
        """From now on every answer ends its connection."""
        self.are_last = True
        self.at_hand.clear()

    def to(self, head: bytes) -> tuple[bytes, bool] | None:
        """The whole answer to one head and whether the connection stays open; None where the lane has none."""
        wanted = self._read(head)
        if wanted is None:
            return None
        ready = self._door.ready(wanted.environ)
        if ready is None:
            return None
        connection = "close" if self.are_last else wanted.connection
        keeps_open = connection != "close"
        answer = self._write(*ready, connection)
        if keeps_open and len(head) <= _LONGEST_HEAD and len(self.at_hand) < _MOST_HEADS:
            self.at_hand[head] = answer
        return answer, keeps_open

    def _write(self, status: str, headers: Headers, bodies: list[bytes], connection: str) -> bytes:
        """The bytes of an answer; many heads share them."""
        key = (id(headers), connection)
        if key not in self._written:
            lines = [f"HTTP/1.1 {status}", *(f"{name.lower()}: {value}" for name, value in headers)]
            if connection:
                lines.append(f"connection: {connection}")
            head = "\r\n".join([*lines, ""]).encode("latin-1")
            self._written[key] = (headers, b"".join((head, self._date, b"\r\n", *bodies)))
        return self._written[key][1]

    def _read(self, head: bytes) -> Asked | None:
        if head in self._asked:
            return self._asked[head]
        found = asked.read(head)
        if len(head) <= _LONGEST_HEAD:
            if len(self._asked) >= _MOST_HEADS:
                self._asked.clear()
            self._asked[head] = found
        return found
