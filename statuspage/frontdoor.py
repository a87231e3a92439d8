"""The front door: a WSGI callable that answers the page from prepared bytes, and lets few others in to Flask.

On the way of a prepared page there is no lock, no parsing, no database and no Flask: a look at eight mapped bytes, one
dictionary, and the lists that were made beforehand. Before it stands the lane (``statuspage.lane``), which asks it once a
second for what the same words get.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import contents
from .files import Files
from .prepared import Document, Headers, Prepared
from .renewer import Renewer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_KEPT_FREE = 2  # threads that Flask never gets, so that slow work cannot stop the page
_MOST_ENCODINGS = 256
_SHORT = 1024 * 1024
_NO_GZIP = re.compile(r"\bgzip\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$)")
_PUBLIC = ("/incidents/", "/components/", "/maintenances/", "/maintenance.ics", "/history", "/api/v2/", "/static/",
           "/badge.", "/embed", "/subscribe", "/subscriptions/", "/robots.txt", "/sitemap.xml", "/favicon.ico")  # fmt: skip
_PREFLIGHT = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Max-Age", "86400"),
    ("Allow", "GET, HEAD, OPTIONS"),
]
_PLAIN = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]

_ALIVE = [*_PLAIN, ("Content-Length", "3"), ("Cache-Control", "no-store")]
_NO_PAGE_YET = (
    "503 Service Unavailable",
    [*_PLAIN, ("Content-Length", "12"), ("Cache-Control", "no-store")],
    [b"no page yet\n"],
)


class FrontDoor:
    """Wraps a WSGI app. ``threads`` is how many requests a worker takes at once; ``files`` are served without it."""

    def __init__(
        self,
        app: WSGIApplication,
        renewer: Renewer,
        *,
        threads: int,
        base_url: str = "",
        page_url: str | None = None,
        files: Files | None = None,
    ) -> None:
        self._app = app
        self._files = files
        self._renewer = renewer
        self._memory = renewer.shelf.memory
        self._takes_gzip: dict[str | None, bool] = {None: False, "": False}
        self._inside = threading.BoundedSemaphore(max(1, threads - _KEPT_FREE))
        self._page_host = _host_of_its_own(page_url, base_url)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ready = self.ready(environ)
        if ready is None:
            return self._otherwise(environ, start_response)
        status, headers, bodies = ready
        start_response(status, headers)
        return bodies

    def edition(self) -> tuple[object, object]:
        """Two objects; while both are the very same as before, ``ready`` answers as before. Reads what a neighbour wrote."""
        renewer = self._renewer
        if self._memory[:8] != renewer.seen:
            renewer.look_again()
        return renewer.pages, renewer.picture

    def ready(self, environ: WSGIEnvironment) -> tuple[str, Headers, list[bytes]] | None:
        """Status, headers and body where this is a GET of a page kept ready; None for whatever takes more than a look.

        Of ``environ`` it reads the method, the path, the query, and the three headers that an answer may depend on.
        """
        renewer = self._renewer
        if self._memory[:8] != renewer.seen:
            renewer.look_again()
        address = environ["PATH_INFO"]
        if environ.get("QUERY_STRING"):
            address = renewer.address(address, environ["QUERY_STRING"])
        prepared = renewer.pages.get(address) or renewer.remembered(address)
        if environ["REQUEST_METHOD"] != "GET":
            return None
        if prepared is None:
            return self._live() if address == "/health/live" else None
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        takes_gzip = self._takes_gzip.get(accepted)
        if takes_gzip is None:
            takes_gzip = self._learn(accepted)
        variant = prepared.gzipped if takes_gzip else prepared.plain
        asks = "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ
        if asks and is_unchanged(prepared, variant.etag, environ):
            return "304 Not Modified", variant.unchanged_headers, []
        return "200 OK", variant.headers, variant.bodies

    def _otherwise(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if path == "/health/live":
            status, headers, bodies = self._live()
            start_response(status, headers)
            return bodies if environ["REQUEST_METHOD"] != "HEAD" else []
        if environ["REQUEST_METHOD"] == "OPTIONS" and contents.OPEN.fullmatch(path):
            return preflight(environ, start_response)
        address = self._renewer.address(path, query)
        prepared = self._renewer.pages.get(address) or self._renewer.remembered(address)
        if prepared is None and self._files is not None:
            prepared = self._files.get(path, query)
        if prepared is not None and not (environ["REQUEST_METHOD"] == "POST" and path in contents.TAKES_FORMS):
            return send(prepared, environ, start_response)
        if self._page_host and _host(environ) == self._page_host and path != "/" and not path.startswith(_PUBLIC):
            return send_missing(self._renewer.missing(query), environ, start_response)
        return self._let_in(environ, start_response)

    def _live(self) -> tuple[str, Headers, list[bytes]]:
        """200 while the page can be served, database or not."""
        return ("200 OK", _ALIVE, [b"ok\n"]) if "/" in self._renewer.pages else _NO_PAGE_YET

    def _let_in(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """On to Flask, while there is a place; the answer is Flask's."""
        if not self._inside.acquire(blocking=False):
            start_response("503 Service Unavailable", [*_PLAIN, ("Retry-After", "1"), ("Cache-Control", "no-store")])
            return [b"Busy, try again in a second.\n"]
        said: list[Any] = []

        def note(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            said[:] = [status, headers]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            guest = _Guest(self._app(environ, note), self._inside.release)
        except BaseException:
            self._inside.release()
            raise
        if not _is_short(*said):
            return guest
        try:  # a short one is read here and now, so that its place is free before it travels
            return list(guest)
        finally:
            guest.close()

    def _learn(self, accepted: str | None) -> bool:
        """Remember what an Accept-Encoding means; there are few in the world, and hostile ones are not kept."""
        takes_gzip = accepts_gzip(accepted)
        if len(self._takes_gzip) < _MOST_ENCODINGS:
            self._takes_gzip[accepted] = takes_gzip
        return takes_gzip


class _Guest:
    """A response of Flask on its way out; its place is free again when the server closes it."""

    def __init__(self, body: Iterable[bytes], leave: Callable[[], Any]) -> None:
        self._body = body
        self._leave: Callable[[], Any] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        leave, self._leave = self._leave, None
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            if leave is not None:
                leave()


def _is_short(status: str = "", headers: Iterable[tuple[str, str]] = ()) -> bool:
    """Whether the whole answer is known to be at hand, and small enough to hold."""
    length = next((value for name, value in headers if name.lower() == "content-length"), None)
    return status[:3] in ("204", "304") or (length is not None and length.isdigit() and int(length) <= _SHORT)


def send(prepared: Prepared, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with a prepared page, whatever the method."""
    method = environ["REQUEST_METHOD"]
    if method not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [*_PLAIN, ("Allow", "GET, HEAD")])
        return [b"This address can only be read.\n"]
    variant = prepared.gzipped if accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING")) else prepared.plain
    if is_unchanged(prepared, variant.etag, environ):
        start_response("304 Not Modified", variant.unchanged_headers)
        return []
    start_response("200 OK", variant.headers)
    return variant.bodies if method == "GET" else []


def preflight(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Tell a browser that a program of another site may read this address, with whatever headers it likes."""
    start_response("204 No Content", _PREFLIGHT)
    return []


def send_missing(document: Document | None, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Say that nothing is here; in the same bytes whatever was asked for."""
    body = document.body if document else b"Nothing is published here.\n"
    headers = {"Content-Type": document.content_type, **document.headers} if document else dict(_PLAIN)
    more = {"Content-Length": str(len(body)), "Cache-Control": "public, max-age=15", "Access-Control-Allow-Origin": "*"}
    start_response("404 Not Found", [*headers.items(), *more.items()])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def accepts_gzip(accepted: str | None) -> bool:
    """Whether ``Accept-Encoding`` names gzip (or anything) and does not refuse it."""
    wanted = (accepted or "").lower()
    return ("gzip" in wanted and not _NO_GZIP.search(wanted)) or wanted.strip() == "*"


def is_unchanged(prepared: Prepared, etag: str, environ: WSGIEnvironment) -> bool:
    """Whether the client already has it (RFC 9110, 13.1): by ETag, weakly compared; else by date."""
    theirs = environ.get("HTTP_IF_NONE_MATCH")
    if theirs is None:
        return prepared.last_modified is not None and environ.get("HTTP_IF_MODIFIED_SINCE") == prepared.last_modified
    if theirs in (etag, "*"):
        return True
    return any(each.strip().removeprefix("W/") == etag for each in theirs.split(","))


def _host_of_its_own(page_url: str | None, base_url: str) -> str | None:
    """The page's host, where it is another than the console's."""
    if page_url is None:
        return None
    page, console = urlsplit(page_url).netloc.lower(), urlsplit(base_url).netloc.lower()
    return page if page != console else None


def _host(environ: WSGIEnvironment) -> str:
    host: str = environ.get("HTTP_HOST", "")
    return host.lower()
