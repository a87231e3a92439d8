"""`sevenbells outbox …`: the deliveries that wait, failed or are held."""

from __future__ import annotations

import click
from sqlalchemy import select

from . import starting
from .failures import CouldNot


@click.group("outbox")
def outbox() -> None:
    """Show, retry or release the deliveries that wait or failed."""


@outbox.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what was sent or skipped.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many at most.")
def list_messages(*, everything: bool, limit: int) -> None:
    """One line a message: number, state, channel, destination, attempts, and why it has not left."""
    from incidents.kernel import outbox as room
    from incidents.kernel.database import db, reading

    states = room.STATES if everything else (room.WAITING, room.FAILED, room.HELD)
    newest_first = select(room.OutboxMessage).where(room.OutboxMessage.state.in_(states))
    with starting.application().app_context(), reading():
        pause = room.paused()
        if pause:
            click.echo(f"Nothing goes out: {pause}", err=True)
        for message in db.session.scalars(newest_first.order_by(room.OutboxMessage.id.desc()).limit(limit)):
            click.echo(_line(message))


@outbox.command()
@click.argument("number", type=int)
def retry(number: int) -> None:
    """Begin again with message NUMBER, under its old key."""
    from incidents.kernel import outbox as room
    from incidents.kernel.database import db

    with starting.application().app_context():
        begun = room.retry(number)
        db.session.commit()
    if not begun:
        raise CouldNot(f"No message {number} failed, was skipped or is held: see `sevenbells outbox list --all`.")
    click.echo(f"Message {number} goes out at the next turn of the clock.")


@outbox.command()
def release() -> None:
    """After a restore: let everything that is held go out."""
    from incidents.kernel import outbox as room
    from incidents.kernel.database import db

    with starting.application().app_context():
        released = room.release_held()
        db.session.commit()
    click.echo(f"Released {released} messages; the outbox is open.")


def _line(message: object) -> str:
    from incidents.kernel.outbox import OutboxMessage

    assert isinstance(message, OutboxMessage)
    at = f"{message.next_attempt_at:%Y-%m-%d %H:%M:%S}Z" if message.state == "waiting" else "-"
    reason = " ".join((message.reason or "-").split())
    return "\t".join(
        (str(message.id), message.state, message.channel, message.destination, str(message.attempts), at, reason)
    )


commands = [outbox]
