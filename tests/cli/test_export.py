"""What was recorded leaves whole for other programs, without secrets and without what only named people may see."""

from __future__ import annotations

import csv
import errno
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from incidents import actions
from incidents.cli import whole_record
from incidents.cli.whole_record import columns_of
from incidents.kernel.database import db
from incidents.kernel.settings import Settings
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from tests.cli.conftest import Run
from tests.conftest import WoundClock, running
from tests.factories import a_person, an_incident
from tests.factories_people import make_token

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)


@pytest.fixture
def inhabited(run: Run, settings: Settings, clock: WoundClock) -> Iterator[None]:
    """An incident that everybody may read, and one that only named people may."""
    assert run("db", "upgrade").err == ""
    with running(settings):
        ada = a_person("Ada")
        for title, is_security in (("=HYPERLINK(1)", False), ("A stolen key", True)):
            incident = an_incident(by=ada, title=title, is_security=is_security)
            actions.acknowledge(incident, by=ada.as_actor())
            actions.add_note(incident, by=ada.as_actor(), body=f'About {title}: ünïcode, "quotes" and\nlines')
            actions.resolve(incident, by=ada.as_actor(), summary=f"{title} is over", reason="There was no time to ask")
            actions.begin_postmortem(incident, by=ada.as_actor())
        make_token("ci")
        db.session.commit()
        yield


@pytest.mark.usefixtures("inhabited")
def test_each_incident_leaves_whole_and_a_restricted_one_only_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    told = run("export", "out")
    with_all = run("export", "all", "--restricted")

    assert (told.code, with_all.code) == (0, 0), told.err + with_all.err
    whole = [json.loads(line) for line in (tmp_path / "out/incidents.jsonl").read_text(encoding="utf-8").splitlines()]
    entries = db.session.scalars(select(TimelineEntry).where(TimelineEntry.incident_id == whole[0]["id"])).all()
    assert [each["title"] for each in whole] == ["=HYPERLINK(1)"]
    assert [each["body"] for each in whole[0]["timeline_entries"]] == [each.body for each in entries]
    assert whole[0]["postmortem_sections"]
    assert (tmp_path / "out/postmortems/INC-1.md").read_text(encoding="utf-8").startswith("# INC-1: =HYPERLINK(1)")
    assert "stolen" not in _everything(tmp_path / "out")
    assert "stolen" in _everything(tmp_path / "all")
    assert [path.name for path in sorted((tmp_path / "all/postmortems").iterdir())] == ["INC-1.md", "INC-2.md"]


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_no_cell_can_be_a_formula(run: Run, tmp_path: Path) -> None:
    assert run("export", "out").code == 0

    with (tmp_path / "out/tables/incidents.csv").open(encoding="utf-8-sig", newline="") as sheet:
        rows = list(csv.DictReader(sheet))

    assert [row["title"] for row in rows] == ["'=HYPERLINK(1)"]


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_no_secret_leaves(run: Run, tmp_path: Path) -> None:
    assert run("export", "out", "--restricted").code == 0

    said = _everything(tmp_path / "out")
    assert "argon2" not in said
    assert all(
        person.password_hash not in said for person in db.session.scalars(select(Person)) if person.password_hash
    )
    names = {column.name for table in whole_record.tables() for column in columns_of(table)}
    doubtful = {name for name in names if re.search("hash|token|secret|password|payload|url", name)}
    # the number of a row, a time, and addresses that a public page shows: none opens anything
    assert doubtful == {"token_id", "old_secret_until", "support_url", "checklist_url"}


@SQLITE
def test_a_folder_that_holds_something_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")

    told = run("export", "full")

    assert (told.code, told.err) == (1, "full is not empty: name a folder that is not there yet.\n")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


@SQLITE
def test_what_could_not_be_written_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    told = run("export", "out")  # no table was made yet

    assert told.code == 1
    assert not [path.name for path in tmp_path.iterdir() if path.name.strip(".").startswith("out")]


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole_record, "_write_line", full)
    told = run("export", "out")

    sentence = "The disk is full, so out was not written: make room, or name a folder elsewhere.\n"
    assert (told.code, told.err) == (1, sentence)
    assert not [path.name for path in tmp_path.iterdir() if path.name.strip(".").startswith("out")]


@SQLITE
@pytest.mark.usefixtures("inhabited")
def test_one_that_is_told_to_stop_leaves_nothing_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_record, "_write_line", lambda *_: signal.raise_signal(signal.SIGTERM))

    with pytest.raises(SystemExit):
        run("export", "out")
    assert not [path.name for path in tmp_path.iterdir() if path.name.strip(".").startswith("out")]


def _everything(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
