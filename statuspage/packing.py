"""Gzip for pages that are made again and again: their head, style sheet and all, is compressed once and gone on from."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

from .prepared import GZIP_LEVEL, compress

_HEAD_ENDS = b"</style>"
_AS_GZIP = 31  # zlib's word for it; with a header that names no time, as ``prepared.compress`` writes it


def pack(body: bytes) -> bytes:
    """The body compressed, by the same means as ``prepared.compress``, in half the time where its head is known."""
    end = body.find(_HEAD_ENDS)
    if end < 0:
        return compress(body)
    head = body[:end]
    packed, at_its_end = _packed_head(head)
    packing = at_its_end.copy()
    rest: bytes = packing.compress(memoryview(body)[end:]) + packing.flush()
    return packed + rest


@lru_cache(maxsize=12)  # a quarter of a megabyte each: the first page, the history, the forms, and what is open
def _packed_head(head: bytes) -> tuple[bytes, Any]:
    packing = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _AS_GZIP)
    return packing.compress(head), packing
