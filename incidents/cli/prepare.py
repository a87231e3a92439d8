"""`sevenbells prepare`: what `up` lets a child do once at its start: migrate, and print the set-up link."""

from __future__ import annotations

import time
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from incidents.kernel.settings import Settings

from . import lifeline, migrating, schema, starting
from .failures import first_line

_LONGEST_WAIT = 5.0  # seconds between two tries while the database is away


@click.command("prepare", hidden=True)
def prepare() -> None:
    """Migrate as soon as the database answers, then print the set-up link while nobody exists."""
    lifeline.tie_to_supervisor()
    settings = starting.settings()
    copy = _migrate_when_it_answers(settings)
    if copy is not None:
        click.echo(f"Copied the database to {copy} before migrating it.")
    if _nobody_exists(settings):
        _print_setup_link()


def _migrate_when_it_answers(settings: Settings) -> Path | None:
    wait = 0.25
    while True:
        try:
            return migrating.upgrade(settings)
        except (OperationalError, InterfaceError) as away:
            if wait == 0.25:
                click.echo(f"The database does not answer ({first_line(away)}); waiting for it.", err=True)
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)


def _nobody_exists(settings: Settings) -> bool:
    # asked in plain SQL: on every start but the first there is no need to load the program for it
    with schema.brief_engine(settings) as engine, engine.connect() as connection:
        has_table = connection.dialect.has_table(connection, "people")
        return has_table and connection.execute(text("SELECT 1 FROM people LIMIT 1")).first() is None


def _print_setup_link() -> None:
    from incidents.actions import first_run
    from incidents.kernel.database import db

    with starting.application().app_context():
        link = first_run.new_setup_link()
        db.session.commit()
    if link is not None:
        click.echo(f"Set up the first account here, within 15 minutes: {link}")


commands = [prepare]
