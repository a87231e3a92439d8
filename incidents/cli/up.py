"""`sevenbells up`: migrate, then web workers and one clock as supervised children."""

from __future__ import annotations

import socket

import click

from incidents.kernel.settings import Settings

from . import lifeline, starting
from .failures import CouldNot
from .supervisor import Child, Supervisor


@click.command("up")
def up() -> int:
    """Migrate (copying a SQLite file first), then run web workers and one clock until stopped.

    Everything ends with this process, however it ends. While the database is away the saved page is served, and the
    migration follows when it is back.
    """
    lifeline.tie_to_supervisor()
    settings = starting.settings()
    refuse_taken_port(settings)
    return _Up(settings).run()


def refuse_taken_port(settings: Settings) -> None:
    """Raise CouldNot where another program listens: the workers' shared port would hide it and steal its requests."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            probe.listen(1)
        except OSError as taken:
            raise CouldNot(
                f"Cannot listen on {settings.host} port {settings.port} ({taken.strerror}): "
                "stop what uses it, or set HOST and PORT."
            ) from None


class _Up:
    """The course of a start: prepare and web side by side, the clock once the tables are right."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.supervisor = Supervisor()
        self._announced = False

    def run(self) -> int:
        self.supervisor.children += [
            Child("preparation", ("prepare",), once=True, when_done=self._prepared),
            Child("web", ("web", "--under-up")),
        ]
        return self.supervisor.run(tick=self._announce)

    def _prepared(self, exit_code: int) -> None:
        if exit_code:
            self.supervisor.stop(1)  # it has said why
        else:
            self.supervisor.children.append(Child("clock", ("clock", "--under-up")))

    def _announce(self) -> float | None:
        """Print the address as soon as somebody answers there; seconds until the next look, None when done."""
        if self._announced:
            return None
        if not self._answers():
            return 0.05
        self._announced = True
        click.echo(_address(self.settings))
        return None

    def _answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.settings.host, self.settings.host)  # noqa: S104
        try:
            with socket.create_connection((host, self.settings.port), timeout=0.2):
                return True
        except OSError:
            return False


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"http://{host}:{settings.port}"
    if here == settings.base_url:
        return f"Sevenbells answers at {here}"
    return f"Sevenbells answers at {here}, and writes links that begin with {settings.base_url} (BASE_URL)"


commands = [up]
