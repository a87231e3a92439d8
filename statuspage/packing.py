"""Gzip for documents that are made again and again: what they had before is not compressed anew.

A page's head, style sheet and all, is compressed once and gone on from. Long pieces that most changes leave alone, such as
a month's announced work that comes daily, are compressed by themselves and set in as they are (RFC 1951 lets blocks that
look back at nothing stand behind one another).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .prepared import GZIP_LEVEL, compress

_RAW = -15  # zlib's word for deflate without anything around it
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"  # as zlib writes it itself: no name, no time
_TAIL = struct.Struct("<LL")
_HEAD_ENDS = b"</style>"
_WORKS_BEGIN, _WORKS_END = b'<h3 class="sub3">', b"</section>"
_PAGE_BEGINS, _PAGE_ENDS = (
    b'{"page":{',
    b'},"',
)  # who we are stands first in every answer of the API, and says what changed last
_LONG = 8_000  # bytes; below it is not worth the letters that looking back would have saved


def pack(body: bytes) -> bytes:
    """The body compressed; without long pieces the same bytes as ``prepared.compress``, in half the time or less."""
    end = max(body.find(_HEAD_ENDS), 0)
    pieces = [*_long_pieces(body, end)]
    if not end and not pieces:
        return compress(body)
    head, at_its_end = _packed_head(body[:end])
    packing, seen = at_its_end.copy(), memoryview(body)
    parts = [_GZIP, head]
    for begins, ends in pieces:
        parts += [
            packing.compress(seen[end:begins]),
            packing.flush(zlib.Z_FULL_FLUSH),
            _packed_piece(body[begins:ends]),
        ]
        end = ends
    parts += [packing.compress(seen[end:]), packing.flush(), _TAIL.pack(zlib.crc32(body), len(body) % 2**32)]
    return b"".join(parts)


def _long_pieces(body: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Where they begin and end, in their order."""
    if body.startswith(_PAGE_BEGINS):
        begins = body.find(_PAGE_ENDS)
        if begins > 0 and len(body) - begins > _LONG:
            yield begins, len(body)
        return
    begins = body.find(_WORKS_BEGIN, start)
    while begins > 0:
        ends = body.find(_WORKS_END, begins)
        if ends - begins > _LONG:
            yield begins, ends
        begins = body.find(_WORKS_BEGIN, max(ends, begins + 1))


@lru_cache(maxsize=12)  # a quarter of a megabyte each: the first page, the history, the forms, and what is open
def _packed_head(head: bytes) -> tuple[bytes, Any]:
    packing = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _RAW)
    return packing.compress(head), packing


@lru_cache(maxsize=12)
def _packed_piece(piece: bytes) -> bytes:
    packing = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _RAW)
    packed: bytes = packing.compress(piece) + packing.flush(zlib.Z_FULL_FLUSH)
    return packed
