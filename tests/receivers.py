"""A real HTTP server on loopback: it remembers what it was asked, and answers as it is told, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    peer: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers 200 until told otherwise; ``script`` is asked for each request in turn, the last one for all others."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.scripts: list[Script] = [answer(200)]
        self.ended = threading.Event()  # what hangs, hangs until then
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *words: object) -> None:
                """Nothing to anybody."""

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append(Asked(self.command, self.path, headers, body, self.client_address))
                script = outer.scripts.pop(0) if len(outer.scripts) > 1 else outer.scripts[0]
                script(self)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - http.server's names

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *words: object) -> None:
                """Clients that go away are what is tested."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, *scripts: Script) -> None:
        self.scripts = [*scripts]

    def close(self) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- faults ----

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Take the request and say nothing."""
        self.ended.wait(60)
        handler.close_connection = True

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A byte now and then, for ever: never long enough silent to be given up."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while not self.ended.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            handler.close_connection = True

    def drip_headers(self, handler: BaseHTTPRequestHandler) -> None:
        """The same before the body begins."""
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.ended.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            handler.close_connection = True


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Script:
    def script(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return script


def answer_json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Script:
    return answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def half(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent, and go."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"ok": tr')
    handler.close_connection = True


def vanish(handler: BaseHTTPRequestHandler) -> None:
    """Take the request, and close without a word."""
    handler.close_connection = True


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = Receiver()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    from incidents.kernel.http import wire

    with receiving() as server:
        yield server
    wire.hang_up()
