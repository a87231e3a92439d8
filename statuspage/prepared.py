"""One address of the page as finished bytes: plain and gzipped, with headers, ETags and the answer "not modified"."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

Headers = list[tuple[str, str]]

# One quarter of a minute fresh, a minute more while it is fetched anew, a day when we are gone (docs/reliability).
CACHE_CONTROL = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
# Data and pictures: any site may read and show them, none may frame them.
OPEN: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_ALWAYS: Headers = [("Vary", "Accept-Encoding")]
GZIP_LEVEL = 5  # half the work of 9, for two per cent more bytes


@dataclass(frozen=True, slots=True)
class Document:
    """What a renderer hands over: a body, its type, and the headers that only it needs."""

    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a document. ``bodies`` is the list that WSGI wants, made once."""

    etag: str
    headers: Headers
    bodies: list[bytes]
    unchanged_headers: Headers


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document in both encodings, ready to be sent."""

    plain: Variant
    gzipped: Variant
    last_modified: str | None

    @property
    def size(self) -> int:
        """How many bytes it holds in memory, but for its headers."""
        return sum(map(len, (*self.plain.bodies, *self.gzipped.bodies)))


def compress(body: bytes) -> bytes:
    """Gzip; the same bytes for the same body."""
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def prepare(document: Document, compressed: bytes | None = None, *, cache_control: str = CACHE_CONTROL) -> Prepared:
    """Everything that can be done before somebody asks; ``compressed`` when that is already known."""
    digest = hashlib.sha256(document.body).hexdigest()[:24]
    smaller = compress(document.body) if compressed is None else compressed
    last_modified = format_datetime(document.changed_at, usegmt=True) if document.changed_at else None
    common = [("Cache-Control", cache_control), *_ALWAYS, *document.headers.items()]
    if last_modified:
        common.append(("Last-Modified", last_modified))
    return Prepared(
        plain=_variant(f'"{digest}"', document, common, document.body, ()),
        gzipped=_variant(f'"{digest}-gzip"', document, common, smaller, (("Content-Encoding", "gzip"),)),
        last_modified=last_modified,
    )


def _variant(
    etag: str, document: Document, common: Headers, body: bytes, encoding: Iterable[tuple[str, str]]
) -> Variant:
    return Variant(
        etag=etag,
        headers=[
            ("Content-Type", document.content_type),
            ("Content-Length", str(len(body))),
            ("ETag", etag),
            *encoding,
            *common,
        ],
        bodies=[body],
        unchanged_headers=[("ETag", etag), *common],
    )
