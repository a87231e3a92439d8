"""Machines that share a PostgreSQL database and nothing else: real web and clock processes, each with its own folder."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import NullPool, create_engine, make_url, text

from tests.bench.processes import first_answer
from tests.ports import free_port

PROGRAM = [sys.executable, "-m", "incidents.cli"]


class Sink:
    """A mail server that counts under which keys letters arrived."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.keys[str(message["Message-ID"]).strip("<>").partition("@")[0]] += 1
        return "250 OK"


@contextmanager
def sink() -> Iterator[tuple[Sink, int]]:
    """A sink and its port."""
    box = Sink()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield box, controller.port
    controller.stop()


@contextmanager
def database_of_its_own(server: str) -> Iterator[str]:
    """An empty database on that server, for as long as it is needed."""
    name = f"machines_{secrets.token_hex(4)}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@dataclass
class Machine:
    """One process on a machine of its own."""

    word: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:]


@dataclass
class Site:
    """What all machines are told alike."""

    folder: Path
    database_url: str
    smtp_port: int
    machines: list[Machine] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "the same on all of these machines, as it must be",
            "BASE_URL": "http://127.0.0.1",
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "MAIL_FROM": "status@example.com",
            "LOG_LEVEL": "INFO",
            "WEB_WORKERS": "1",
        }

    def run(self, *words: str) -> str:
        """A command, to its end."""
        environ = {**os.environ, **self.environ, "DATA_DIR": str(self.folder / "command")}
        return subprocess.run([*PROGRAM, *words], env=environ, capture_output=True, text=True, check=True).stdout

    def start(self, word: str, **more: str) -> Machine:
        """``sevenbells web`` or ``sevenbells clock`` on a machine more."""
        name, port = f"{word}{len(self.machines)}", free_port()
        log = self.folder / f"{name}.log"
        environ = {**os.environ, **self.environ, "DATA_DIR": str(self.folder / name), "PORT": str(port), **more}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*PROGRAM, word], env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        machine = Machine(word, port, log, process)
        self.machines.append(machine)
        return machine

    def wait_for_webs(self) -> None:
        """Until each answers people, for which it must have seen the database."""
        for machine in self.machines:
            if machine.word == "web":
                first_answer(f"{machine.address}/login", machine.process, machine.log)

    def stop(self) -> float:
        """SIGTERM to all; seconds until the last of them is gone, each by itself."""
        began = time.monotonic()
        for machine in self.machines:
            machine.process.send_signal(signal.SIGTERM)
        for machine in self.machines:
            machine.process.wait(40)
        return time.monotonic() - began

    def what_failed(self) -> list[str]:
        """The end of the log of each machine that did not end with 0, under its exit code."""
        ended = [(machine, machine.process.returncode) for machine in self.machines]
        return [f"{machine.log.stem} ended with {code}:\n{machine.said()}" for machine, code in ended if code]

    def kill_what_is_left(self) -> None:
        """At the end of a test that failed."""
        for machine in self.machines:
            if machine.process.poll() is None:
                os.killpg(machine.process.pid, signal.SIGKILL)
                machine.process.wait()

    @contextmanager
    def application(self) -> Iterator[Flask]:
        """The app on the same database, to prepare records and to look at them."""
        import wsgi
        from incidents.kernel import settings
        from incidents.kernel.database import db

        app = wsgi.create_app(settings.load({**self.environ, "DATA_DIR": str(self.folder / "test")}))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


@contextmanager
def site(folder: Path, server: str) -> Iterator[tuple[Site, Sink]]:
    """A migrated database, a mail server, and no machine yet."""
    with database_of_its_own(server) as url, sink() as (box, port):
        found = Site(folder, url, port)
        try:
            found.run("db", "upgrade")
            yield found, box
        finally:
            found.kill_what_is_left()


def wait_until(has_happened: Callable[[], bool], *, within: float, what: str) -> float:
    """Seconds until it has; fails with ``what`` when it takes longer."""
    began = time.monotonic()
    while not has_happened():
        assert time.monotonic() - began < within, f"not within {within:g} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began
