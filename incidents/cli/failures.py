"""What can go wrong with a command, told to a person in plain lines."""

from __future__ import annotations

import sys

import click

from incidents.kernel.errors import Refusal


class CouldNot(click.ClickException):
    """The command could not do it; the message is one sentence that says what to do."""


def sentences(broken: Exception) -> list[str] | None:
    """The lines that tell this failure, or None where it is a fault of ours that deserves its traceback."""
    if isinstance(broken, click.ClickException):
        return [broken.format_message()]
    if isinstance(broken, Refusal):
        return [broken.sentence]
    if type(broken).__name__ == "SettingsError":
        return list(broken.problems) if hasattr(broken, "problems") else [str(broken)]
    if _has_no_tables(broken):
        return ["The database has no tables yet. Run `sevenbells db upgrade`, or start with `sevenbells up`."]
    if _is_database_away(broken):
        return [f"The database does not answer: {first_line(broken)}. Check DATABASE_URL, then try again."]
    if _is_database_damaged(broken):
        return [f"The database file is damaged ({first_line(broken)}): keep it, and restore the last backup beside it."]
    if isinstance(broken, OSError):
        return [f"{broken.filename or 'The system'}: {broken.strerror or broken}"]
    return None


def first_line(broken: BaseException) -> str:
    """The first line of a driver's message, without SQLAlchemy's wrapping."""
    cause = getattr(broken, "orig", None) or broken
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")


def _has_no_tables(broken: Exception) -> bool:
    errors = sys.modules.get("sqlalchemy.exc")
    if errors is None or not isinstance(broken, errors.DBAPIError):
        return False
    # SQLite says it in words, psycopg by a class of its own
    return first_line(broken).startswith("no such table") or type(broken.orig).__name__ == "UndefinedTable"


def _is_database_away(broken: Exception) -> bool:
    # asked by way of what is loaded, so that a command without a database never loads SQLAlchemy
    errors = sys.modules.get("sqlalchemy.exc")
    return errors is not None and isinstance(broken, errors.OperationalError | errors.InterfaceError)


def _is_database_damaged(broken: Exception) -> bool:
    errors = sys.modules.get("sqlalchemy.exc")
    # SQLite says so with the bare class; its children have other things to say
    return errors is not None and type(broken) is errors.DatabaseError
