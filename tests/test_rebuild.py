"""What a change of the page costs: what did not change is neither read through, nor made, nor written anew."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from incidents.actions import maintenance
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.repeating import change_series, stop_series
from statuspage import packing, records, records_file
from statuspage.renewer import Renewer
from statuspage.stored import Known
from tests.factories_maintenance import MAYA, make_series, make_work
from tests.factories_published import PARTIAL, make_component, make_page, make_past_incident, make_update


@pytest.fixture
def renewers(app: Flask, tmp_path: Path) -> list[Renewer]:
    """Those of three processes on one machine."""
    return [Renewer(db.engine, tmp_path / "page", base="https://status.example.com") for _ in range(3)]


def test_a_row_that_comes_the_same_again_is_not_made_anew(app: Flask, clock: Any) -> None:
    api = make_component("API")
    make_update(1, title="The API is slow", components={api.public_id: PARTIAL})
    edited = make_update(2, title="Mail is late")
    make_series(components=[api.public_id])
    db.session.commit()
    known = Known()
    before = records.read(db.session.connection(), clock(), known)

    publishing.revise(edited.public_id, by_name="Maya", edited_at=clock(), body="Wait.", body_html="<p>Wait.</p>")
    db.session.commit()
    after = records.read(db.session.connection(), clock(), known)

    assert after == records.read(db.session.connection(), clock())
    assert [one is other for one, other in zip(after.incidents, before.incidents, strict=True)] == [False, True]
    assert all(one is other for one, other in zip(after.maintenances, before.maintenances, strict=True))
    assert all(one is other for one, other in zip(after.components, before.components, strict=True))


# PostgreSQL rightly goes through tables that are as small as a test's
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_question_goes_through_all_that_ever_happened(app: Flask, clock: Any) -> None:
    make_page()
    make_past_incident("Old trouble", ended_ago=timedelta(days=300), lasted=timedelta(hours=1))
    db.session.commit()
    connection = db.session.connection()
    asked: list[tuple[str, Any]] = []
    listener = lambda _connection, _cursor, said, values, *_more: asked.append((said, values))  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    records.read(connection, clock())
    event.remove(db.engine, "before_cursor_execute", listener)

    plans = [
        row[3] for said, values in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)
    ]

    growing = ("published_incidents", "published_updates", "maintenances", "maintenance_updates", "baseline_changes")
    through = [plan for plan in plans if plan.startswith("SCAN") and plan.split()[1] in growing]
    # the newest fifty: the index is read from its end, and no further
    assert set(through) <= {
        "SCAN published_incidents USING COVERING INDEX ix_published_incidents_began_at",
        "SCAN maintenances USING COVERING INDEX ix_maintenances_starts_at",
    }
    assert len(plans) > len(asked)


def test_every_change_of_announced_work_is_seen(app: Flask, clock: Any) -> None:
    """It is read anew only where its version moved, so whatever changes it has to move that."""
    known = Known()
    clock.forward(minutes=1)
    one, weekly = make_work(in_minutes=5), make_series()
    words = maintenance.words(title="Another title", body="Other words.", components=[])
    times = {"starts_at": clock() + timedelta(minutes=9), "ends_at": clock() + timedelta(minutes=90)}
    series = weekly[0].series
    assert series is not None
    changes: list[Callable[[], object]] = [
        lambda: maintenance.change(one, words, by=MAYA, **times),
        lambda: maintenance.begin(one, by=MAYA),
        lambda: maintenance.write(one, by=MAYA, body="Half of it is done."),
        lambda: maintenance.verify(one, by=MAYA),
        lambda: maintenance.finish(one, by=MAYA),
        lambda: maintenance.cancel(weekly[1], by=MAYA, body=""),
        lambda: change_series(
            series,
            words,
            rule="FREQ=WEEKLY;BYDAY=WE",
            zone="Europe/Berlin",
            local_start=clock().replace(tzinfo=None),
            lasts=timedelta(hours=1),
        ),
        lambda: stop_series(series),
    ]
    for change in changes:
        records.read(db.session.connection(), clock(), known)
        change()
        db.session.commit()
        fresh = records.read(db.session.connection(), clock())
        assert records.read(db.session.connection(), clock(), known).maintenances == fresh.maintenances


def test_a_change_leaves_the_file_of_what_is_over_alone(
    app: Flask, renewers: list[Renewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = make_past_incident("Old trouble", ended_ago=timedelta(days=2), lasted=timedelta(hours=1))
    make_update(1, title="The API is slow")
    ours = renewers[0]
    db.session.commit()
    ours.renew_now()
    written: list[str] = []
    write = ours.shelf.write_bytes

    def noted(name: str, content: bytes) -> None:
        written.append(name)
        write(name, content)

    monkeypatch.setattr(ours.shelf, "write_bytes", noted)

    make_update(1, status="identified")
    db.session.commit()
    ours.renew_now()
    assert sorted(written) == ["moving", "records.json", "resting"]
    publishing.rename(over, "Another title")
    db.session.commit()
    ours.renew_now()

    assert written.count("settled") == 1
    assert ours.picture is not None
    kept = ours.shelf.read_bytes("records.json")
    assert kept == records_file.as_json(ours.picture.records)


def test_what_a_neighbour_wrote_and_was_withdrawn_is_in_no_file(app: Flask, renewers: list[Renewer]) -> None:
    ours, theirs, later = renewers
    make_past_incident("Old trouble", ended_ago=timedelta(days=3), lasted=timedelta(hours=1))
    db.session.commit()
    ours.renew_now()
    over = make_past_incident("Canary 17", ended_ago=timedelta(days=2), lasted=timedelta(hours=1))
    path = f"/incidents/{publishing.find(over).public_id}"  # type: ignore[union-attr]
    db.session.commit()
    theirs.renew_now()
    assert path in theirs.pages
    publishing.withdraw_incident(over)
    db.session.commit()
    ours.renew_now()

    later.look_again()
    assert (path in ours.pages, path in later.pages) == (False, False)
    assert not [each for each in ours.shelf.folder.iterdir() if b"Canary 17" in each.read_bytes()]


def test_what_is_settled_is_believed_only_beside_the_file_that_names_it(app: Flask, renewers: list[Renewer]) -> None:
    """A version of ours that knew no such file may have withdrawn what is in it."""
    ours, later, _third = renewers
    over = make_past_incident("Canary 17", ended_ago=timedelta(days=2), lasted=timedelta(hours=1))
    path = f"/incidents/{publishing.find(over).public_id}"  # type: ignore[union-attr]
    db.session.commit()
    ours.renew_now()
    later.look_again()
    assert path in later.pages

    moving = ours.shelf.folder / "moving"
    moving.write_bytes(moving.read_bytes().replace(b'"beside"', b'"inside"'))
    ours.shelf.bump()
    later.look_again()
    assert path not in later.pages
    assert "/" in later.pages


def test_what_is_packed_in_pieces_is_read_as_one(app: Flask, clock: Any, renewers: list[Renewer]) -> None:
    """A month full of work that comes daily, and answers of the API, hold pieces that are compressed by themselves."""
    packing._packed_piece.cache_clear()
    api = make_component("API")
    make_series("FREQ=DAILY", zone="UTC", begins=f"{clock():%Y-%m-%d}T00:00", components=[api.public_id])
    for hour in range(60):
        make_work(f"Upgrade {hour}", in_minutes=60 + hour, components=[api.public_id])
    make_update(1, title="The API is slow")
    db.session.commit()
    clock.forward(days=2)
    for attempt in range(2):
        make_update(1, status="identified", body=f"Attempt {attempt}.")
        db.session.commit()
        renewers[0].renew_now()
        for each in renewers[0].pages.values():
            assert gzip.decompress(each.gzipped.bodies[0]) == each.plain.bodies[0]
    history, answer = (renewers[0].pages[path] for path in ("/history", "/api/v2/scheduled-maintenances.json"))
    assert packing._packed_piece.cache_info().hits > 0
    assert min(len(each.plain.bodies[0]) for each in (history, answer)) > 8_000
