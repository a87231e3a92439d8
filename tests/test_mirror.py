"""The mirror: the same page as files elsewhere, whole, current to the minute, and without what was withdrawn."""

from __future__ import annotations

import gzip
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import statuspage
from incidents.jobs import audit, mirroring, timetable
from incidents.kernel import settings
from incidents.kernel.database import db
from incidents.kernel.settings import SettingsError
from incidents.published import mirrors, publishing
from incidents.published.mirrors import MirrorTrouble
from incidents.published.page_settings import change_page_settings
from statuspage.mirror import Mirror
from statuspage.mirror.course import Interrupted
from statuspage.mirror.index import NAME as INDEX
from statuspage.mirror.place import File
from statuspage.older_pages import OlderPages
from tests.factories_maintenance import make_work
from tests.factories_people import make_person, sign_in
from tests.factories_published import make_component, make_page, make_past_incident, make_update


@pytest.fixture(autouse=True)
def in_english_alone(app: Flask) -> None:
    """Six languages are six times the work, and one test is enough to see that they lie there."""
    change_page_settings(languages=[])
    db.session.commit()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "www"


@pytest.fixture
def mirror(app: Flask, folder: Path) -> Mirror:
    return statuspage.mirror(app, app.extensions["sevenbells.settings"], str(folder))


def whole(mirror: Mirror) -> int:
    """Bring it up to date, to the end; how many files were written."""
    db.session.commit()
    written = 0
    while (did := mirror.bring_up_to_date()) is not None:
        written += did.written
        if did.is_whole:
            break
    return written


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def public_id(number: int) -> str:
    found = publishing.find(number)
    assert found is not None
    db.session.commit()
    return found.public_id


