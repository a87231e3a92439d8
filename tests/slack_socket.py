"""The other end of socket mode: a small WebSocket server (RFC 6455) that sends envelopes and remembers the answers."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_PATIENCE = 10.0  # seconds until a test gives up waiting


class SlackSocket:
    """Takes connections; the newest is the one that is talked to. ``answers`` holds what came back, by envelope."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[Connection] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.is_deaf = False  # answers no ping
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}/link/?ticket=1"

    def _accept(self) -> None:
        while True:
            try:
                taken, _address = self._listener.accept()
            except OSError:
                return
            connection = Connection(taken, self)
            with suppress(OSError, KeyError):  # who hung up before a word was said, or a test that is over
                connection.shake_hands()
                self.connections.append(connection)
                threading.Thread(target=connection.read, daemon=True).start()
                connection.send({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})

    def send(self, envelope: dict[str, Any]) -> None:
        self.connections[-1].send(envelope)

    def answer_to(self, name: str) -> dict[str, Any]:
        wait_until(lambda: name in self.answers)
        return self.answers[name]

    def close(self) -> None:
        self._listener.close()
        for each in self.connections:
            each.drop()


class Connection:
    """One client."""

    def __init__(self, taken: socket.socket, server: SlackSocket) -> None:
        self._socket, self._server = taken, server
        self._stream = taken.makefile("rb")
        self.is_open = True

    def shake_hands(self) -> None:
        headers = {}
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + _GUID).digest())
        self._socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def send(self, said: dict[str, Any]) -> None:
        self._frame(_TEXT, json.dumps(said).encode())

    def _frame(self, opcode: int, content: bytes) -> None:
        length = struct.pack("!B", len(content)) if len(content) < 126 else struct.pack("!BH", 126, len(content))
        self._socket.sendall(bytes([0x80 | opcode]) + length + content)

    def read(self) -> None:
        try:
            while True:
                opcode, content = self._one()
                if opcode == _TEXT:
                    said = json.loads(content)
                    self._server.answers[said["envelope_id"]] = said
                elif opcode == _PING and not self._server.is_deaf:
                    self._frame(_PONG, content)
                elif opcode == _CLOSE:
                    break
        except (OSError, EOFError, ValueError):  # ValueError: the stream was closed meanwhile
            pass
        self.drop()

    def _one(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        mask = self._exactly(4)  # a client masks all that it sends
        content = self._exactly(length)
        return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(content))

    def _exactly(self, length: int) -> bytes:
        found = self._stream.read(length)
        if len(found) < length:
            raise EOFError
        return found

    def drop(self) -> None:
        self.is_open = False
        with suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._stream.close()
        self._socket.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look until it is so; the test fails where it never comes to be."""
    until = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.01)
