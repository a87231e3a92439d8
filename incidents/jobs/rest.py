"""When the clock's threads wake by themselves: all at the same moments, since a processor that was woken is warm."""

from __future__ import annotations

import time


def seconds_until_the_next(every: float) -> float:
    """To the next moment that is a multiple of ``every`` seconds for all threads of this process."""
    return every - time.monotonic() % every