def test_every_link_in_it_leads_to_a_file_of_it(app: Flask, mirror: Mirror, folder: Path) -> None:
    make_page()
    make_past_incident("Years ago", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    for index in range(50):
        make_past_incident(f"Newer {index}", ended_ago=timedelta(days=100 + index), lasted=timedelta(minutes=5))
    make_work()
    whole(mirror)
    seen = set()
    for page in folder.rglob("*.html"):
        text = page.read_text()
        assert "?lang=" not in text
        for link in re.findall(r'href="(?:http://127\.0\.0\.1:8000)?(/[^"#]*)"', text):
            if link not in seen:
                place = folder / link.strip("/")
                assert place.is_file() or (place / "index.html").is_file(), f"{page}: {link}"
            seen.add(link)
    assert len(seen) > 80
    assert {"history/2024-06/index.html", "history.atom", "maintenance.ics", "badge.svg", "404.html"} <= files(folder)


def test_other_languages_lie_in_folders_of_their_own_and_lead_on_in_themselves(
    app: Flask, mirror: Mirror, folder: Path
) -> None:
    change_page_settings(languages=["de", "fr"])
    make_update(1)
    whole(mirror)
    incident = f"incidents/{public_id(1)}"
    german = (folder / "de" / "index.html").read_text()
    assert '<html lang="de">' in german
    assert 'href="/de/history"' in german
    assert '<link rel="alternate" hreflang="fr" href="http://127.0.0.1:8000/fr">' in german
    assert '<link rel="canonical" href="http://127.0.0.1:8000/de">' in german
    assert '<link rel="alternate" hreflang="de" href="http://127.0.0.1:8000/de">' in (folder / "index.html").read_text()
    assert (folder / "de" / incident / "index.html").exists()
    assert "<form" not in german
    assert "Auf dieser Kopie der Seite kann sich niemand anmelden." in german
    assert not (folder / "de" / "history.atom").exists()

    change_page_settings(languages=["fr"])
    whole(mirror)
    assert not (folder / "de").exists()
    assert (folder / "fr" / incident / "index.html").exists()


def test_its_bytes_are_those_of_the_door_but_for_what_a_server_would_do(
    app: Flask, mirror: Mirror, folder: Path
) -> None:
    make_page()
    whole(mirror)
    client = app.test_client()
    for path, name in (("/", "index.html"), ("/history", "history/index.html"), ("/history.atom", "history.atom")):
        answer, kept = client.get(path), (folder / name).read_text()
        if name.endswith(".html"):
            policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">\n', kept)
            assert policy is not None
            assert answer.headers["Content-Security-Policy"].startswith(policy[1].replace("&#39;", "'"))
            assert "frame-ancestors" not in policy[1]
            kept = kept.replace(policy[0], "")
            sign_up = re.search(r'<p class="hint">Nobody can sign up[^<]*</p>', kept)
            form = re.search(r"<form .*?</form>", answer.text, re.DOTALL)
            assert sign_up is not None
            assert form is not None
            kept = kept.replace(sign_up[0], form[0])
        assert kept == answer.text


def test_files_are_whole_readable_by_the_server_and_stand_compressed_beside(
    app: Flask, mirror: Mirror, folder: Path
) -> None:
    make_page()
    whole(mirror)
    assert not [name for name in files(folder) if name.endswith(".new")]
    for path in folder.rglob("*"):
        assert oct(path.stat().st_mode & 0o777) == ("0o755" if path.is_dir() else "0o644")
        if path.is_file() and path.suffix != ".gz" and path.name != INDEX:
            beside = path.with_name(f"{path.name}.gz")
            assert gzip.decompress(beside.read_bytes()) == path.read_bytes()
            assert beside.stat().st_mtime == path.stat().st_mtime


def test_on_a_quiet_page_as_of_moves_every_five_minutes_and_nothing_else_is_written(
    mirror: Mirror, folder: Path, clock: Any
) -> None:
    make_component("API")
    whole(mirror)
    written = []
    for _ in range(10):
        clock.forward(minutes=1)
        written.append(whole(mirror))
    assert written == [0, 0, 0, 0, 2, 0, 0, 0, 0, 2]  # the first page, and the one that others embed
    assert "As of 02:24 UTC" in (folder / "index.html").read_text()


def test_while_an_incident_is_open_it_is_exact_to_the_minute(mirror: Mirror, folder: Path, clock: Any) -> None:
    make_update(1, next_update_at=clock() + timedelta(minutes=2))
    whole(mirror)
    path = folder / "incidents" / public_id(1) / "index.html"
    late = []
    for _ in range(4):
        clock.forward(minutes=1)
        whole(mirror)
        late.append("late" in re.sub(r"<style>.*?</style>", "", path.read_text(), flags=re.DOTALL))
    assert late == [False, False, True, True]


def test_maintenance_begins_there_in_its_minute(mirror: Mirror, folder: Path, clock: Any) -> None:
    make_work(in_minutes=3, lasts=4, components=[make_component("API").public_id])
    db.session.commit()
    seen = []
    for _ in range(9):
        whole(mirror)
        seen.append("under_maintenance" in (folder / "api/v2/components.json").read_text())
        clock.forward(minutes=1)
    assert seen == [False] * 3 + [True] * 4 + [False] * 2


def test_a_change_writes_what_shows_it_and_leaves_the_rest(
    mirror: Mirror, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(20):
        make_past_incident(f"Past {index}", ended_ago=timedelta(days=200 + index), lasted=timedelta(minutes=5))
    whole(mirror)
    names: list[str] = []
    write = mirror.place.write

    def noted(name: str, file: File) -> None:
        names.append(name)
        write(name, file)

    monkeypatch.setattr(mirror.place, "write", noted)
    make_update(1, title="New trouble")
    whole(mirror)
    assert f"incidents/{public_id(1)}/index.html" in names
    assert {"index.html", "history/index.html", "api/v2/summary.json", "history.atom"} <= set(names)
    assert (
        names.index(f"incidents/{public_id(1)}/index.html")
        < names.index("history/index.html")
        < names.index("index.html")
    )
    old = [name for name in names if name.startswith("incidents/") and public_id(1) not in name]
    assert old == []


def test_what_is_withdrawn_is_gone_at_once_even_where_nothing_can_be_written(
    mirror: Mirror, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = make_past_incident("Not for you", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    whole(mirror)
    gone = f"incidents/{public_id(number)}"
    assert f"{gone}/index.html.gz" in files(folder)

    def full(*_args: Any) -> None:
        raise MirrorTrouble("no room")

    publishing.withdraw_incident(number)
    db.session.commit()
    with monkeypatch.context() as disk:
        disk.setattr(mirror.place, "write", full)
        with pytest.raises(MirrorTrouble):
            mirror.bring_up_to_date()
    assert not [name for name in files(folder) if name.startswith(gone)]
    whole(mirror)
    assert not [path for path in folder.rglob("*") if path.is_file() and b"Not for you" in path.read_bytes()]
    assert not (folder / "history" / "2024-06").exists()  # the month had nothing else


def test_what_a_crash_left_is_known_to_whoever_keeps_it_next(
    app: Flask, mirror: Mirror, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_update(1, title="Left behind")
    db.session.commit()
    write = mirror.place.write

    def dies(name: str, file: File) -> None:
        write(name, file)
        if name.startswith("incidents/"):
            raise KeyboardInterrupt

    monkeypatch.setattr(mirror.place, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        mirror.bring_up_to_date()
    left = f"incidents/{public_id(1)}"
    assert [name for name in files(folder) if name.startswith(left)]

    publishing.withdraw_incident(1)
    whole(statuspage.mirror(app, app.extensions["sevenbells.settings"], str(folder)))
    assert not [name for name in files(folder) if name.startswith(left)]


def test_an_old_history_is_made_once_and_not_again_after_a_restart(
    app: Flask, mirror: Mirror, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(60):
        make_past_incident(f"Past {index}", ended_ago=timedelta(days=200 + index), lasted=timedelta(minutes=5))
    whole(mirror)
    made: list[str] = []

    def noted(_self: OlderPages, _picture: Any, path: str) -> None:
        made.append(path)

    monkeypatch.setattr(OlderPages, "make", noted)
    again = statuspage.mirror(app, app.extensions["sevenbells.settings"], str(folder))
    whole(again)
    assert made == []


def test_another_holder_of_the_lease_looks_at_what_lies_there(mirror: Mirror, folder: Path) -> None:
    make_component("API")
    whole(mirror)
    (folder / "index.html").write_text("from somebody who was thought gone")
    assert mirror.bring_up_to_date() is None
    mirror.bring_up_to_date(term=2)
    assert "As of" in (folder / "index.html").read_text()


def test_a_mirror_that_somebody_emptied_is_whole_again_the_next_day(mirror: Mirror, folder: Path, clock: Any) -> None:
    make_component("API")
    whole(mirror)
    before = files(folder)
    shutil.rmtree(folder)
    clock.forward(days=1)
    whole(mirror)
    assert before <= files(folder)


def test_nothing_is_written_by_one_who_has_lost_the_lease(mirror: Mirror, folder: Path) -> None:
    with pytest.raises(Interrupted):
        mirror.bring_up_to_date(may_go_on=lambda: False)
    assert {name.removesuffix(".gz") for name in files(folder)} == {INDEX}


def test_a_folder_of_somebody_else_is_left_alone(mirror: Mirror, folder: Path) -> None:
    folder.mkdir()
    (folder / "index.html").write_text("my own site")
    with pytest.raises(MirrorTrouble, match="is not empty, and holds no mirror of ours"):
        mirror.bring_up_to_date()
    assert files(folder) == {"index.html"}


# -- the clock keeps it ------------------------------------------------------------------------------------------------


@pytest.fixture
def environ(environ: dict[str, str], folder: Path) -> dict[str, str]:
    return {**environ, "MIRROR_TO": str(folder)}


def test_the_clock_keeps_it_and_says_when_it_last_agreed(app: Flask, folder: Path, clock: Any) -> None:
    make_component("API")
    db.session.commit()
    assert mirroring.keep_the_mirror_current in timetable.chores_of(app)
    timetable.do(app, mirroring.keep_the_mirror_current)
    assert (folder / "index.html").exists()
    row = mirrors.mirror(str(folder))
    assert row is not None
    assert (row.renewed_at, row.failures, row.reason) == (clock(), 0, None)
    assert row.files > 20


def test_without_a_mirror_the_clock_does_no_more_than_before(app: Flask) -> None:
    app.extensions.pop("sevenbells.mirror")
    assert mirroring.keep_the_mirror_current not in timetable.chores_of(app)


def test_a_place_that_fails_is_tried_less_and_less_often_until_it_works(app: Flask, folder: Path, clock: Any) -> None:
    folder.write_text("no folder at all")
    tries = []
    for second in range(40):
        timetable.do(app, mirroring.keep_the_mirror_current)
        row = mirrors.mirror(str(folder))
        assert row is not None
        tries.append((second, row.failures))
        db.session.commit()
        clock.forward(seconds=1)
    assert [second for second, failures in tries if failures != dict(tries).get(second - 1, 0)] == [0, 5, 15, 35]
    folder.unlink()
    clock.forward(minutes=5)
    timetable.do(app, mirroring.keep_the_mirror_current)
    row = mirrors.mirror(str(folder))
    assert row is not None
    assert (row.failures, row.failing_since, row.next_try_at) == (0, None, None)
    assert "history/index.html" in files(folder)


def test_a_mirror_that_stays_old_is_found_by_the_audit_and_is_no_alarm(app: Flask, folder: Path, clock: Any) -> None:
    folder.write_text("no folder at all")
    timetable.do(app, mirroring.keep_the_mirror_current)
    clock.forward(minutes=1)
    assert [fault.key for fault in audit.audit() if fault.key == "mirror"] == []
    clock.forward(minutes=2)
    found = next(fault for fault in audit.audit() if fault.key == "mirror")
    assert found.for_anybody == "the mirror of the status page is 3 min old"
    assert "Not a directory" in found.sentence
    assert not found.is_serious
    folder.unlink()
    timetable.do(app, mirroring.keep_the_mirror_current)
    assert [fault.key for fault in audit.audit() if fault.key == "mirror"] == []


def test_the_words_of_the_settings_are_checked(environ: dict[str, str]) -> None:
    for wrong in ("s3://", "ftp://host/path", "s3://UPPER/x"):
        with pytest.raises(SettingsError, match="MIRROR_TO: name a folder, or a bucket"):
            settings.load({**environ, "MIRROR_TO": wrong})
    assert settings.load({**environ, "MIRROR_TO": "s3://my-bucket/status/"}).mirror_to == "s3://my-bucket/status"


def test_the_console_says_where_it_lies_and_when_it_was_renewed_or_why_not(app: Flask, folder: Path) -> None:
    admin = sign_in(app.test_client(), make_person("maya@example.com", role="admin"))
    address = "/console/settings/page"
    assert "The clock has not written it yet." in admin.get(address).text
    timetable.do(app, mirroring.keep_the_mirror_current)
    assert f"files at {folder}, renewed" in admin.get(address).text
    shutil.rmtree(folder)
    folder.write_text("no folder at all")
    make_component("API")
    db.session.commit()
    timetable.do(app, mirroring.keep_the_mirror_current)
    assert "It has not been renewed since" in admin.get(address).text
