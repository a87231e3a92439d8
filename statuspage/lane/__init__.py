"""The lane: the socket of the status page, which answers what is kept ready and passes everything else on.

A server for Python hands each request to a thread and back, and that costs more than all the rest of a page that is
already there (measured in docs/decisions/0011). So one thread of each web worker owns the public socket: it answers the
pages that the front door keeps ready, in the bytes it answered the same words with before, and joins every other
connection, byte for byte, to the server behind it.
"""

from __future__ import annotations

import select

from .arrivals import Arrivals, Doorstep
from .lane import Lane

__all__ = ["Arrivals", "Doorstep", "Lane", "is_possible"]


def is_possible() -> bool:
    """Whether this system has what the lane is made of: epoll, which is Linux's."""
    return hasattr(select, "epoll")
