"""`sevenbells web`: granian's workers around the front door, forked from one process that has imported everything."""

from __future__ import annotations

import gc
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import click

from incidents.kernel import settings as settings_module
from incidents.kernel.settings import Settings

from . import lifeline, starting
from .failures import CouldNot

if TYPE_CHECKING:
    from .gate import SchemaGate

_STOP_WITHIN = 25  # seconds for requests in flight, of the 30 that we promise to be gone in
_PORT_WITHIN = 3.0  # seconds for the workers of a predecessor that was killed to let go of the port
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


def _serve(settings: Settings) -> None:
    from granian.constants import HTTPModes, Interfaces, RuntimeModes
    from granian.log import LogLevels
    from granian.server import Server

    gc.collect()
    gc.freeze()  # what the workers share stays shared: the collector would touch, and so copy, every page of it
    Server(
        "wsgi",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.web_workers,
        blocking_threads=settings.web_threads,
        runtime_mode=RuntimeModes.st,
        runtime_blocking_threads=1,  # for files, which we do not serve that way; the default of 512 doubles the memory
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_WITHIN,
        log_level=LogLevels.error,
    ).serve(target_loader=load)


def load(_target: str) -> Any:
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
