"""``sevenbells up`` from nothing: its first answer, its memory, and what it costs to do nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import processes
from tests.bench.figures import Figure, Result
from tests.ports import free_port

_IDLE_FOR = 20.0  # seconds


def measure() -> Iterator[Result]:
    """Seconds to the first answer on a migrated database, megabytes a web worker, share of one CPU while idle."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firsts = []
        for number in range(5):
            port = free_port()
            environ = {"DATA_DIR": str(folder / "var"), "PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}"}
            started = time.perf_counter()
            with processes.running(_UP, environ=environ, log=folder / "up.log") as up:
                processes.first_answer(f"http://127.0.0.1:{port}/", up, folder / "up.log")
                took = time.perf_counter() - started
                if number == 0:
                    yield Figure("up: first answer, on a new database", took, "s", 2.5, "at most")
                else:
                    firsts.append(took)
                if number == 4:
                    yield Figure(
                        "up: first answer, on a known database (median)", statistics.median(firsts), "s", 2.5, "at most"
                    )
                    yield from _at_rest(up.pid)
        yield Figure("sevenbells --help", _help(), "s", 0.3, "at most")


_UP = [sys.executable, "-m", "incidents.cli", "up"]


def _at_rest(pid: int) -> Iterator[Result]:
    time.sleep(5)
    webs = [one for one in processes.family(pid) if " web " in f"{processes.command_line(one)} "]
    parent = min(webs)
    workers = [processes.resident_megabytes(one) for one in webs if one != parent] or [0.0]
    before = processes.cpu_seconds(pid)
    time.sleep(_IDLE_FOR)
    used = (processes.cpu_seconds(pid) - before) / _IDLE_FOR * 100
    yield Figure("up: resident memory a web worker (largest)", max(workers), "MB", 90, "at most")
    yield Figure("up: all processes' CPU while idle, share of one core", used, "%", 1, "at most")


def _help() -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "incidents.cli", "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)
