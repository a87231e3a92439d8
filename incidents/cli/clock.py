"""`sevenbells clock`: the process that rings when something is due, and sends what must leave."""

from __future__ import annotations

import os
import signal
import threading

import click
from sqlalchemy.exc import InterfaceError, OperationalError

from incidents.jobs.stop import Stop
from incidents.kernel.settings import Settings

from . import lifeline, schema, signing, starting
from .failures import CouldNot, first_line

_LONGEST_WAIT = 5.0  # seconds between two tries while the database is away
_FOR_LAST_WORDS = 1.0  # seconds


@click.command("clock")
@click.option("--under-up", is_flag=True, hidden=True, help="Started by `up`.")
def clock(*, under_up: bool) -> None:
    """Run the clock alone: reminders, escalations, deliveries, audit.

    Any number of these on PostgreSQL. An old or newer schema is refused, as soon as the database answers.
    """
    lifeline.tie_to_supervisor()
    settings = starting.settings()
    stop = _stop_on_signals()
    _check_when_it_answers(settings, stop)
    if stop.is_set():
        return

    import wsgi
    from incidents import slack
    from incidents.jobs import loop

    app = wsgi.create_app(settings)
    code = 1
    try:
        with slack.listening(app, stop), signing.noted(app, "clock"):
            loop.run(app, stop)
        code = 0
    finally:
        end_soon(code)


def end_soon(code: int) -> None:
    """Let this process end, whatever hangs in it: the interpreter waits for threads of a pool as long as they take."""
    last_word = threading.Timer(_FOR_LAST_WORDS, os._exit, (code,))
    last_word.daemon = True
    last_word.start()


def _stop_on_signals() -> Stop:
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _check_when_it_answers(settings: Settings, stop: Stop) -> None:
    wait = 0.25
    while not stop.is_set():
        try:
            found = schema.look(settings)
        except (OperationalError, InterfaceError) as away:
            if wait == 0.25:
                click.echo(f"The clock waits for the database ({first_line(away)}).", err=True)
            stop.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            continue
        if found is not schema.Schema.RIGHT:
            raise CouldNot(schema.REFUSALS[found])
        return


commands = [clock]
