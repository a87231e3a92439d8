"""Outgoing requests: none to a private address that somebody typed in, none without an end, none that is led elsewhere.

What stands in the environment is trusted and may be anywhere; every other address is judged at the moment of
connecting. The limits hold for both.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from ..settings import Settings

MOST_BYTES = 64 * 1024  # of an answer; what follows is not read


class Blocked(Exception):
    """This address must not be asked. Says why, in one plain sentence."""


class Unreachable(Exception):
    """Nothing useful came back. Says what happened, in one plain sentence."""


@dataclass(frozen=True)
class Answer:
    """What came back. ``body`` is cut at the limit, and then ``is_whole`` is false; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool


def request(
    method: str,
    url: str,
    settings: Settings,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    is_trusted: bool = False,
    most_bytes: int = MOST_BYTES,
    patience: float | None = None,
) -> Answer:
    """Ask once, within 30 s in all (or ``patience``, where that is less).

    A redirect is an answer like any other, and is not followed.

    ``is_trusted`` is for addresses from the environment alone. Raises Blocked and Unreachable.
    """
    from . import errands, wire  # requests is loaded by the process that asks, not by every web worker

    with errands.errand(settings, is_trusted=is_trusted, patience=patience):
        return wire.ask(method, url, content, dict(headers or {}), most_bytes=most_bytes)


def get(url: str, settings: Settings, *, most_bytes: int) -> bytes:
    """What stands at an address that somebody typed in, unpacked; raises Blocked and Unreachable."""
    answer = request("GET", url, settings, most_bytes=most_bytes)
    if answer.status != 200:
        raise Unreachable(f"The address answered with status {answer.status}.")
    body = unpacked(answer, most_bytes)
    if not answer.is_whole or len(body) > most_bytes:
        raise Unreachable(f"The address answered with more than {most_bytes // 1024:,} kB.")
    return body


def unpacked(answer: Answer, most_bytes: int) -> bytes:
    """Some compress what was asked for plain; a small answer may stand for gigabytes, so it is unpacked to a limit."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        return answer.body
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise Unreachable("The address answered in a packing that was not asked for.")
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(answer.body, most_bytes + 1)
    except zlib.error:
        raise Unreachable("The address answered with something that cannot be unpacked.") from None


__all__ = ["MOST_BYTES", "Answer", "Blocked", "Unreachable", "get", "request", "unpacked"]
