"""The commands on databases that nobody has prepared, with an environment of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, make_url, text

from incidents import cli
from incidents.kernel import settings as settings_module
from incidents.kernel.settings import Settings
from tests import ports


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]
Start = Callable[..., subprocess.Popen[str]]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'var' / 'sevenbells.db'}"
        return
    server = make_url(request.getfixturevalue("postgresql_server"))
    name = f"fresh_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def environ(fresh_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "DATA_DIR": str(tmp_path / "var"),
        "DATABASE_URL": fresh_url,
        "SECRET_KEY": "only the tests know this key, no one else",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return settings_module.load(environ)


@pytest.fixture
def run(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `sevenbells <words>` in this process."""
    monkeypatch.chdir(tmp_path)  # where no .env lies

    def call(*words: str, **more: str) -> Ran:
        for name, value in {**environ, **more}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = cli.run(words)
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return call


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `sevenbells <words>` as a process of its own group, with what it says in a pipe; ended at last."""
    begun: list[subprocess.Popen[str]] = []

    def call(*words: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "incidents.cli", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield call
    for process in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def free_port() -> str:
    """A port that nobody listens on."""
    return str(ports.free_port())
