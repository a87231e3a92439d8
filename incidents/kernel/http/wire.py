"""The connection itself: judged when it is made, watched until it ends, and kept by its thread for the next request.

requests-hardened judges the name's first address before the connection, knows no networks to admit and no end of time;
so the classes of urllib3 that make a connection are ours, and everything above them is requests.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from ..text import one_line
from . import Answer, Blocked, Unreachable
from .errands import Errand, under_way
from .judge import Address, admit

CONNECT, READ = 5.0, 10.0  # seconds
_PIECE = 16 * 1024
_LONGEST_REASON = 200
NO_ANSWER = "The address did not answer in time."
_kept = threading.local()


def ask(method: str, url: str, content: bytes | None, headers: dict[str, str], *, most_bytes: int) -> Answer:
    """Ask once on the errand of this thread (see ``incidents.kernel.http.request``)."""
    mine = under_way()
    try:
        response = session(mine).request(
            method, url, data=content, headers=headers, allow_redirects=False, stream=True, timeout=(CONNECT, READ)
        )
        body, is_whole = read_to(response.raw, most_bytes)
    except (requests.RequestException, HTTPError, OSError, ValueError) as broken:
        raise Unreachable(NO_ANSWER if mine.is_over else reason(broken)) from broken
    if mine.is_over:
        raise Unreachable(NO_ANSWER)
    found = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, found, body, is_whole)


def read_to(raw: HTTPResponse, most_bytes: int) -> tuple[bytes, bool]:
    """The answer as it came over the wire, and whether that is all of it; the connection is kept only when it is."""
    body = b""
    while len(body) <= most_bytes:
        piece = raw.read(min(_PIECE, most_bytes + 1 - len(body)), decode_content=False)
        if not piece:
            raw.release_conn()
            return body, True
        body += piece
    raw.close()
    return body[:most_bytes], False


def reason(broken: BaseException) -> str:
    """One plain sentence on what went wrong below; it holds nothing that the other side wrote."""
    causes = list(_causes(broken))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate of the address is not good: {one_line(cause.verify_message)}."
        if isinstance(cause, socket.gaierror):
            return "The name of the address is not known."
    if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
        return NO_ANSWER
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "The address does not speak TLS as it should."
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "The address refuses connections."
    if isinstance(broken, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | ValueError):
        return "This is not an address of the web."
    if any(isinstance(cause, http.client.RemoteDisconnected | ConnectionResetError) for cause in causes):
        return "The connection broke before an answer came."
    if any(isinstance(cause, http.client.IncompleteRead) for cause in causes):
        return "The connection broke half-way through the answer."
    return f"The connection broke: {one_line(type(causes[-1]).__name__)}."[:_LONGEST_REASON]


def _causes(broken: BaseException) -> Iterator[BaseException]:
    """The error, and every error that it was made of."""
    seen: set[int] = set()
    waiting = [broken]
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]


# ---- the connection ----


def session(mine: Errand) -> requests.Session:
    """One a thread. What it keeps was judged under these very rules, so other rules have another one."""
    sessions: dict[Any, requests.Session] = _kept.__dict__.setdefault("sessions", {})
    rules = (mine.is_trusted, mine.allow)
    if rules not in sessions:
        new = Session()
        new.trust_env = False  # no proxy, no netrc
        # plain, so that what is read is what is used
        new.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": "Sevenbells", "Accept": "*/*", "Accept-Encoding": "identity"}
        )
        adapter = Adapter()
        new.mount("https://", adapter)
        new.mount("http://", adapter)
        sessions[rules] = new
    return sessions[rules]


def hang_up() -> None:
    """Close what this thread keeps open."""
    for session in _kept.__dict__.pop("sessions", {}).values():
        session.close()


class Session(requests.Session):
    """Where a redirect is an answer: even unfollowed, requests would read all of it and unpack it."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Adapter(HTTPAdapter):
    """How requests reaches the network here."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, ssl_context=_authorities())
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Past every proxy, and with the certificate verified whatever was asked for."""
        return super().get_connection_with_tls_context(request, True, proxies=None, cert=None)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context has the system's authorities, and those of SSL_CERT_FILE."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return super().request_url(request, None)


@cache
def _authorities() -> ssl.SSLContext:
    """Read once a process: the system's some hundred and forty certificates take longer to read than a request takes."""
    return ssl.create_default_context()


def _open(connection: HTTPConnection, *, is_encrypted: bool) -> socket.socket:
    """Connect to the first address of the name that may be connected to; raises Blocked where none may."""
    mine = under_way()
    refusal: Exception | None = None
    for family, place in _places(connection.host, connection.port or 0, mine):
        try:
            if not mine.is_trusted:
                admit(_address(place[0]), port=place[1], is_encrypted=is_encrypted, allow=mine.allow)
            return _connected(family, place, mine)
        except (Blocked, OSError) as closed:
            # an address that could not be reached says more than a neighbour that may not be
            refusal = closed if refusal is None or isinstance(refusal, Blocked) else refusal
    raise refusal or socket.gaierror(socket.EAI_NONAME, "no address")


def _places(host: str, port: int, mine: Errand) -> list[tuple[int, Any]]:
    """Asked in a thread of its own, because nothing else can end a resolver that hangs."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as unknown:
            found.append(unknown if isinstance(unknown, OSError) else socket.gaierror(str(unknown)))

    resolver = threading.Thread(target=look_up, name="resolver", daemon=True)
    resolver.start()
    resolver.join(min(CONNECT, mine.seconds_left()))
    if not found:
        raise TimeoutError("the resolver did not answer")
    if isinstance(found[0], OSError):
        raise found[0]
    return [(entry[0], entry[4]) for entry in found[0]]


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _connected(family: int, place: Any, mine: Errand) -> socket.socket:
    """By the address that was judged, and never by the name again."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(min(CONNECT, mine.seconds_left()))
        sock.connect(place)
    except BaseException:
        sock.close()
        raise
    return sock


class _Watched:
    """A connection that each errand watches while it uses it."""

    def request(self, *args: Any, **options: Any) -> None:
        assert isinstance(self, HTTPConnection)
        under_way().watch(self)
        super().request(*args, **options)  # type: ignore[misc]


class _Connection(_Watched, HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self, is_encrypted=False)


class _TlsConnection(_Watched, HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self, is_encrypted=True)


class _Pool(HTTPConnectionPool):
    ConnectionCls: Final = _Connection  # type: ignore[misc]


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls: Final = _TlsConnection  # type: ignore[misc]
