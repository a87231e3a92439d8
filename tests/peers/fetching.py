"""Fetches the peers with the ordinary clients, each into a scratch folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path


class CannotBeHad(Exception):
    """A peer that does not install on this machine; the words say why."""


def python_with(folder: Path, *installs: Sequence[str]) -> Path:
    """The interpreter of a fresh environment after each of ``installs`` (pip's own words). Raises CannotBeHad."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    for words in installs:
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words], cwd=folder)
    return python


def node_modules(folder: Path, *packages: str) -> Path:
    """A folder into which npm has put these. Raises CannotBeHad."""
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true}')
    run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", *packages], cwd=folder)
    return folder


def run(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run a client to its end. Raises CannotBeHad with its last words."""
    try:
        done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as missing:
        raise CannotBeHad(str(missing)) from None
    if done.returncode != 0:
        raise CannotBeHad((done.stderr or done.stdout).strip()[-300:] or f"{command[0]} said {done.returncode}")


def answer_of(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], typed: str = "") -> str:
    """What a peer's program prints when ``typed`` is put in; raises AssertionError with all that it said where it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": _path(), **environ},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
    return done.stdout


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
