"""`sevenbells export DIR`: everything that was recorded, in forms that other programs read."""

from __future__ import annotations

import errno
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from incidents.kernel import clock

from . import starting
from .failures import CouldNot

_ABOUT = """What Sevenbells recorded, exported {at}.

incidents.jsonl     one incident a line, with everything that hangs on it: timeline, updates, roles, post-mortem, action items
tables/*.jsonl      every table, one row a line; tables/*.csv the same for spreadsheets
postmortems/*.md    each post-mortem that was begun, as Markdown

Times are ISO 8601 in UTC. Passwords, tokens, secrets, sessions, the addresses of webhooks and of calendars that are read, and
the texts of what was sent are left out; who was told, when, and if not why is in tables/outbox.*.
{restricted}
To move to another machine use `sevenbells backup` and `sevenbells restore`: this is for reading.
"""
_WITHOUT = "Restricted incidents are left out."
_WITH = "Restricted incidents are in it: keep it from whoever they do not name."


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--restricted", "with_restricted", is_flag=True, help="Restricted incidents too.")
def export(*, folder: Path, with_restricted: bool) -> None:
    """Write everything to DIR as JSON lines and CSV, and post-mortems as Markdown, while Sevenbells runs.

    DIR must not be there yet, or be empty. It will hold people's names and addresses: keep it safe.
    """
    target = folder.absolute()
    if target.exists() and any(target.iterdir()):
        raise CouldNot(f"{folder} is not empty: name a folder that is not there yet.")
    if not target.parent.is_dir():
        raise CouldNot(f"{target.parent} is no folder: make it, or name another.")
    passing = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _stoppable():
            incidents, rows, files = _write(passing, with_restricted)
            if target.exists():
                target.rmdir()
            passing.rename(target)
    except OSError as broken:
        if broken.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise CouldNot(
            f"The disk is full, so {folder} was not written: make room, or name a folder elsewhere."
        ) from None
    finally:
        shutil.rmtree(passing, ignore_errors=True)
    click.echo(f"{folder} holds {incidents} incidents and {rows} rows of {files} tables.")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Told to stop, it tidies up on its way out: half an export is people's names that nobody looks after."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write(folder: Path, with_restricted: bool) -> tuple[int, int, int]:
    app = starting.application()
    from incidents.kernel.database import db, reading

    from . import backup, whole_record

    for inside in ("tables", "postmortems"):
        (folder / inside).mkdir(parents=True, exist_ok=True)
    about = _ABOUT.format(at=f"{clock.now():%Y-%m-%d %H:%M} UTC", restricted=_WITH if with_restricted else _WITHOUT)
    (folder / "README.txt").write_text(about, encoding="utf-8")
    with app.app_context(), reading():
        with db.engine.connect() as connection:
            backup.one_picture(connection)
            tables = whole_record.tables()
            rows = sum(
                whole_record.write_table(connection, table, folder / "tables", with_restricted=with_restricted)
                for table in tables
            )
            incidents = whole_record.write_incidents(
                connection, folder / "incidents.jsonl", with_restricted=with_restricted
            )
        _write_postmortems(folder / "postmortems", with_restricted)
    return incidents, rows, len(tables)


def _write_postmortems(folder: Path, with_restricted: bool) -> None:
    from sqlalchemy import select

    from incidents.kernel.database import db
    from incidents.policy.lifecycle import Visibility
    from incidents.records.incidents import Incident
    from incidents.records.postmortems import Postmortem
    from incidents.reports import postmortem as report

    begun = select(Incident, Postmortem).join(Postmortem, Postmortem.incident_id == Incident.id).order_by(Incident.id)
    if not with_restricted:
        begun = begun.where(Incident.visibility != Visibility.RESTRICTED)
    for incident, postmortem in db.session.execute(begun.execution_options(yield_per=100)):
        (folder / f"{incident.ref}.md").write_text(report.as_markdown(incident, postmortem), encoding="utf-8")


commands = [export]
