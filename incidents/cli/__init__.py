"""`sevenbells …`: the commands, each loaded only when it is called, and the one line that an error is told in."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from .failures import sentences


class _Place(NamedTuple):
    """Where a command lives, and what the list of commands says of it."""

    module: str
    says: str


# The list is written out so that `sevenbells --help` imports none of them.
_COMMANDS = {
    "up": _Place("incidents.cli.up", "Migrate, then run web workers and one clock until stopped."),
    "web": _Place("incidents.cli.web", "Run the web workers alone."),
    "clock": _Place("incidents.cli.clock", "Run the clock alone: reminders, escalations, deliveries."),
    "demo": _Place("incidents.cli.demo", "Run everything on a scratch database filled with a believable week."),
    "db": _Place("incidents.cli.db", "Migrate the database, or check it."),
    "setup-link": _Place("incidents.cli.people", "Print a one-time set-up link, while nobody exists."),
    "user": _Place("incidents.cli.people", "Add, list, invite, reset or disable people."),
    "token": _Place("incidents.cli.people", "Add, list or revoke API tokens."),
    "import": _Place("incidents.cli.importing", "Take over what a Statuspage, Cachet or Uptime Kuma has told."),
    "backup": _Place("incidents.cli.backup", "Write a verified copy of everything to FILE."),
    "restore": _Place("incidents.cli.restore", "Read a backup into an empty database, with the outbox held."),
    "export": _Place("incidents.cli.export", "Write everything to DIR as JSON lines and CSV, to be read elsewhere."),
    "outbox": _Place("incidents.cli.outbox", "Show, retry or release the deliveries that wait or failed."),
    "mirror": _Place("incidents.cli.mirror", "Write the public page as static files, once."),
    "slack": _Place("incidents.cli.slack", "Print the manifest of the Slack app for this BASE_URL."),
    "doctor": _Place(
        "incidents.cli.doctor", "Check settings, database, clock, mail and channels, and say how to mend them."
    ),
    "routes": _Place("incidents.cli.routes", "List every address and who may use it."),
    "prepare": _Place("incidents.cli.prepare", ""),
}
_HIDDEN = {"prepare"}


class _Program(click.Group):
    """A group that knows its commands by name and imports one when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in _COMMANDS if name not in _HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        commands: Sequence[click.Command] = importlib.import_module(place.module).commands
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name].says) for name in self.list_commands(ctx)])


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def program() -> None:
    """Sevenbells takes a team through an incident and keeps the promise made to the public.

    Settings come from the environment or a .env file; docs/settings.md names them all.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 could not, 2 wrong words."""
    os.umask(0o077)  # the database, backups and prepared pages are the operator's alone
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; an error is told in plain lines on stderr."""
    try:
        outcome = program.main(args=arguments, prog_name="sevenbells", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as wrong:
        click.echo(wrong.format_message(), err=True)
        return 2
    except click.UsageError as wrong:
        path = wrong.ctx.command_path if wrong.ctx else "sevenbells"
        click.echo(f"{path}: {_lower(wrong.format_message())} See `{path} --help`.", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        sys.stdout = None  # the reader left: nothing more to say, not even at exit
        return 1
    except Exception as broken:
        told = sentences(broken)
        if told is None:
            raise
        for line in told:
            click.echo(line, err=True)
        return 1
    return outcome if isinstance(outcome, int) else 0


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
