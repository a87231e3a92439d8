"""The head of a request, read by llhttp: what the front door has to know of it, or that the lane must not answer it.

The lane answers only what nobody can read in two ways. Whatever has a body or might have one, whatever is repeated,
escaped or not quite HTTP is None here, and the server behind us judges it: two programs that disagree on where a
request ends are how requests are smuggled (RFC 9112, 11.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import httptools

END = b"\r\n\r\n"
# for each header that an answer depends on, its name in WSGI's environ
_TOLD = {
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"if-modified-since": "HTTP_IF_MODIFIED_SINCE",
}
# these may give the request a body, or make of the connection something other than requests and answers
_FOR_OTHERS = frozenset(
    (b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"te", b"trailer", b"proxy-connection", b"range")
)
_ONCE = frozenset((*_TOLD, b"host", b"connection"))
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.~")


@dataclass(frozen=True, slots=True)
class Asked:
    """A GET without a body. ``environ`` is WSGI's, as far as a page kept ready depends on it."""

    environ: dict[str, str]
    keeps_open: bool


def read(head: bytes) -> Asked | None:
    """What one whole head, its empty line included, asks for; None where it is not for the lane."""
    if b"\0" in head or not head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n"):
        return None
    told = _Told()
    parser = httptools.HttpRequestParser(told)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    if told.messages != 1 or parser.get_method() != b"GET" or told.is_for_others:
        return None
    version = parser.get_http_version()
    if version not in ("1.0", "1.1") or (version == "1.1" and b"host" not in told.seen):
        return None
    if not head.startswith(b"GET %b HTTP/%b\r\n" % (bytes(told.target), version.encode())):
        return None
    path, mark, query = bytes(told.target).partition(b"?")
    if not path.startswith(b"/") or not _PLAIN.issuperset(path) or not query.isascii() or b"#" in query:
        return None
    connection = told.connection.lower()
    if connection not in (b"", b"keep-alive", b"close"):
        return None
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path.decode(), **told.environ}
    if mark:
        environ["QUERY_STRING"] = query.decode()
    # an answer to HTTP/1.0 ends with its connection: who kept it open would have to say so, and few still do
    return Asked(environ, keeps_open=version == "1.1" and connection != b"close")


class _Told:
    """What llhttp calls while it reads."""

    def __init__(self) -> None:
        self.target = bytearray()
        self.seen: set[bytes] = set()
        self.environ: dict[str, str] = {}
        self.connection = b""
        self.is_for_others = False
        self.messages = 0

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _FOR_OTHERS or (name in self.seen and name in _ONCE) or name.strip() != name:
            self.is_for_others = True
        self.seen.add(name)
        if name in _TOLD:
            self.environ[_TOLD[name]] = value.decode("latin-1")
        elif name == b"connection":
            self.connection = value

    def on_message_complete(self) -> None:
        self.messages += 1
