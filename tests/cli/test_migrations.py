"""The migrations that ship, on both databases, and what happens to somebody else's revision."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from incidents.cli import migrating, schema
from incidents.cli.schema import Schema
from incidents.kernel.settings import Settings
from tests.cli.conftest import Run, Start, free_port

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)


def tables(settings: Settings) -> set[str]:
    with schema.brief_engine(settings) as engine, engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def execute(settings: Settings, statement: str) -> None:
    with schema.brief_engine(settings) as engine, engine.begin() as connection:
        connection.execute(text(statement))


def test_the_newest_tables_are_what_the_models_say(run: Run) -> None:
    assert run("db", "upgrade").code == 0

    told = run("db", "check")
    assert (told.code, told.err) == (0, "")


def test_a_revision_that_is_none_is_told_in_one_line(run: Run) -> None:
    run("db", "upgrade")

    for words in (("upgrade", "zzz"), ("downgrade", "zzz"), ("downgrade", "-999")):
        told = run("db", *words)

        assert told.code == 1
        assert told.err.startswith(f"There is no revision {words[1]} here. Name one from 0001 to ")
        assert told.err.count("\n") == 1


def test_a_table_that_somebody_changed_by_hand_is_found(run: Run, settings: Settings) -> None:
    run("db", "upgrade")
    execute(settings, "ALTER TABLE people ADD COLUMN shoe_size INTEGER")

    told = run("db", "check")

    assert told.code == 1
    assert "shoe_size" in told.err


def test_every_migration_goes_down_and_up_again_with_rows_in_the_tables(run: Run, settings: Settings) -> None:
    known, _newest = schema.revisions()
    run("db", "upgrade")
    execute(
        settings, "INSERT INTO page_revision (id, revision) SELECT 1, 7 WHERE NOT EXISTS (SELECT 1 FROM page_revision)"
    )
    full = tables(settings)

    for steps in range(1, len(known) + 1):
        assert run("db", "downgrade", f"-{steps}" if steps < len(known) else "base").err == ""
        assert run("db", "upgrade").err == ""
        assert tables(settings) == full
    run("db", "downgrade", "base")
    assert tables(settings) <= {"alembic_version"}


def test_two_that_start_at_once_take_turns(settings: Settings, run: Run) -> None:
    failures: list[BaseException] = []

    def migrate() -> None:
        try:
            migrating.upgrade(settings)
        except BaseException as broken:  # noqa: BLE001 - the test wants every one of them
            failures.append(broken)

    Path(settings.data_dir).mkdir(exist_ok=True)
    starters = [threading.Thread(target=migrate) for _ in range(2)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()

    assert failures == []
    assert run("db", "check").code == 0


def test_a_migration_that_breaks_leaves_everything_as_it_was(
    settings: Settings, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("db", "upgrade")
    before = tables(settings)
    monkeypatch.setattr(
        schema,
        "MIGRATIONS",
        _with_one_more(
            tmp_path, "op.create_table('half', sa.Column('id', sa.Integer))\n    raise OSError(5, 'the power went')"
        ),
    )

    assert run("db", "upgrade").code == 1
    assert tables(settings) == before


@SQLITE
def test_a_sqlite_file_is_copied_before_it_is_migrated(
    settings: Settings, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("db", "upgrade")
    monkeypatch.setattr(
        schema, "MIGRATIONS", _with_one_more(tmp_path, "op.create_table('extra', sa.Column('id', sa.Integer))")
    )

    assert run("db", "upgrade").out.startswith("Copied the database to ")

    (copy,) = Path(settings.data_dir).glob("sevenbells.db.before-*")
    with sqlite3.connect(copy) as opened:
        names = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
    opened.close()
    assert "people" in names
    assert "extra" not in names
    assert "extra" in tables(settings)


@pytest.mark.parametrize("command", ["web", "clock"])
def test_an_older_schema_is_refused_in_one_line(start: Start, command: str) -> None:
    refused = start(command, PORT=free_port())
    _said, told = refused.communicate(timeout=90)

    assert refused.returncode == 1
    assert told == "The database is older than this program: run `sevenbells db upgrade`, then start again.\n"


@pytest.mark.parametrize("words", [("up",), ("web",), ("clock",), ("db", "upgrade"), ("db", "check")])
def test_a_newer_schema_is_refused_in_one_line(
    run: Run, start: Start, settings: Settings, words: tuple[str, ...]
) -> None:
    run("db", "upgrade")
    execute(settings, "UPDATE alembic_version SET version_num = 'from_the_future'")

    refused = start(*words, PORT=free_port())
    _said, told = refused.communicate(timeout=90)

    assert refused.returncode == 1
    assert told.startswith("The database was made by a newer program")
    assert len(told.splitlines()) == 1


def test_the_state_of_the_tables_is_known_without_alembic(settings: Settings, run: Run) -> None:
    Path(settings.data_dir).mkdir(exist_ok=True)
    assert schema.look(settings) is Schema.OLDER

    run("db", "upgrade")

    assert schema.look(settings) is Schema.RIGHT


def _with_one_more(tmp_path: Path, body: str) -> Path:
    """A copy of the migrations with one more on top, whose upgrade does ``body``."""
    import shutil

    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    _known, newest = schema.revisions()
    (folder / "versions" / "9999_one_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision = "9999"\ndown_revision = "{newest}"\n\n\n'
        f"def upgrade() -> None:\n    {body}\n\n\ndef downgrade() -> None:\n    op.drop_table('extra')\n"
    )
    return folder


def test_a_postmortem_written_as_one_text_becomes_a_summary_and_goes_back(run: Run, settings: Settings) -> None:
    run("db", "upgrade")
    assert run("db", "downgrade", "0001").err == ""
    moment, no = "'2026-11-23 02:14:00+00:00'", "false"
    for number, words in ((1, "'We learnt to ask first. Ça va?'"), (2, "NULL")):
        values = {
            "id": number, "title": "'Old'", "severity": "'P1'", "severity_is_judged": no, "step": "'postmortem'",
            "visibility": "'public'", "is_drill": no, "is_security": no, "components_answered": no,
            "outcome": "'resolved'", "resolved_at": moment, "closed_at": moment, "declared_at": moment,
            "declared_by_kind": "'person'", "declared_by_name": "'Maya'", "pages_nobody": no, "detected_at": moment,
            "detected_by": "'Maya'", "rules": "'{}'", "cycle": 1, "watch_started_at": moment,
            "acknowledgement_round": 1, "last_human_entry_at": moment, "snoozes_in_a_row": 0, "version": 1,
            "created_at": moment, "postmortem_text": words,
        }  # fmt: skip
        execute(
            settings, f"INSERT INTO incidents ({', '.join(values)}) VALUES ({', '.join(map(str, values.values()))})"
        )

    assert run("db", "upgrade").err == ""
    with schema.brief_engine(settings) as engine, engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT p.incident_id, p.state, s.name, s.written FROM postmortem_sections s "
                "JOIN postmortems p ON p.id = s.postmortem_id ORDER BY s.id"
            )
        ).all()
    assert len(kept) == 16
    assert tuple(kept[0]) == (1, "published", "summary", "We learnt to ask first. Ça va?")
    assert {row.written for row in kept[1:]} == {None}

    assert run("db", "downgrade", "0001").err == ""
    with schema.brief_engine(settings) as engine, engine.connect() as connection:
        back = connection.execute(text("SELECT postmortem_text FROM incidents ORDER BY id")).scalars().all()
    assert back == ["We learnt to ask first. Ça va?", None]
