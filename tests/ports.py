"""Ports for programs that take a while to start, on a machine where other tests look for ports too."""

from __future__ import annotations

import os
import socket
import sys
from collections import deque

_MOST_KEPT = 100  # by each run of pytest; far more than a test starts programs

_kept: deque[int] = deque()  # descriptors, which end with the process


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody else is given for the next hundred calls.

    Who listens there sets SO_REUSEADDR, as all do: beside a socket that is bound, and does not listen, Linux allows it.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    port: int = keeper.getsockname()[1]
    _kept.append(keeper.detach())
    if sys.platform != "linux" or len(_kept) > _MOST_KEPT:
        os.close(_kept.popleft())
    return port
