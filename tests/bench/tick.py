"""The clock process as ``sevenbells clock`` runs it, without asking for the migrations of a scratch database."""

from __future__ import annotations

import signal
import threading

import wsgi
from incidents.jobs import loop

if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    loop.run(wsgi.create_app(), stop)
