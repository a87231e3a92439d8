"""From the commit of a publication to the new bytes in every one of four web processes."""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from incidents.kernel.database import db
from incidents.published import publishing
from tests.bench import processes, scratch
from tests.bench.figures import Figure, Result
from tests.bench.page import _make_full_page
from tests.ports import free_port

_WORKERS, _PUBLICATIONS = 4, 50
_LONGEST = 10.0  # seconds


def measure() -> Iterator[Result]:
    """Fifty publications, one after another; of each the worker that shows it last counts."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as all_of_them:
        folder = Path(name)
        app = scratch.application(folder)
        all_of_them.enter_context(app)
        _make_full_page()
        db.session.commit()
        ports = [_start(folder, number, all_of_them) for number in range(_WORKERS)]
        readers = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for port in ports]
        seconds = []
        for number in range(_PUBLICATIONS):
            time.sleep(0.1 + number % 7 * 0.05)  # at any point between two looks at the revision
            seconds.append(_until_all_show(readers, f"Trouble number {number} of fifty"))
        for reader in readers:
            reader.close()
        seconds.sort()
        yield Figure(
            "From the commit to the bytes of every worker, median", statistics.median(seconds), "s", 0.5, "at most"
        )
        yield Figure("From the commit to the bytes of every worker, p99", seconds[-1], "s", 1, "at most")


def _start(folder: Path, number: int, running: ExitStack) -> int:
    """One more worker on the same files."""
    port = free_port()
    environ = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'sevenbells.db'}",
        "SECRET_KEY": "only for this benchmark, and nobody else",
        "BASE_URL": "http://127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "tests.bench.serve"]
    within = f"http://127.0.0.1:{port}/"
    running.enter_context(processes.running(command, environ=environ, log=folder / f"web{number}.log", within=within))
    return port


def _until_all_show(readers: list[http.client.HTTPConnection], title: str) -> float:
    publishing.rename(1, title)
    db.session.commit()
    began, waiting = time.perf_counter(), list(readers)
    while waiting and time.perf_counter() - began < _LONGEST:
        waiting = [reader for reader in waiting if title.encode() not in _page(reader)]
        time.sleep(0.002)
    return time.perf_counter() - began


def _page(reader: http.client.HTTPConnection) -> bytes:
    reader.request("GET", "/")
    return reader.getresponse().read()
