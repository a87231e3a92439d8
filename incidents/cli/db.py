"""`sevenbells db …`: migrations."""

from __future__ import annotations

from pathlib import Path

import click

from . import starting
from .failures import CouldNot


@click.group("db")
def db() -> None:
    """Migrate the database, or check it."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables to REVISION, by default the newest.

    A SQLite file is copied first. Two that start at once take turns.
    """
    from . import migrating

    _tell_of(migrating.upgrade(starting.settings(), revision))


@db.command(context_settings={"ignore_unknown_options": True})  # -1 is a revision here
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION; -1 is the one before this, `base` removes them all.

    A SQLite file is copied first.
    """
    from . import migrating

    _tell_of(migrating.downgrade(starting.settings(), revision))


@db.command()
def check() -> None:
    """Say whether the tables are at the newest revision and agree with the program."""
    from . import migrating, schema

    settings = starting.settings()
    state = schema.look(settings)
    if state is not schema.Schema.RIGHT:
        raise CouldNot(schema.REFUSALS[state])
    found = migrating.differences(settings)
    if found:
        raise CouldNot("The tables differ from the program: " + "; ".join(found))
    click.echo("The tables are at the newest revision and agree with the program.")


@db.command()
def catalogue() -> None:
    """Make anew what search looks words up in.

    Needed only after rows were written past the program, by hand or by an older one.
    """
    from incidents.records import library

    from . import schema

    with schema.brief_engine(starting.settings()) as engine, engine.begin() as connection:
        count = library.rebuild(connection)
    click.echo(f"{count} texts can be searched.")


@db.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write a new migration from the models, for contributors to read and finish."""
    from . import migrating

    migrating.new_revision(starting.settings(), message)


def _tell_of(copy: Path | None) -> None:
    if copy is not None:
        click.echo(f"Copied the database to {copy} first.")


commands = [db]
