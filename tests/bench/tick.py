"""The clock process as ``sevenbells clock`` runs it, without asking for the migrations of a scratch database."""

from __future__ import annotations

import signal

import wsgi
from incidents.jobs import loop
from incidents.jobs.stop import Stop

if __name__ == "__main__":
    stop = Stop()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    loop.run(wsgi.create_app(), stop)
