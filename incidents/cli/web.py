"""`sevenbells web`: granian's workers behind the lane and the front door, forked from one process that has imported everything."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from incidents.kernel import settings as settings_module
from incidents.kernel.settings import Settings

from . import lifeline, starting
from .failures import CouldNot

if TYPE_CHECKING:
    from statuspage.frontdoor import FrontDoor
    from statuspage.lane import Arrivals, Doorstep

    from .gate import SchemaGate

    Loader = Callable[[str], FrontDoor]

# seconds that a thread may compute while another waits for the interpreter: the lane waits for it at each system call, and
# with Python's own 5 ms four requests that compute would make a page take 125 ms at p99 (with this: 17)
_TURN_OF_A_THREAD = 0.0005
_PORT_WITHIN = 3.0  # seconds for the workers of a predecessor that was killed to let go of the port
_MOST_FILES = (
    65_536  # that a worker may have open: a connection to the console takes three, and 1024, the usual, are few
)
_MIGRATION_WITHIN = 5.0  # seconds that a worker under `up` waits for the tables before it answers without them


@click.command("web")
@click.option("--under-up", is_flag=True, hidden=True, help="Somebody else migrates: wait for the tables.")
def web(*, under_up: bool) -> None:
    """Run the web workers alone (WEB_WORKERS of them, WEB_THREADS threads each).

    Any number of these on PostgreSQL. An old or newer schema is refused; while the database is away the saved page is
    served, and the check follows when it is back.
    """
    lifeline.tie_to_supervisor()
    settings = starting.settings()
    _wait_for_port(settings)

    import wsgi  # noqa: F401 - loaded once, here; the workers inherit it

    if not under_up:
        refuse_wrong_schema(settings)
    _serve(settings)


def refuse_wrong_schema(settings: Settings) -> None:
    """Raise CouldNot where the tables are older or newer than the program; a database that is away is no refusal."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    from . import schema

    try:
        found = schema.look(settings)
    except (OperationalError, InterfaceError):
        return
    if found is not schema.Schema.RIGHT:
        raise CouldNot(schema.REFUSALS[found])


def _wait_for_port(settings: Settings) -> None:
    from .up import refuse_taken_port

    deadline = time.monotonic() + _PORT_WITHIN
    while True:
        try:
            return refuse_taken_port(settings)
        except CouldNot:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _serve(settings: Settings, loader: Loader | None = None) -> None:
    """Serve what ``loader`` makes in each worker until a signal comes: behind the lane, where the system has one."""
    from statuspage import lane

    from .server import Server, listen

    loader = loader or load
    gc.collect()
    gc.freeze()  # what the workers share stays shared: the collector would touch, and so copy, every page of it
    doorstep = lane.Doorstep.make() if lane.is_possible() else None
    if doorstep is None:
        Server(settings, address=settings.host, port=settings.port).serve(target_loader=loader)
        return
    _allow_many_files()
    try:
        closing, lanes = socket.socketpair()
        with listen(settings) as public, closing, lanes:
            server = Server(settings, lanes, uds=doorstep.server, uds_permissions=0o600)
            server.serve(target_loader=partial(_load_with_lane, loader, public, closing, doorstep))
    finally:
        doorstep.remove()


def _allow_many_files() -> None:
    import resource  # which not every system has

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _load_with_lane(
    loader: Loader, public: socket.socket, closing: socket.socket, doorstep: Doorstep, target: str
) -> Arrivals:
    """In a worker: the same as ``loader``, with the lane before it."""
    from multiprocessing.util import Finalize

    from statuspage.lane import Arrivals, Lane

    door = loader(target)
    host, port = public.getsockname()[:2]
    sys.setswitchinterval(_TURN_OF_A_THREAD)
    lane = Lane(public, door, doorstep.join, closing=closing)
    lane.stop_on_signals()
    lane.start()
    # what has been asked of the lane is answered before the worker ends, which granian's own end does not wait for
    Finalize(None, lane.stop, exitpriority=1)
    return Arrivals(door, doorstep, host=host, port=port)


def load(_target: str) -> FrontDoor:
    """In a worker: the application behind its gate and its front door."""
    lifeline.tie_to(os.getppid())
    for number in (signal.SIGTERM, signal.SIGINT):
        # inherited from the process that forked us, whose handler would swallow a stop until we serve
        signal.signal(number, signal.SIG_DFL)
    settings = settings_module.load()

    import statuspage
    import wsgi

    from . import signing, surroundings
    from .gate import SchemaGate

    surroundings.forget_environment()
    app = wsgi.create_app(settings)
    gate = SchemaGate(app.wsgi_app, settings)
    _wait_for_tables(gate)
    signing.begin(app, "web")
    return statuspage.front(app, settings, gate)


def _wait_for_tables(gate: SchemaGate) -> None:
    deadline = time.monotonic() + _MIGRATION_WITHIN
    while gate.answers_but_is_shut() and time.monotonic() < deadline:
        time.sleep(0.02)
    gate.watch()


commands = [web]
