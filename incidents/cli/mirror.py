"""`sevenbells mirror TARGET`: the public page as static files, once."""

from __future__ import annotations

import time

import click

from incidents.kernel.settings import mirror_target

from . import starting
from .failures import CouldNot


@click.command("mirror")
@click.argument("target", metavar="DIR-or-s3://BUCKET/PREFIX")
def mirror(*, target: str) -> None:
    """Write the public page as static files to a folder or an S3-compatible bucket, once.

    Only what changed is written, and what was withdrawn is taken away. MIRROR_TO keeps a mirror current; see
    docs/second-host.md for the host that serves it.
    """
    try:
        chosen = mirror_target(target)
    except ValueError as wrong:
        raise click.UsageError(f"{target}: {wrong}.") from None
    app = starting.application()
    import statuspage
    from incidents.published.mirrors import MirrorTrouble

    began, written, size, removed = time.monotonic(), 0, 0, 0
    with app.app_context():
        kept = statuspage.mirror(app, app.extensions["sevenbells.settings"], chosen)
        try:
            while (did := kept.bring_up_to_date()) is not None:
                written, size, removed = written + did.written, size + did.size, removed + did.removed
                if did.is_whole:
                    break
        except MirrorTrouble as trouble:
            raise CouldNot(f"The mirror is not whole: {trouble}.") from None
    files = did.files if did is not None else 0
    click.echo(
        f"{kept.name} holds the page in {files} files: {written} written ({size / 1000:,.0f} kB) "
        f"and {removed} removed in {time.monotonic() - began:.1f} s."
    )


commands = [mirror]
