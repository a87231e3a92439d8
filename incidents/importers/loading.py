"""Gets JSON from a page or a file: bounded in size, number and time, and never from a private address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..kernel import http
from ..kernel.http import Answer, Unreachable
from ..kernel.settings import Settings
from .found import Unreadable

_MOST_BYTES = 16 * 1024 * 1024  # of one answer, and of a file
_MOST_BYTES_IN_ALL = 256 * 1024 * 1024
_MOST_REQUESTS = 3000
_LONGEST = 900.0  # seconds for all of it
_DEEPEST = 60

Ask = Callable[..., Answer]


class Missing(Unreadable):
    """Nothing is at this address."""


class Page:
    """One page on the web, asked again and again. ``ask`` is the guarded HTTP; tests give another."""

    def __init__(
        self, address: str, settings: Settings, *, headers: Mapping[str, str] | None = None, ask: Ask = http.request
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreadable("Give an address that begins with https://, or a file.")
        self.base = f"{parts.scheme}://{parts.netloc}"
        self.path = parts.path
        self.host = parts.netloc.rpartition("@")[2].lower()
        self._settings = settings
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._ask = ask
        self._ends = time.monotonic() + _LONGEST
        self._asked = self._bytes = 0

    def json(self, path: str) -> Any:
        """What stands at this path of the page. Raises Missing, Unreadable, and what the guarded HTTP raises."""
        self._asked += 1
        if self._asked > _MOST_REQUESTS or time.monotonic() > self._ends or self._bytes > _MOST_BYTES_IN_ALL:
            raise Unreadable("The page is too large or too slow to be read in one go.")
        address = urljoin(self.base, path)
        answer = self._ask("GET", address, self._settings, headers=self._headers, most_bytes=_MOST_BYTES)
        self._bytes += len(answer.body)
        return _parsed(self._body(answer, address), of=address)

    def _body(self, answer: Answer, address: str) -> bytes:
        if answer.status in (404, 410):
            raise Missing(f"Nothing is at {address}.")
        if answer.status in (301, 302, 303, 307, 308):
            raise Unreadable(f"{address} leads on to {answer.headers.get('location', 'elsewhere')}. Give that address.")
        if answer.status in (401, 403):
            raise Unreadable(f"{address} wants a token, or another one.")
        if answer.status != 200:
            raise Unreachable(f"{address} answered with status {answer.status}. Try again later.")
        return http.unpacked(answer, _MOST_BYTES) if answer.is_whole else _too_large(address)


def of_file(path: Path) -> Any:
    """What stands in an export file. Raises Unreadable."""
    with path.open("rb") as file:
        body = file.read(_MOST_BYTES + 1)
    return _parsed(body if len(body) <= _MOST_BYTES else _too_large(str(path)), of=str(path))


def _too_large(what: str) -> bytes:
    raise Unreadable(f"{what} has more than {_MOST_BYTES // 1024 // 1024} MB.")


def _parsed(body: bytes, *, of: str) -> Any:
    try:
        return json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        raise Unreadable(f"{of} holds no JSON.") from None
