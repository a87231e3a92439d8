"""`sevenbells demo`: everything on a scratch database filled with a believable week."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import sys
from pathlib import Path

import click

from incidents.kernel import settings as settings_module
from incidents.kernel.settings import Settings

from . import migrating, starting
from .failures import CouldNot
from .up import refuse_taken_port

_MARK = "made-by-sevenbells-demo"
# Nothing of the operator's own may be touched or reached: neither the database nor the mail server nor the address.
_LEFT_OUT = ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_OLD", "PAGE_URL", "TRUSTED_PROXIES", "SMTP_URL", "MAIL_FROM")


@click.command("demo")
def demo() -> None:
    """Fill a scratch database with the week of a small software company, then run everything on it until stopped.

    Everything lies in DATA_DIR/demo and is made anew each time; your own database, mail server and addresses are left
    alone. It prints passwords that everybody may know, so it answers on this machine only.
    """
    chosen = settings_module.load()
    if not _is_loopback(chosen.host):
        raise CouldNot(f"The demo answers on this machine only, and HOST is {chosen.host}: leave HOST out.")
    refuse_taken_port(chosen)
    scratch = _scratch_settings(chosen)
    fill(scratch)
    _say_logins(scratch)
    # from here on it is `up`, in this very process: signals and exit are its own
    os.execv(sys.executable, [sys.executable, "-P", "-m", "incidents.cli", "up"])  # noqa: S606 - our own program


def fill(scratch: Settings) -> None:
    """Make the tables and the week in an empty database."""
    migrating.upgrade(scratch)
    with starting.application().app_context():
        from incidents.demo import filling

        filling.fill()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _scratch_settings(chosen: Settings) -> Settings:
    """The same settings on an empty folder of the demo's own, for this process and those it starts."""
    folder = chosen.data_dir / "demo"
    _empty(folder)
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    os.environ.update(dict.fromkeys((each for name in _LEFT_OUT for each in (name, f"{name}_FILE")), ""))
    os.environ.update(DATA_DIR=str(folder), DATA_DIR_FILE="", BASE_URL=f"http://{host}:{chosen.port}", BASE_URL_FILE="")
    return starting.settings()


def _empty(folder: Path) -> None:
    """Make the folder anew; one that the demo has not made, or uses at this moment, is refused."""
    mark = folder / _MARK
    if folder.exists() and not mark.exists() and any(folder.iterdir()):
        raise CouldNot(f"{folder} holds something that is not the demo's: move it away, or set DATA_DIR.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _claim(folder.with_name("demo.lock"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    mark.touch()


def _claim(path: Path) -> None:
    """Hold the lock until this process ends, whatever program it then is."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise CouldNot("A demo runs in this folder already: stop it first, or set DATA_DIR.") from None


def _say_logins(scratch: Settings) -> None:
    from incidents.demo import people

    click.echo("A week of a small company. Sign in as one of these, each with the password")
    click.echo(f"    {people.PASSWORD}")
    for login in people.EVERYBODY:
        click.echo(f"  {login.email:<20} {login.role:<10} {login.name}, {login.says}")
    click.echo(f"Console {scratch.base_url}/console/  ·  status page {scratch.base_url}/  ·  Ctrl-C ends it")
    sys.stdout.flush()


commands = [demo]
