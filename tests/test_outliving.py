"""The page outlives what it stands on: a database that is gone, hangs or lies, and a disk that takes nothing."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine
from werkzeug.test import Client

from incidents.kernel import health
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.page_settings import change_page_settings
from statuspage import records
from statuspage.frontdoor import FrontDoor
from statuspage.renewer import Renewer
from tests.doors import Silence, no_flask, silence
from tests.factories_maintenance import make_work
from tests.factories_published import DEGRADED, make_component, make_past_incident, make_update

__all__ = ["silence"]

SINCE_THEN = "We cannot reach our own systems since 03:14 CET. What you see is from then."


@pytest.fixture
def renewer(app: Flask) -> Renewer:
    found: Renewer = app.extensions["sevenbells.page"]
    return found


def read(app: Flask, path: str) -> str:
    """What the front door says there, or Flask behind it."""
    renewer: Renewer = app.extensions["sevenbells.page"]
    return str(Client(FrontDoor(app.wsgi_app, renewer, threads=8)).get(path).text)


def published(number: int) -> str:
    found = publishing.find(number)
    assert found is not None
    return found.public_id


def dark(renewer: Renewer, silence: Silence, clock: Any) -> None:
    silence.is_gone = True
    clock.forward(seconds=125)
    renewer.renew_now()


def test_without_the_database_every_kind_of_page_is_grey_and_says_since_when(
    app: Flask, renewer: Renewer, silence: Silence, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_page_settings(zone="Europe/Berlin")
    component = make_component("API").public_id
    make_update(1, components={component: DEGRADED})
    over = make_past_incident("It is over", ended_ago=timedelta(days=3), lasted=timedelta(hours=1))
    work = make_work(in_minutes=-5).public_id
    planned = make_work(in_minutes=600, title="Later").public_id
    db.session.commit()
    paths = ["/", "/history", "/history/2026-11", f"/components/{component}", f"/maintenances/{work}"]
    paths += [f"/maintenances/{planned}", f"/incidents/{published(1)}", f"/incidents/{published(over)}"]
    db.session.commit()
    renewer.renew_now()
    monkeypatch.setattr(renewer, "_threads", [object()])  # it runs, as behind a door
    for path in paths:
        assert "cannot reach" not in read(app, path)

    dark(renewer, silence, clock)

    for path in paths:
        page = read(app, path)
        assert SINCE_THEN in page, path
        assert 'class="band s-none"' in page, path
        assert page.count("We cannot reach our own systems") - page.count('content="') <= 2, path
    assert "As of 03:16 CET (02:16 UTC)" in read(app, f"/components/{component}")
    assert "cannot reach" not in read(app, "/api/v2/summary.json")  # programs know JSON by its shape

    silence.is_gone = False
    renewer.renew_now()
    for path in paths:
        assert "cannot reach" not in read(app, path)


def test_maintenance_begins_and_ends_to_the_minute_with_the_database_gone(
    app: Flask, renewer: Renewer, silence: Silence, clock: Any
) -> None:
    make_work("Database upgrade", in_minutes=10, lasts=20, components=[make_component("API").public_id])
    db.session.commit()
    renewer.renew_now()
    silence.is_gone = True
    seen = []
    for _ in range(32):
        renewer.renew_now()
        seen.append("under_maintenance" in read(app, "/api/v2/components.json"))
        clock.forward(minutes=1)
    assert seen == [False] * 10 + [True] * 20 + [False] * 2


def test_a_database_that_says_nothing_at_all_is_gone_too(
    app: Flask, renewer: Renewer, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_page_settings(zone="Europe/Berlin")
    db.session.commit()
    renewer.renew_now()
    monkeypatch.setattr(renewer, "_asking_since", time.monotonic() - 60)  # no answer came, and no error either
    clock.forward(seconds=125)
    renewer._bring_up_to_date()
    assert SINCE_THEN in read(app, "/")


def test_records_that_cannot_be_read_are_no_answer(
    app: Flask, renewer: Renewer, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_page_settings(zone="Europe/Berlin")
    db.session.commit()
    renewer.renew_now()

    def damaged(*_args: Any) -> None:
        raise ValueError("Invalid isoformat string")

    monkeypatch.setattr(records, "revision", damaged)
    clock.forward(seconds=125)
    renewer.renew_now()
    assert SINCE_THEN in read(app, "/")


def test_an_older_page_that_was_read_once_stands_without_the_database_and_another_says_why_it_cannot(
    app: Flask, renewer: Renewer, silence: Silence, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_page_settings(zone="Europe/Berlin")
    first = make_past_incident("Years ago", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    second = make_past_incident("Nobody asked", ended_ago=timedelta(days=901), lasted=timedelta(hours=1))
    for index in range(50):
        make_past_incident(f"Newer {index}", ended_ago=timedelta(days=10), lasted=timedelta(minutes=5))
    db.session.commit()
    asked, other = f"/incidents/{published(first)}", f"/incidents/{published(second)}"
    db.session.commit()
    renewer.renew_now()
    monkeypatch.setattr(renewer, "_threads", [object()])
    assert "Years ago" in read(app, asked)

    dark(renewer, silence, clock)

    page = read(app, asked)
    assert "Years ago" in page
    assert SINCE_THEN in page
    for path, kind in ((other, "text/html"), (f"{other}.json", "text/plain"), ("/history/2024-01", "text/html")):
        away = app.test_client().get(path)
        assert (away.status_code, away.mimetype, away.headers["Retry-After"]) == (503, kind, "30")
        assert away.headers["Cache-Control"] == "no-store"
        assert "Our database does not answer" in away.text
    assert SINCE_THEN in app.test_client().get(other).text


def test_an_older_page_is_read_again_once_something_changed(app: Flask, renewer: Renewer, silence: Silence) -> None:
    number = make_past_incident("Years ago", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    for index in range(50):
        make_past_incident(f"Newer {index}", ended_ago=timedelta(days=10), lasted=timedelta(minutes=5))
    db.session.commit()
    path = f"/incidents/{published(number)}"
    db.session.commit()
    renewer.renew_now()
    assert renewer.on_demand(path) is not None
    publishing.withdraw_incident(number)
    db.session.commit()
    renewer.renew_now()
    assert renewer.on_demand(path) is None


def test_a_full_disk_is_said_by_health_until_there_is_room(
    app: Flask, renewer: Renewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        make_update(1, title="While full")
        db.session.commit()
        renewer.renew_now()
        found = health.examine()["page:files"]
        db.session.rollback()
        assert (found.status, "No space left on device" in found.output) == ("warn", True)
        assert "While full" in read(app, "/")
    make_update(1, title="While full", body="There is room again.")
    db.session.commit()
    renewer.renew_now()
    assert health.examine()["page:files"].status == "pass"
    # what could not be written while it was full has been made good
    again = Renewer(db.engine, renewer.shelf.folder, base=renewer.base)
    assert b"While full" in again.pages["/api/v2/summary.json"].plain.bodies[0]


@pytest.mark.parametrize("what", ["folder", "lock"])
def test_a_folder_that_is_closed_to_us_costs_the_files_and_not_the_page(
    app: Flask, renewer: Renewer, tmp_path: Path, what: str
) -> None:
    folder = tmp_path / "closed"
    if what == "folder":
        folder.write_text("not a folder at all")
    else:
        (folder / "lock").mkdir(parents=True)
    make_update(1, title="All the same")
    db.session.commit()
    alone = Renewer(db.engine, folder, base=renewer.base)
    alone.renew_now()
    assert b"All the same" in alone.pages["/"].plain.bodies[0]
    assert alone.trouble


def test_the_generation_stands_on_the_disk_so_that_a_full_one_cannot_kill_us(renewer: Renewer) -> None:
    found = (renewer.shelf.folder / "generation").stat()
    assert (found.st_size, found.st_blocks > 0) == (8, True)


def test_what_a_killed_writer_left_is_written_over(app: Flask, renewer: Renewer) -> None:
    left = renewer.shelf.folder / ".moving.new"
    left.write_bytes(b"half a")
    make_update(1, title="Whole")
    db.session.commit()
    renewer.renew_now()
    assert not left.exists()
    again = Renewer(db.engine, renewer.shelf.folder, base=renewer.base)
    assert b"Whole" in again.pages["/"].plain.bodies[0]


def test_what_could_not_be_written_beside_a_wedged_neighbour_is_written_later(
    app: Flask, renewer: Renewer, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_update(1, title="To be withdrawn")
    db.session.commit()
    renewer.renew_now()
    monkeypatch.setattr("statuspage.renewer._PATIENCE", 0.0)
    with renewer.shelf.__class__(renewer.shelf.folder).alone(patience=0):
        publishing.withdraw_incident(1)
        db.session.commit()
        renewer.renew_now()
    clock.forward(minutes=1)
    renewer.renew_now()
    again = Renewer(db.engine, renewer.shelf.folder, base=renewer.base)
    assert b"To be withdrawn" not in b"".join(each.plain.bodies[0] for each in again.pages.values())


@pytest.mark.parametrize("how", ["locked", "removed", "damaged"])
def test_a_sqlite_file_that_is_locked_removed_or_damaged_leaves_the_page(
    tmp_path: Path, sqlite_schema: Path, clock: Any, how: str
) -> None:
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.05})
    renewer = Renewer(engine, tmp_path / "page", base="http://x")
    renewer.renew_now()
    engine.dispose()
    holder = create_engine(f"sqlite:///{path}")
    with holder.connect() as other:
        if how == "locked":
            other.exec_driver_sql("BEGIN EXCLUSIVE")
        elif how == "removed":
            path.unlink()
        else:
            path.write_bytes(b"no database at all" * 1000)
        clock.forward(seconds=125)
        renewer.renew_now()
        door = Client(FrontDoor(no_flask, renewer, threads=8))
        assert "We cannot reach our own systems since 02:14 UTC" in door.get("/").text
        assert door.get("/health/live").status_code == 200
    holder.dispose()
    engine.dispose()
