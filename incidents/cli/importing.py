"""`sevenbells import …`: what another status page has told, looked at first and taken over on request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from . import starting
from .failures import CouldNot

if TYPE_CHECKING:
    from incidents.importers.found import Found
    from incidents.importers.taking import Outcome

_MOST_SHOWN = 40
_SAYS: Final = {
    "new": "new",
    "by_name": "here already by name",
    "changed": "changed there",
    "same": "as before",
    "edited": "edited here and left alone",
    "gone": "taken away here and left so",
}


@click.group("import")
def importing() -> None:
    """Take over components, incidents and maintenance from another status page.

    Each command first only says what it would do; with --yes it does it. Run again, it brings what is new or has changed
    there, leaves alone what was edited here, and tells nobody. docs/importing.md says more.
    """


def _command(name: str, says: str) -> Callable[[Callable[..., None]], click.Command]:
    """What all three have in common."""

    def made(function: Callable[..., None]) -> click.Command:
        for option in (
            click.option("--zone", default="UTC", show_default=True, help="What times without a zone are meant in."),
            click.option("--dry-run", is_flag=True, help="Only say what would be done, which is the default."),
            click.option("--yes", is_flag=True, help="Do it."),
            click.argument("place"),
        ):
            function = option(function)
        return importing.command(name, help=says)(function)

    return made


@_command("statuspage", "From a Statuspage: the address of the page, or a FILE with its JSON.")
def statuspage(*, place: str, yes: bool, dry_run: bool, zone: str) -> None:
    """Its public JSON needs no token."""
    from incidents.importers import statuspage as reader

    _run(
        place,
        yes=yes and not dry_run,
        of_page=lambda page: reader.read_page(page, _zone(zone)),
        of_file=reader.read_file,
    )


@click.option(
    "--token-file", type=click.File(encoding="utf-8"), help="Holds the token, where the page wants one; - asks."
)
@_command("cachet", "From a Cachet 2.x or 3.x: the address of the page, or a FILE with the answers of its API.")
def cachet(*, place: str, yes: bool, dry_run: bool, zone: str, token_file: IO[str] | None) -> None:
    """2.x and 3.x take their token in different headers."""
    from incidents.importers import cachet as reader

    token = token_file.readline().strip() if token_file is not None else ""
    _run(
        place,
        yes=yes and not dry_run,
        of_page=lambda page: reader.read_page(page, _zone(zone)),
        of_file=lambda content, origin: reader.read_file(content, origin, _zone(zone)),
        headers={"X-Cachet-Token": token, "Authorization": f"Bearer {token}"} if token else {},
    )


@_command("uptime-kuma", "From an Uptime Kuma: the address of one status page, or a FILE with its JSON or a backup.")
def uptime_kuma(*, place: str, yes: bool, dry_run: bool, zone: str) -> None:
    """Its public JSON needs no token."""
    from incidents.importers import uptime_kuma as reader

    _run(
        place,
        yes=yes and not dry_run,
        of_page=lambda page: reader.read_page(page, _zone(zone)),
        of_file=lambda content, origin: reader.read_file(content, origin, _zone(zone)),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.UsageError(f"There is no zone {name!r}: give one such as Europe/Berlin.") from None


def _run(
    place: str,
    *,
    yes: bool,
    of_page: Callable[[Any], Found],
    of_file: Callable[[Any, str], Found],
    headers: dict[str, str] | None = None,
) -> None:
    from incidents.importers import taking
    from incidents.kernel.database import reading

    with starting.application().app_context():
        found = _read(place, of_page=of_page, of_file=of_file, headers=headers or {})
        if yes:
            outcome = taking.take(found)
        else:
            with reading():
                outcome = taking.preview(found)
        _tell(found, outcome, done=yes)


def _read(
    place: str, *, of_page: Callable[[Any], Found], of_file: Callable[[Any, str], Found], headers: dict[str, str]
) -> Found:
    """All of it, before anything is written: what cannot be read whole is not taken over by halves."""
    from flask import current_app

    from incidents.importers import loading
    from incidents.importers.found import Unreadable
    from incidents.kernel.http import Blocked, Unreachable

    try:
        if "://" in place:
            return of_page(loading.Page(place, current_app.extensions["sevenbells.settings"], headers=headers))
        path = Path(place)
        return of_file(loading.of_file(path), path.stem)
    except (Unreadable, Unreachable, Blocked) as wrong:
        raise CouldNot(str(wrong)) from None


def _tell(found: Found, outcome: Outcome, *, done: bool) -> None:
    click.echo(f"{found.source}: {found.name or found.origin}")
    for kind, fates in outcome.counts.items():
        told = [f"{fates[fate]} {word}" for fate, word in _SAYS.items() if fates[fate]]  # type: ignore[index] # its keys are the fates
        click.echo(f"  {kind + 's' if kind != 'maintenance' else kind:<12} {', '.join(told) or 'none'}")
    notes = list(dict.fromkeys([*found.warnings, *outcome.notes]))
    for note in notes[:_MOST_SHOWN]:
        click.echo(f"  ! {note}", err=True)
    if len(notes) > _MOST_SHOWN:
        click.echo(f"  ! and {len(notes) - _MOST_SHOWN} more.", err=True)
    if done:
        click.echo("Done." if outcome.changes else "Nothing was new.")
    else:
        click.echo("Nothing was written. With --yes it is.")


commands = (importing,)
