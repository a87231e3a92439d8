"""`sevenbells restore FILE`: a backup becomes the database, whole or not at all, and nothing old is announced again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

import click
from sqlalchemy import Connection, Table, func, insert, inspect, select, text, update

from incidents.kernel import clock
from incidents.kernel.settings import Settings

from . import archive, migrating, starting
from .failures import CouldNot

_SOMEBODY_LIVES_HERE = ("people", "incidents")
_RECENT = timedelta(minutes=5)  # what was written this shortly before the backup may still be news
_REASON = "restored from a backup: `sevenbells outbox release` lets it go out"
_BATCH = 200


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what the database holds now.")
def restore(file: Path, *, force: bool) -> None:
    """Read the backup FILE into the database.

    A database that holds people or incidents is refused without --force. Nothing leaves the outbox until
    `sevenbells outbox release`.
    """
    manifest = bring_back(starting.settings(), file, force=force)
    click.echo(
        f"Restored {sum(manifest.rows.values())} rows, as they were at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC. "
        "Messages are held: look at `sevenbells outbox list`, then `sevenbells outbox release`."
    )


def bring_back(settings: Settings, file: Path, *, force: bool = False) -> archive.Manifest:
    """Put the archive's rows in place of the database's, in one transaction; its older tables are migrated after."""
    manifest = archive.verify(file)
    with migrating.moving(settings) as move:
        if not force:
            _refuse_the_inhabited(move.connection)
        move.copy_first()
        page = _page_revision(move.connection)
        move.to(manifest.revision)
        _fill(move.connection, file, manifest)
        move.to_newest()
        _catalogue(move.connection)
        _hold_the_outbox(move.connection)
        _turn_the_page(move.connection, page)
    return manifest


def _refuse_the_inhabited(connection: Connection) -> None:
    for table in archive.tables(connection):
        if table.name in _SOMEBODY_LIVES_HERE and archive.count(connection, table):
            raise CouldNot(f"The database already holds {table.name}: add --force to replace everything in it.")


def _fill(connection: Connection, file: Path, manifest: archive.Manifest) -> None:
    found = archive.tables(connection)
    unknown = set(manifest.rows) - {table.name for table in found}
    if unknown:
        raise CouldNot(f"The backup has tables that its revision does not: {', '.join(sorted(unknown))}.")
    with _no_foreign_keys(connection):
        for table in reversed(found):
            connection.execute(table.delete())
        for table in found:
            for batch in _batches(archive.read(file, table)):
                connection.execute(insert(table), batch)
            _count_on(connection, table)
            if archive.count(connection, table) != manifest.rows.get(table.name, 0):
                raise CouldNot(f"Not every row of {table.name} came back. Nothing was changed.")


def _batches(rows: Iterator[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


@contextmanager
def _no_foreign_keys(connection: Connection) -> Iterator[None]:
    """Rows may point at rows that come later. SQLite's are off while we move and checked after; PostgreSQL's go and come."""
    if connection.dialect.name != "postgresql":
        yield
        return
    keys = connection.execute(
        text(
            "SELECT conrelid::regclass::text AS place, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS rule "
            "FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for key in keys:
        connection.execute(text(f"ALTER TABLE {key.place} DROP CONSTRAINT {key.name}"))
    yield
    for key in keys:
        connection.execute(text(f"ALTER TABLE {key.place} ADD CONSTRAINT {key.name} {key.rule}"))


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL's counters go on after the highest number that came back."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        asked = {"place": f'"{table.name}"', "column": column.name}
        counter = connection.execute(text("SELECT pg_get_serial_sequence(:place, :column)"), asked).scalar()
        highest = connection.execute(select(func.max(column))).scalar() if counter else None
        if highest is not None:
            connection.execute(text("SELECT setval(:counter, :highest)"), {"counter": counter, "highest": highest})


def _catalogue(connection: Connection) -> None:
    """Let search find what came back, and nothing of what was there before."""
    from incidents.records import library

    library.rebuild(connection)


def _hold_the_outbox(connection: Connection) -> None:
    """An old backup would announce old outages: hold what waits, and let nothing be claimed."""
    from incidents.kernel.outbox import HELD, WAITING, OutboxMessage, OutboxPause

    now = clock.now()
    connection.execute(text("DELETE FROM outbox_pause"))
    connection.execute(insert(OutboxPause).values(id=1, since=now, reason=_REASON))
    connection.execute(
        update(OutboxMessage)
        .where(OutboxMessage.state == WAITING, OutboxMessage.created_at <= now - _RECENT)
        .values(state=HELD, reason=_REASON, leased_by=None, leased_until=None)
    )


def _page_revision(connection: Connection) -> int:
    if not inspect(connection).has_table("page_revision"):
        return 0
    return connection.execute(text("SELECT max(revision) FROM page_revision")).scalar() or 0


def _turn_the_page(connection: Connection, before: int) -> None:
    """Give the page a revision that no running worker has seen, so that each of them prepares it anew."""
    after = max(before, _page_revision(connection)) + 1
    connection.execute(text("UPDATE page_revision SET revision = :after"), {"after": after})


commands = [restore]
