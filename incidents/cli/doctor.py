"""`sevenbells doctor`: what is well, what is not, and how to mend it."""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import click
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from incidents.kernel.settings import Settings

from . import doctor_channels, schema, starting
from .failures import CouldNot, first_line

_LITTLE_SPACE = 500 * 1024 * 1024  # bytes
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Report(NamedTuple):
    """One line: about what, whether it is well, and if not (or not quite) what to do."""

    about: str
    verdict: str  # ok, note or wrong
    says: str


@click.command("doctor")
@click.option("--send-test", metavar="EMAIL", help="Send a test e-mail there, past the outbox.")
def doctor(*, send_test: str | None) -> int:
    """Check settings, disk, database, clock, mail and the team's channels, and say how to mend what is wrong.

    Ends with 1 when something is wrong.
    """
    settings = starting.settings()  # wrong settings end here, one line each
    reports = list(examine(settings))
    if send_test:
        reports.append(send_test_letter(settings, send_test))
    for report in reports:
        click.echo(f"{report.verdict:<6} {report.about}: {report.says}")
    return int(any(report.verdict == "wrong" for report in reports))


def examine(settings: Settings) -> Iterator[Report]:
    """Everything that can be looked at without changing anything."""
    yield _addresses(settings)
    yield _disk(settings)
    tables = _tables(settings)
    yield tables
    yield _mail(settings)
    if settings.mirror_to:
        yield _mirror(settings, settings.mirror_to)
    for finding in doctor_channels.examine(settings):
        yield Report(*finding)
    if tables.verdict == "ok":
        yield from _health(starting.application())


def _addresses(settings: Settings) -> Report:
    url = urlsplit(settings.base_url)
    if url.hostname in _LOOPBACK:
        return Report("BASE_URL", "note", f"links point at {settings.base_url}, which only this machine can open")
    if url.scheme == "http":
        return Report(
            "BASE_URL", "wrong", f"{settings.base_url} sends passwords readable: put https in front, and say so"
        )
    return Report("BASE_URL", "ok", settings.base_url)


def _disk(settings: Settings) -> Report:
    free = shutil.disk_usage(settings.data_dir).free
    kind = starting.kind_of_disk(settings.data_dir) or "unknown"
    says = f"{settings.data_dir} ({kind}) has {free // 1024**2:,} MB free"
    return Report("Disk", "ok", says) if free > _LITTLE_SPACE else Report("Disk", "wrong", f"{says}: make room")


def _tables(settings: Settings) -> Report:
    try:
        found = schema.look(settings)
    except (OperationalError, InterfaceError) as away:
        return Report("Database", "wrong", f"does not answer ({first_line(away)}): check DATABASE_URL and the server")
    except CouldNot as wrong:
        return Report("Database", "wrong", wrong.message)
    if found is not schema.Schema.RIGHT:
        return Report("Database", "wrong", schema.REFUSALS[found])
    return Report("Database", "ok", "answers, and its tables are right")


def _mail(settings: Settings) -> Report:
    if not settings.smtp_url:
        return Report("Mail", "wrong", "no mail server is set, so nobody can be told: set SMTP_URL and MAIL_FROM")
    url = urlsplit(settings.smtp_url)
    place = (url.hostname or "", url.port or (465 if url.scheme == "smtps" else 587))
    try:
        socket.create_connection(place, timeout=5).close()
    except OSError as broken:
        return Report("Mail", "wrong", f"{place[0]} port {place[1]} does not answer ({broken}): check SMTP_URL")
    return Report("Mail", "ok", f"{place[0]} port {place[1]} answers; --send-test EMAIL sends a letter")


def _mirror(settings: Settings, target: str) -> Report:
    from incidents.published.mirrors import MirrorTrouble
    from statuspage.mirror import open_place

    place = open_place(target, settings)
    try:
        place.check()
    except MirrorTrouble as trouble:
        return Report("Mirror", "wrong", f"{trouble}: check MIRROR_TO, and who may write there")
    return Report("Mirror", "ok", f"{place.name} can be written")


def _key(settings: Settings) -> Report:
    from incidents.kernel import signing
    from incidents.kernel.database import reading

    here = signing.of_this_process(settings)
    with reading():
        others = [signer for signer in signing.at_work() if not signer.agrees_with(here)]
    if not others:
        return Report("SECRET_KEY", "ok", "those that run know it")
    verb = "sign" if len(others) > 1 else "signs"
    says = f"{signing.names(others)} {verb} with another SECRET_KEY than this command: give them the same environment"
    return Report("SECRET_KEY", "note", says)


def _health(app: Flask) -> Iterator[Report]:
    from incidents.kernel import health

    verdicts = {"pass": "ok", "warn": "note", "fail": "wrong"}
    with app.app_context():
        yield _key(app.extensions["sevenbells.settings"])
        for name, finding in health.examine().items():
            yield Report(name, verdicts[finding.status], finding.output or "well")


def send_test_letter(settings: Settings, recipient: str) -> Report:
    """Hand one letter to the mail server now, and say what became of it."""
    from incidents import channels

    closed = channels.why_closed("email", settings)
    if closed:
        return Report("Test e-mail", "wrong", f"{closed}: set SMTP_URL and MAIL_FROM")
    text = f"This is a test from Sevenbells at {settings.base_url}. Mail works.\n"
    letter = {"to": recipient, "subject": "A test from Sevenbells", "text": text, "html": None, "thread": None}
    outcome = channels.send(channels.Message(secrets.token_hex(16), "email", recipient, letter), settings)
    if outcome.kind != "sent":
        return Report("Test e-mail", "wrong", outcome.reason)
    return Report("Test e-mail", "ok", f"the mail server took it for {recipient}")


commands = [doctor]
