"""`sevenbells setup-link`, `user …`, `token …`: accounts and tokens from the command line."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from incidents.records.people import Role
from incidents.records.tokens import Scope

from . import starting
from .failures import CouldNot

_ROLES = click.Choice([role.value for role in Role])
_SCOPES = click.Choice([scope.value for scope in Scope])


def _in_app(command: Callable[..., None]) -> Callable[..., None]:
    """Run the command inside the application; what it wrote is committed once, when it ends well."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from incidents.kernel.database import db

        with starting.application().app_context():
            command(*args, **kwargs)
            db.session.commit()

    return run


def _say_link(address: str, remark: str) -> None:
    """The link alone on stdout, so that a script can take it; the remark beside it on stderr."""
    from incidents.kernel.database import db

    # a link that was not committed must not be shown
    db.session.commit()
    click.echo(address)
    click.echo(remark, err=True)


@click.command("setup-link")
@_in_app
def setup_link() -> None:
    """Print a fresh one-time link that makes the first administrator, while nobody exists."""
    from incidents.actions import first_run

    link = first_run.new_setup_link()
    if link is None:
        raise CouldNot("Set-up is closed: somebody has an account. Use `sevenbells user invite` or `user reset`.")
    _say_link(link, "It works once, for 15 minutes. Older set-up links no longer work.")


@click.group("user")
def user() -> None:
    """Add, list, invite, reset or disable people."""


@user.command("add")
@click.argument("email")
@click.option("--role", type=_ROLES, required=True, help="What the person may do.")
@click.option("--name", help="How the person is called; else what stands before the @.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@_in_app
def add_user(email: str, role: str, name: str | None, *, password_stdin: bool) -> None:
    """Add a person; without a password they come in by `user reset`."""
    from incidents.access import passwords
    from incidents.actions import people
    from incidents.records.actors import COMMAND_LINE

    email = people.clean_email(email)
    name = people.clean_name(name or email.partition("@")[0])
    password = passwords.prepare(_line_of_stdin(), about=(email, name)) if password_stdin else None
    person = people.add_person(email=email, name=name, role=Role(role), password=password, by=COMMAND_LINE)
    click.echo(f"Added {person.name} <{person.email}> as {person.role}.")
    if password is None:
        click.echo(
            f"There is no password yet: `sevenbells user reset {person.email}` prints a link to set one.", err=True
        )


@user.command("list")
@_in_app
def list_users() -> None:
    """List everybody, one line each."""
    from incidents.records.people import everybody

    for person in everybody():
        state = "" if person.is_active else "  disabled"
        click.echo(f"{person.email:<40} {person.role:<10} {person.name}{state}")


@user.command("disable")
@click.argument("email")
@_in_app
def disable_user(email: str) -> None:
    """Close an account: signed out everywhere at once, told nothing any more."""
    from incidents.actions import people, vacancies
    from incidents.records.actors import COMMAND_LINE

    person = _person(email)
    people.disable(person, by=COMMAND_LINE)
    click.echo(f"Disabled {person.email}. {vacancies.left_by(person)}".strip())


@user.command("invite")
@click.argument("email")
@click.option("--role", type=_ROLES, required=True, help="What the person will be able to do.")
@_in_app
def invite_user(email: str, role: str) -> None:
    """Print a one-time link by which somebody makes their own account."""
    from incidents.actions import invitations
    from incidents.records.actors import COMMAND_LINE

    address = invitations.invite(email, Role(role), by=COMMAND_LINE)
    _say_link(address, "It works once, for 7 days." + _mailed())


@user.command("reset")
@click.argument("email")
@_in_app
def reset_user(email: str) -> None:
    """Print a one-time link by which a person sets a new password."""
    from incidents.actions import passwords
    from incidents.records.actors import COMMAND_LINE

    address = passwords.issue_reset(_person(email), by=COMMAND_LINE)
    _say_link(address, "It works once, for 24 hours." + _mailed())


@click.group("token")
def token() -> None:
    """Add, list or revoke API tokens."""


@token.command("add")
@click.argument("name")
@click.option("--scope", type=_SCOPES, required=True, help="What the token may do.")
@_in_app
def add_token(name: str, scope: str) -> None:
    """Print a new API token, alone on stdout; it cannot be shown again."""
    from incidents.actions import api_tokens
    from incidents.kernel.database import db
    from incidents.records.actors import COMMAND_LINE

    value = api_tokens.issue_token(name, Scope(scope), by=COMMAND_LINE)
    db.session.commit()
    click.echo(value)


@token.command("list")
@_in_app
def list_tokens() -> None:
    """List every token with its scope, its beginning and its last use."""
    from incidents.records.tokens import all_tokens

    for each in all_tokens():
        state = "" if each.is_active else "  revoked"
        used = _moment(each.last_used_at) if each.last_used_at else "never used"
        click.echo(f"{each.name:<30} {each.scope:<8} {each.beginning}…  {used}{state}")


@token.command("revoke")
@click.argument("name")
@_in_app
def revoke_token(name: str) -> None:
    """Make a token worthless at once."""
    from incidents.actions import api_tokens
    from incidents.records.actors import COMMAND_LINE
    from incidents.records.tokens import find_token

    found = find_token(name)
    if found is None or not found.is_active:
        raise CouldNot(f"There is no living token named {name}. `sevenbells token list` shows them.")
    api_tokens.revoke_token(found, by=COMMAND_LINE)
    click.echo(f"Revoked {name}.")


def _person(email: str) -> Any:
    from incidents.records.people import find_person

    found = find_person(email)
    if found is None:
        raise CouldNot(f"Nobody here has the address {email}. `sevenbells user list` shows everybody.")
    return found


def _line_of_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _mailed() -> str:
    from incidents.actions.invitations import can_mail

    return " It is on its way by e-mail as well." if can_mail() else ""


def _moment(at: datetime) -> str:
    return f"last used {at:%Y-%m-%d %H:%M} UTC"


commands = [setup_link, user, token]
