"""The clock process with a thread that hangs or dies, and a watchdog that loses patience within seconds."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta

import wsgi
from incidents.jobs import deliveries, loop, ticker, timetable
from incidents.jobs.stop import Stop
from incidents.jobs.watchdog import Patience

_FOR_EVER, _ticked = threading.Event(), threading.Event()


def hang(*_anything: object, **_named: object) -> int:
    """What a driver does that waits for an answer of a server that is gone."""
    _FOR_EVER.wait()
    return 0


def hang_at_the_second(_clock: object) -> None:
    """The first tick is well, and says so."""
    if _ticked.is_set():
        hang()
    _ticked.set()


def die(*_anything: object, **_named: object) -> float:
    """What no handler foresaw."""
    raise SystemExit


if __name__ == "__main__":
    if sys.argv[1] == "tick":
        ticker.Clock._next_bell_at = hang_at_the_second  # type: ignore[method-assign,assignment]
    elif sys.argv[1] == "lane":
        deliveries.Lane.next_due_in = hang  # type: ignore[method-assign]
    elif sys.argv[1] == "chore":
        timetable.EVERYWHERE = {hang: timedelta(seconds=0.2)}  # type: ignore[dict-item]
    elif sys.argv[1] == "dead":
        deliveries.Lane.next_due_in = die  # type: ignore[method-assign]
    soon = Patience(1.0, 2.5)
    loop.run(wsgi.create_app(), Stop(), patience=soon, with_lanes=soon)
