"""How often one token may ask: never less than a hundred times a second."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from ..kernel.errors import TooMany

PER_SECOND = 100.0
AT_ONCE = 200.0  # a burst of two seconds' worth

_lock = threading.Lock()
_buckets: dict[int, tuple[float, float]] = {}  # token id → what is left, and when that was
ticks: Callable[[], float] = time.monotonic


def take_one(token_id: int) -> None:
    """Count one request of a token in this process; raises TooMany where its bucket is empty."""
    with _lock:
        moment = ticks()
        left, since = _buckets.get(token_id, (AT_ONCE, moment))
        left = min(AT_ONCE, left + (moment - since) * PER_SECOND)
        _buckets[token_id] = (max(left - 1, 0.0) if left >= 1 else left, moment)
    if left < 1:
        raise TooMany(
            "This token asks more than a hundred times a second.", retry_after=math.ceil((1 - left) / PER_SECOND)
        )


def forget() -> None:
    """Begin anew with full buckets."""
    with _lock:
        _buckets.clear()
