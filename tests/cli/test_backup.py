"""A backup comes back as it was, on either database, and says nothing old again."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text, true

from incidents import actions
from incidents.cli import backup, schema
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.settings import Settings
from incidents.policy import asked_words
from incidents.records.actors import COMMAND_LINE
from incidents.reports import search
from tests.cli.conftest import Run
from tests.conftest import running

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)


@pytest.fixture
def inhabited(run: Run) -> None:
    """A person, a token and whatever a first start writes."""
    assert run("db", "upgrade").err == ""
    assert run("user", "add", "ada@example.com", "--role", "admin").code == 0
    assert run("token", "add", "ci", "--scope", "respond").code == 0


def content(settings: Settings) -> dict[str, list[str]]:
    """Every row of every table as text, sorted."""
    from incidents.cli import archive

    with schema.brief_engine(settings) as engine, engine.connect() as connection:
        return {
            table.name: sorted(str(tuple(row)) for row in connection.execute(table.select()))
            for table in archive.tables(connection)
            if table.name not in ("page_revision", "outbox_pause")
        }


@pytest.mark.usefixtures("inhabited")
def test_what_was_backed_up_comes_back_row_by_row(run: Run, settings: Settings, tmp_path: Path) -> None:
    before = content(settings)
    assert run("backup", str(tmp_path / "kept.zip")).err == ""
    assert run("db", "downgrade", "base").err == ""
    assert run("db", "upgrade").err == ""

    told = run("restore", str(tmp_path / "kept.zip"))

    assert (told.code, told.err) == (0, "")
    assert content(settings) == before
    assert run("db", "check").err == ""
    # and numbers go on after the last
    assert run("token", "add", "another", "--scope", "read").err == ""


@pytest.mark.usefixtures("inhabited")
def test_what_comes_back_can_be_searched_and_so_can_what_was_there_before_search_was(
    run: Run, settings: Settings, tmp_path: Path
) -> None:
    with running(settings):
        actions.declare(title="Kettle dry", severity="P3", by=COMMAND_LINE, impact="Nobody has tea")
        db.session.commit()
    run("backup", str(tmp_path / "kept.zip"))
    with schema.brief_engine(settings) as engine, engine.begin() as connection:
        connection.execute(text("DELETE FROM library_incidents"))
    assert found(settings, "kettle") == []

    assert run("restore", "--force", str(tmp_path / "kept.zip")).err == ""
    assert found(settings, "kettle tea") == ["INC-1"]

    assert run("db", "downgrade", "0023").err == ""
    assert run("db", "upgrade").err == ""
    assert found(settings, "kettle tea") == ["INC-1"]
    assert run("db", "catalogue").out == "1 texts can be searched.\n"


def found(settings: Settings, words: str) -> list[str]:
    with running(settings):
        hits = search.find(asked_words.read(words), seen=true(), sees_drafts=True).hits
        return [hit.incident.ref for hit in hits]


@pytest.mark.usefixtures("inhabited")
def test_a_backup_of_one_database_comes_back_on_the_other(
    run: Run, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run("backup", str(tmp_path / "kept.zip"))
    url = f"sqlite:///{tmp_path / 'other.db'}" if not settings.is_sqlite else _another_postgresql(request)

    assert run("db", "upgrade", DATABASE_URL=url).err == ""
    assert run("restore", str(tmp_path / "kept.zip"), DATABASE_URL=url).err == ""

    assert "ada@example.com" in run("user", "list", DATABASE_URL=url).out
    assert run("backup", str(tmp_path / "again.zip"), DATABASE_URL=url).err == ""
    assert lines(tmp_path / "again.zip", "people") == lines(tmp_path / "kept.zip", "people")
    assert lines(tmp_path / "again.zip", "api_tokens") == lines(tmp_path / "kept.zip", "api_tokens")


@pytest.mark.usefixtures("inhabited")
def test_an_inhabited_database_is_not_replaced_unless_forced(run: Run, settings: Settings, tmp_path: Path) -> None:
    run("backup", str(tmp_path / "kept.zip"))
    run("token", "add", "later", "--scope", "read")
    before = content(settings)

    refused = run("restore", str(tmp_path / "kept.zip"))

    assert refused.code == 1
    assert "--force" in refused.err
    assert content(settings) == before
    assert run("restore", str(tmp_path / "kept.zip"), "--force").code == 0
    assert "later" not in run("token", "list").out


@pytest.mark.usefixtures("inhabited")
def test_after_a_restore_nothing_leaves_until_the_outbox_is_released(
    run: Run, settings: Settings, tmp_path: Path
) -> None:
    from incidents.kernel.database import db

    with running(settings):
        outbox.enqueue(event="old", channel="email", destination="ada@example.com", payload={"to": "ada@example.com"})
        db.session.commit()
        db.session.execute(text("UPDATE outbox SET created_at = '2020-01-01 00:00:00'"))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    run("backup", str(tmp_path / "kept.zip"))
    run("restore", str(tmp_path / "kept.zip"), "--force")

    waiting = run("outbox", "list")
    assert "held" in waiting.out
    assert "Nothing goes out" in waiting.err
    assert run("outbox", "release").code == 0
    after = run("outbox", "list")
    assert "\twaiting\temail\tada@example.com" in after.out
    assert after.err == ""


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_a_damaged_backup_changes_nothing(run: Run, settings: Settings, tmp_path: Path) -> None:
    run("backup", str(tmp_path / "kept.zip"))
    broken = bytearray((tmp_path / "kept.zip").read_bytes())
    for place in range(200, 260):
        broken[place] ^= 0xFF
    (tmp_path / "kept.zip").write_bytes(bytes(broken))
    before = content(settings)

    told = run("restore", str(tmp_path / "kept.zip"), "--force")

    assert told.code == 1
    assert len(told.err.splitlines()) == 1
    assert content(settings) == before


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_a_backup_that_lacks_a_row_is_refused(run: Run, tmp_path: Path) -> None:
    run("backup", str(tmp_path / "kept.zip"))
    with zipfile.ZipFile(tmp_path / "kept.zip") as whole, zipfile.ZipFile(tmp_path / "less.zip", "w") as less:
        for name in whole.namelist():
            less.writestr(name, b"" if name == "tables/api_tokens.jsonl" else whole.read(name))

    told = run("restore", str(tmp_path / "less.zip"), "--force")

    assert told.code == 1
    assert "api_tokens has 0 rows, and 1 were written" in told.err


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_a_damaged_database_is_not_backed_up_over_a_good_backup(run: Run, settings: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "kept.zip"
    run("backup", str(kept))
    good = kept.read_bytes()
    path = Path(settings.data_dir) / "sevenbells.db"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA journal_mode=DELETE")  # everything into the one file
    raw = bytearray(path.read_bytes())
    raw[-8192:-4096] = bytes(4096)
    path.write_bytes(bytes(raw))

    assert run("backup", str(kept)).code == 1
    assert kept.read_bytes() == good
    assert [entry.name for entry in tmp_path.glob(".kept*")] == []


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_a_backup_is_one_moment_and_is_its_owners_alone(settings: Settings, tmp_path: Path) -> None:
    manifest = backup.back_up(settings, tmp_path / "kept.zip")

    assert manifest.rows["people"] == 1
    with zipfile.ZipFile(tmp_path / "kept.zip") as opened:
        assert json.loads(opened.read("manifest.json"))["rows"] == dict(manifest.rows)


def lines(path: Path, table: str) -> list[bytes]:
    with zipfile.ZipFile(path) as opened:
        return sorted(opened.read(f"tables/{table}.jsonl").splitlines())


def _another_postgresql(request: pytest.FixtureRequest) -> str:
    import secrets

    from sqlalchemy import make_url

    server = make_url(request.getfixturevalue("postgresql_server"))
    name = f"other_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)
