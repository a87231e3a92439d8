"""Ties a child process to its parent: when the parent dies, however it dies, so does the child."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_PARENT = "SEVENBELLS_PARENT"
_PR_SET_PDEATHSIG = 1
_LOOK_EVERY = 0.5  # seconds; only where the kernel cannot tell us


def environment_for_children() -> dict[str, str]:
    """This process's environment with its id in it, so that a child knows whose it is."""
    return {**os.environ, _PARENT: str(os.getpid())}


def tie_to_supervisor() -> None:
    """Tie this process to the `sevenbells up` that started it; does nothing for one started by hand."""
    parent = os.environ.pop(_PARENT, "")
    if parent.isdigit():
        tie_to(int(parent))


def tie_to(parent: int) -> None:
    """Let this process end at once when the process ``parent``, which started it, ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)
