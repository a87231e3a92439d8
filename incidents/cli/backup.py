"""`sevenbells backup FILE`: everything in the database, read in one transaction and verified before it gets its name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
from sqlalchemy import Connection, text

from incidents.kernel import clock
from incidents.kernel.database import reading
from incidents.kernel.settings import Settings

from . import archive, schema, starting
from .failures import CouldNot


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a verified copy of everything to FILE, while Sevenbells runs.

    The file restores on SQLite and on PostgreSQL. It holds people's names, addresses and password hashes: keep it safe.
    """
    manifest = back_up(starting.settings(), file)
    rows, tables = sum(manifest.rows.values()), len(manifest.rows)
    click.echo(f"Wrote {rows} rows of {tables} tables to {file}, and read them back.")


def back_up(settings: Settings, file: Path) -> archive.Manifest:
    """Write the archive under a passing name, verify it, then rename it: a broken one never replaces a good one."""
    target = file.absolute()
    if not target.parent.is_dir():
        raise CouldNot(f"{target.parent} is no folder: make it, or name another file.")
    passing = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with schema.brief_engine(settings) as engine, reading(), engine.connect() as connection:
            one_picture(connection)
            revision = schema.present(connection)
            written = archive.write(passing, connection, revision=revision, made_at=clock.now())
        if archive.verify(passing) != written:
            raise CouldNot(f"{file}: what was read back is not what was written. Check the disk.")
        passing.replace(target)
        _flush(target.parent)
    finally:
        passing.unlink(missing_ok=True)
    return written


def one_picture(connection: Connection) -> None:
    """Make every read of this transaction see the same moment, and a sound file."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        return
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    if found != ["ok"]:
        raise CouldNot(f"The database file is damaged ({found[0]}): restore the last backup, and keep the file.")


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


commands = [backup]
