"""The order to end, which a signal's handler gives and threads of all kinds obey."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stop(threading.Event):
    """An event that also rouses who sleeps by something else. ``rouse`` may wait for nothing: a handler calls it."""

    def __init__(self) -> None:
        super().__init__()
        self.rouse: Callable[[], None] = lambda: None

    def set(self) -> None:
        """From now on it is time to end."""
        super().set()
        self.rouse()
