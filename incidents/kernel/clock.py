"""The only question about the time.

Everything asks ``now()``; tests wind ``source`` and nothing sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """The present instant, aware, in UTC, to the microsecond."""
    return source()


def to_the_minute(moment: datetime) -> datetime:
    """The same instant cut down to its whole minute, so that what is printed is what is measured."""
    return moment.replace(second=0, microsecond=0)
