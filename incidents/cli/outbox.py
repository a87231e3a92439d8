"""`sevenbells outbox …`: the deliveries that wait, failed or are held."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from . import starting
from .failures import CouldNot

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def _narrowed(command: Callable[..., None]) -> Callable[..., None]:
    """Options that narrow a list of messages."""
    command = click.option("--reason", help="Only those whose reason holds these words.")(command)
    return click.option("--channel", help="Only those of a channel: email, slack, webhook, pagerduty, apprise.")(
        command
    )


def _conditions(channel: str | None, reason: str | None) -> list[ColumnElement[bool]]:
    from incidents.kernel.outbox import OutboxMessage

    found = []
    if channel:
        found.append(OutboxMessage.channel == channel)
    if reason:
        found.append(OutboxMessage.reason.icontains(reason, autoescape=True))
    return found


@click.group("outbox")
def outbox() -> None:
    """Show, retry or release the deliveries that wait or failed."""


@outbox.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what was sent or skipped.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many at most.")
@_narrowed
def list_messages(*, everything: bool, limit: int, channel: str | None, reason: str | None) -> None:
    """One line a message: number, state, channel, destination, attempts, when it is tried next, and why it has not left."""
    from sqlalchemy import select

    from incidents.kernel import outbox as room
    from incidents.kernel.database import db, reading

    states = room.STATES if everything else (room.WAITING, room.FAILED, room.HELD)
    with starting.application().app_context(), reading():
        pause = room.paused()
        if pause:
            click.echo(f"Nothing goes out: {pause}", err=True)
        table = room.OutboxMessage
        newest_first = select(table).where(table.state.in_(states), *_conditions(channel, reason))
        for message in db.session.scalars(newest_first.order_by(table.id.desc()).limit(limit)):
            click.echo(_line(message))


@outbox.command()
@click.argument("number", type=int, required=False)
@click.option("--all-failed", is_flag=True, help="Every message that failed, instead of one by its number.")
@_narrowed
def retry(*, number: int | None, all_failed: bool, channel: str | None, reason: str | None) -> None:
    """Begin again with message NUMBER, or with all that failed, under their old keys."""
    if (number is None) != all_failed:
        raise click.UsageError("Give the number of one message, or --all-failed.")
    from incidents.kernel import outbox as room
    from incidents.kernel.database import db

    with starting.application().app_context():
        if number is not None:
            begun = int(room.retry(number))
        else:
            begun = room.retry_all(room.OutboxMessage.state == room.FAILED, *_conditions(channel, reason))
        db.session.commit()
    if number is None:
        click.echo(f"{begun} {'message goes' if begun == 1 else 'messages go'} out at the next turn of the clock.")
    elif not begun:
        raise CouldNot(f"No message {number} failed, was skipped or is held: see `sevenbells outbox list --all`.")
    else:
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
