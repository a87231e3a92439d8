"""granian as `sevenbells web` runs it: forked workers, WSGI, HTTP/1.1, behind a public socket that is ours."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer

from incidents.kernel.settings import Settings

BACKLOG = 1024  # connections that may wait to be taken
# bytes that the kernel keeps for a slow reader: by itself it takes up to 4 MB, and a thousand such readers all its memory
_UNREAD = 262_144
_LAST_CALL = 0.25  # seconds for the server to be asked what those ask who were taken last
_STOP_WITHIN = 25  # seconds for requests in flight, of the 30 that we promise to be gone in


class Server(MPServer):
    """The workers; ``where`` is an address and a port, or a path for a socket of the machine's own.

    ``lanes`` is heard by the lanes before them: once it is shut they shut the public socket.
    """

    def __init__(self, settings: Settings, lanes: socket.socket | None = None, **where: Any) -> None:
        super().__init__(
            "wsgi",
            **where,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            websockets=False,
            workers=settings.web_workers,
            blocking_threads=settings.web_threads,
            backlog=BACKLOG,
            runtime_mode=RuntimeModes.st,
            # for files, which we do not serve that way; the default of 512 doubles the memory
            runtime_blocking_threads=1,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_WITHIN,
            log_level=LogLevels.error,
        )
        self._lanes = lanes

    def signal_handler_interrupt(self, *told: Any) -> None:
        """Whoever comes from now on is refused at once, and goes elsewhere; the workers finish what they have been asked."""
        if self._lanes is None:
            self._finish(*told)
        else:
            with contextlib.suppress(OSError):
                self._lanes.shutdown(socket.SHUT_WR)
            threading.Timer(_LAST_CALL, self._finish, told).start()

    def _finish(self, *told: Any) -> None:
        super().signal_handler_interrupt(*told)  # type: ignore[no-untyped-call]


def listen(settings: Settings) -> socket.socket:
    """The public socket; workers inherit it, so that what waits in it outlives any of them."""
    is_six = ":" in settings.host
    listener = socket.create_server(
        (settings.host, settings.port),
        family=socket.AF_INET6 if is_six else socket.AF_INET,
        backlog=BACKLOG,
        dualstack_ipv6=is_six and socket.has_dualstack_ipv6(),
    )
    # for each connection that comes from it
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD)
    return listener
