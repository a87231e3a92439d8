"""The head of a request, read by llhttp: what the front door has to know of it, or that the lane must not answer it.

The lane answers only what nobody can read in two ways. Whatever has a body or might have one, whatever is repeated,
escaped or not quite HTTP is None here, and the server behind us judges it: two programs that disagree on where a
request ends are how requests are smuggled (RFC 9112, 11.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import httptools

END = b"\r\n\r\n"
_BEGINNING = b"GET /"
_LONGEST = 16_384  # bytes that a head may grow to; longer ones the server judges
_MOST_FIELDS = 100  # hyper, in the server behind us, refuses more
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
_PATH = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.~")
_QUERY = _PATH | frozenset(b"%!$&'()*+,;=:@?[]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A GET without a body. ``environ`` is WSGI's, as far as a page kept ready depends on it.

    ``connection`` is what the answer says of its connection: ``close``, ``keep-alive``, or nothing where it stays anyway.
    """

    environ: dict[str, str]
    connection: str


def may_become_ours(begun: bytes) -> bool:
    """Whether the beginning of a head may still become one that the lane answers; the server has its say on others at once."""
    is_get = begun.startswith(_BEGINNING[: len(begun)])
    return is_get and len(begun) <= _LONGEST and _has_whole_lines(begun.removesuffix(b"\r"))


def read(head: bytes) -> Asked | None:
    """What one whole head, its empty line included, asks for; None where it is not for the lane."""
    if b"\0" in head or not _has_whole_lines(head):
        return None
    told = _Told()
    parser = httptools.HttpRequestParser(told)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    if told.messages != 1 or parser.get_method() != b"GET" or told.is_for_others or told.fields > _MOST_FIELDS:
        return None
    version = parser.get_http_version()
    if version not in ("1.0", "1.1") or (version == "1.1" and b"host" not in told.seen):
        return None
    if not head.startswith(b"GET %b HTTP/%b\r\n" % (bytes(told.target), version.encode())):
        return None
    path, mark, query = bytes(told.target).partition(b"?")
    if not path.startswith(b"/") or not _PATH.issuperset(path) or not _QUERY.issuperset(query):
        return None
    if told.connection not in (b"", b"keep-alive", b"close"):
        return None
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path.decode(), **told.environ}
    if mark:
        environ["QUERY_STRING"] = query.decode()
    return Asked(environ, _connection(version, told.connection))


def _connection(version: str, wanted: bytes) -> str:
    """An answer ends its connection where HTTP/1.0 does not ask otherwise, or 1.1 asks for it (RFC 9112, 9.3)."""
    if version == "1.1":
        return "close" if wanted == b"close" else ""
    return "keep-alive" if wanted == b"keep-alive" else "close"


def _has_whole_lines(head: bytes) -> bool:
    """Whether every line ends as HTTP says, and with nothing that others take for an end."""
    return head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")


class _Told:
    """What llhttp calls while it reads."""

    def __init__(self) -> None:
        self.target = bytearray()
        self.seen: set[bytes] = set()
        self.environ: dict[str, str] = {}
        self.connection = b""
        self.is_for_others = False
        self.fields = self.messages = 0

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields += 1
        name = name.lower()
        if name in _FOR_OTHERS or (name in self.seen and name in _ONCE) or name.strip() != name:
            self.is_for_others = True
        self.seen.add(name)
        if name in _TOLD:
            self.environ[_TOLD[name]] = value.decode("latin-1")
        elif name == b"connection":
            self.connection = value.lower()

    def on_message_complete(self) -> None:
        self.messages += 1
