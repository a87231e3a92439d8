"""What a command says, and the number it ends with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)
COMMANDS = [
    "up",
    "web",
    "clock",
    "db",
    "setup-link",
    "user",
    "token",
    "backup",
    "restore",
    "outbox",
    "doctor",
    "routes",
]


@SQLITE
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    told = run(command, "--help")

    assert told.code == 0
    assert told.out.startswith(f"Usage: sevenbells {command}")


@SQLITE
def test_the_list_names_every_command_and_loads_none(run: Run) -> None:
    told = run("--help")

    assert [line.split()[0] for line in told.out.splitlines() if line.startswith("  ") and line[2:3].isalpha()][-12:]
    for command in COMMANDS:
        assert f"\n  {command} " in told.out


def test_the_list_of_commands_loads_neither_flask_nor_sqlalchemy(tmp_path: Path) -> None:
    probe = (
        "import sys; from incidents import cli; cli.run(['--help']); "
        "heavy = {'flask', 'sqlalchemy', 'alembic', 'granian', 'wsgi'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False).stderr == ""


@SQLITE
@pytest.mark.parametrize(
    "words", [("bogus",), ("db", "sideways"), ("db", "downgrade"), ("up", "--fast"), ("outbox", "retry", "x")]
)
def test_wrong_words_end_with_two_and_one_line(run: Run, words: tuple[str, ...]) -> None:
    told = run(*words)

    assert told.code == 2
    assert len(told.err.splitlines()) == 1
    assert "--help" in told.err


@SQLITE
def test_every_wrong_setting_is_one_line_and_the_command_ends_with_one(run: Run) -> None:
    told = run("db", "check", PORT="none", WEB_WORKERS="0", BASE_URL="nowhere")

    assert told.code == 1
    assert [line.split(":")[0] for line in told.err.splitlines()] == ["BASE_URL", "PORT", "WEB_WORKERS"]
    assert told.out == ""


@SQLITE
def test_a_database_that_is_away_is_told_in_one_line_without_its_password(run: Run) -> None:
    told = run("db", "check", DATABASE_URL="postgresql://somebody:hunter2@127.0.0.1:9/none")

    assert told.code == 1
    assert told.err.startswith("The database does not answer")
    assert len(told.err.splitlines()) == 1
    assert "hunter2" not in told.err


def test_a_database_without_tables_is_told_with_the_way_to_make_them(run: Run) -> None:
    told = run("user", "list")

    assert told.code == 1
    assert told.err.strip().splitlines() == [
        "The database has no tables yet. Run `sevenbells db upgrade`, or start with `sevenbells up`."
    ]
