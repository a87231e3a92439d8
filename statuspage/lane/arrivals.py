"""Where the server behind the lane is reached, and how it learns who is asking.

It listens on a socket in a folder that nobody else may enter. A connection that the lane passes on comes from a socket
named after its visitor's address, which the server hands to the application as ``REMOTE_ADDR``: no byte of the
connection is touched, and nobody outside can claim such a name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX = "sevenbells-"
_LONGEST_PLACE = 20  # bytes of the 107 that a socket's name may have
_IN_MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own in it; a full disk does not keep us from making sockets there
_USUAL = "/tmp"  # noqa: S108 - as above, where TMPDIR is long


class Doorstep:
    """The folder of one web process, and the socket in it; workers inherit it, or are given it when they are spawned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0  # of the connections that this process has joined

    @classmethod
    def make(cls) -> Doorstep | None:
        """A new one; those that killed processes left behind are swept away. None where there is no place for sockets."""
        for place in (_IN_MEMORY, tempfile.gettempdir(), _USUAL):
            for left in Path(place).glob(f"{_PREFIX}*-*"):
                _sweep(left)
            if len(place) <= _LONGEST_PLACE:
                with contextlib.suppress(OSError):
                    return cls(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place)))
        return None

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def server(self) -> Path:
        """The address of the server's socket."""
        return self.folder / "server"

    def join(self, visitor: str) -> socket.socket:
        """A connection to the server on behalf of a visitor's address; does not wait. Raises OSError when it is refused."""
        joined = socket.socket(socket.AF_UNIX)
        try:
            joined.setblocking(False)
            self._number += 1
            name = self.folder / f"{os.getpid()}.{self._number}@{visitor.partition('%')[0]}"  # without IPv6's zone
            joined.bind(str(name))
            try:
                joined.connect(str(self.server))
            finally:
                name.unlink()  # the name stays with the connection
        except OSError:
            joined.close()
            raise
        return joined


def _sweep(left: Path) -> None:
    """Remove the folder of a process that is no more, where it is ours to remove."""
    owner = left.name.removeprefix(_PREFIX).partition("-")[0]
    try:
        if left.stat().st_uid == os.getuid() and not Path(f"/proc/{int(owner)}").exists():
            shutil.rmtree(left, ignore_errors=True)
    except (OSError, ValueError):
        pass


class Arrivals:
    """WSGI around ``app``: gives requests that came over the lane their visitor's address, and the public host and port."""

    def __init__(self, app: WSGIApplication, doorstep: Doorstep, *, host: str, port: int) -> None:
        self._app = app
        self._begins = f"{doorstep.folder}/"
        self._host, self._port = host, str(port)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"] = told.rpartition("@")[2] if told.startswith(self._begins) else ""
        environ["SERVER_NAME"], environ["SERVER_PORT"] = self._host, self._port
        return self._app(environ, start_response)
