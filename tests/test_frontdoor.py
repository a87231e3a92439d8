"""The front door and the renewer: prepared bytes, exact HTTP, every worker, and no database."""

from __future__ import annotations

import gzip
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine
from werkzeug.test import Client, TestResponse

from incidents.kernel.database import db
from incidents.kernel.doorbell import Doorbell
from incidents.published import publishing, revision
from incidents.published.page_settings import change_page_settings
from statuspage import renewer as renewer_module
from statuspage import shelf as shelf_module
from statuspage.frontdoor import FrontDoor, accepts_gzip
from statuspage.prepared import CACHE_CONTROL
from statuspage.renewer import Renewer
from tests.doors import Silence, no_flask, silence
from tests.factories_published import DEGRADED, make_component, make_page, make_past_incident, make_update

__all__ = ["silence"]

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def renewer(app: Flask) -> Renewer:
    found: Renewer = app.extensions["sevenbells.page"]
    return found


@pytest.fixture
def door(renewer: Renewer) -> Client:
    """A browser before the front door; behind it is nothing but a word."""
    return Client(FrontDoor(no_flask, renewer, threads=8))


@pytest.fixture
def neighbour(app: Flask, renewer: Renewer) -> Renewer:
    """Another worker process on the same machine: its own memory, the same files."""
    return Renewer(db.engine, renewer.shelf.folder, base=renewer.base)


def publish(renewer: Renewer, incident_id: int = 1, **more: Any) -> str:
    update = make_update(incident_id, **more)
    db.session.commit()
    renewer.renew_now()
    return update.incident.public_id


def test_a_prepared_page_has_every_header_it_should_and_no_cookie(door: Client, renewer: Renewer) -> None:
    publish(renewer)
    answer = door.get("/", headers=GZIP)
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert (
        answer.headers["Cache-Control"]
        == CACHE_CONTROL
        == "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["ETag"].startswith('"')
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Set-Cookie" not in answer.headers
    plain = door.get("/")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(answer.data) == plain.data
    assert plain.headers["ETag"] != answer.headers["ETag"]


def test_an_unchanged_page_is_304_for_its_own_encoding_only(door: Client, renewer: Renewer) -> None:
    publish(renewer)
    etag = door.get("/", headers=GZIP).headers["ETag"]
    for theirs in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = door.get("/", headers={**GZIP, "If-None-Match": theirs})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
        assert answer.headers["Cache-Control"] == CACHE_CONTROL
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert door.get("/", headers={"If-None-Match": etag}).status_code == 200
    assert door.get("/", headers={**GZIP, "If-None-Match": '"other"'}).status_code == 200


def test_a_feed_is_304_by_date_when_no_etag_is_given(door: Client, renewer: Renewer) -> None:
    publish(renewer)
    when = door.get("/history.atom").headers["Last-Modified"]
    assert door.get("/history.atom", headers={"If-Modified-Since": when}).status_code == 304
    assert door.get("/history.atom", headers={"If-Modified-Since": when, "If-None-Match": '"x"'}).status_code == 200


def test_head_has_the_headers_of_get_and_no_body(door: Client, renewer: Renewer) -> None:
    publish(renewer)
    got, head = door.get("/", headers=GZIP), door.head("/", headers=GZIP)
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_refused(door: Client, renewer: Renewer, method: str) -> None:
    publish(renewer)
    answer = door.open("/", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_query_parameters_change_nothing(door: Client, renewer: Renewer) -> None:
    publish(renewer)
    assert door.get("/?utm_source=x&lang=xx").data == door.get("/").data


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True), ("gzip, br", True), ("GZIP", True), ("br;q=1.0, gzip;q=0.8", True), ("*", True),
        ("", False), (None, False), ("identity", False), ("gzip;q=0", False), ("gzip ; q=0.000, br", False), ("gzip;q=0.001", True),
    ],
)  # fmt: skip
def test_gzip_goes_to_those_who_take_it(accepted: str | None, takes: bool) -> None:
    assert accepts_gzip(accepted) is takes


def test_the_views_of_plain_flask_send_the_same_bytes(app: Flask, door: Client, renewer: Renewer) -> None:
    make_page()
    renewer.renew_now()
    flask = app.test_client()
    for path in renewer.pages:
        by_flask, by_door = flask.get(path, headers=GZIP), door.get(path, headers=GZIP)
        assert by_flask.data == by_door.data
        for header in ("ETag", "Content-Type", "Cache-Control", "Vary", "Content-Security-Policy"):
            assert by_flask.headers.get(header) == by_door.headers.get(header)
    assert flask.post("/").status_code == 405


def test_a_commit_in_this_process_wakes_the_renewer_at_once(app: Flask, renewer: Renewer, door: Client) -> None:
    woken = threading.Event()
    revision.tell_on_change(woken.set)
    try:
        make_update(1)
        assert not woken.is_set()
        with db.session.begin_nested():
            publishing.rename(1, "Another")
        assert not woken.is_set()
        db.session.commit()
        assert woken.is_set()
        woken.clear()
        make_update(2)
        db.session.rollback()
        db.session.commit()
        assert not woken.is_set()
    finally:
        revision.tell_no_more(woken.set)


def eventually(what: Callable[[], bool]) -> bool:
    """Wait, without polling the code under test to death, for something another thread does."""
    for _ in range(3000):
        if what():
            return True
        threading.Event().wait(0.01)
    return False


def test_running_renewers_show_a_change_and_a_withdrawal_in_every_worker(
    app: Flask, renewer: Renewer, neighbour: Renewer
) -> None:
    ours, theirs = Client(FrontDoor(no_flask, renewer, threads=8)), Client(FrontDoor(no_flask, neighbour, threads=8))
    renewer.start()
    neighbour.start()
    try:
        make_update(1, title="Canary 17")
        db.session.commit()
        path = f"/incidents/{publishing.find(1).public_id}"  # type: ignore[union-attr]
        db.session.commit()
        # until there is a page at all, each of our looks would go on to Flask and take a place there
        assert eventually(lambda: bool(renewer.pages and neighbour.pages))
        for worker in (ours, theirs):
            assert eventually(lambda worker=worker: "Canary 17" in worker.get("/").text)  # type: ignore[misc]
            assert worker.get(path).text.startswith("<!DOCTYPE html>")
        publishing.withdraw_incident(1)
        db.session.commit()
        for worker in (ours, theirs):
            assert eventually(lambda worker=worker: worker.get(path).text == "from Flask")  # type: ignore[misc]
            assert eventually(lambda worker=worker: "Canary 17" not in worker.get("/").text)  # type: ignore[misc]
    finally:
        renewer.stop()
        neighbour.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_another_process_commits_reaches_a_worker_that_does_not_ask_for_it(
    app: Flask, renewer: Renewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, wait = [], Doorbell.wait

    def noted(self: Doorbell, seconds: float) -> bool:
        waits.append(seconds)
        return wait(self, seconds)

    monkeypatch.setattr(renewer_module, "_REST", 600.0)
    monkeypatch.setattr(Doorbell, "wait", noted)
    publish(renewer, title="Canary 17")
    db.session.rollback()
    renewer.start()
    try:
        assert eventually(lambda: waits[-1:] == [600.0])
        with closing(sqlite3.connect(str(db.engine.url.database))) as another, another:
            another.execute("UPDATE published_incidents SET title = 'Canary 18'")
            another.execute("UPDATE page_revision SET revision = revision + 1")
        assert eventually(lambda: b"Canary 18" in b"".join(renewer.pages["/"].plain.bodies))
    finally:
        renewer.stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_after_a_ring_a_worker_asks_often_until_a_slow_disk_has_what_was_written(app: Flask, renewer: Renewer) -> None:
    publish(renewer)
    db.session.rollback()

    def becomes_visible() -> bool:
        revision.bump()
        db.session.commit()
        return False

    happens: list[Callable[[], bool]] = [lambda: True, lambda: False, becomes_visible, lambda: False]
    waits: list[float] = []

    class Scripted:
        def tells(self) -> bool:
            return True

        def wait(self, seconds: float) -> bool:
            if seconds == 0:
                return False
            waits.append(seconds)
            if not happens:
                renewer._stopped.set()
                return False
            return happens.pop(0)()

    renewer._keep_asking(Scripted())  # type: ignore[arg-type]

    often, seldom = renewer_module.POLL, renewer_module._REST
    assert waits == [seldom, often, 2 * often, seldom, seldom]


def test_one_worker_renders_and_the_others_read_its_files(
    app: Flask, renewer: Renewer, neighbour: Renewer, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(renewer, title="Slow")
    rendered: list[Any] = []
    monkeypatch.setattr(neighbour, "_render", lambda *args, **more: rendered.append(args))
    assert Client(FrontDoor(no_flask, neighbour, threads=8)).get("/").data == renewer.pages["/"].plain.bodies[0]
    neighbour.renew_now()
    assert rendered == []
    clock.forward(minutes=1)
    renewer.renew_now()
    neighbour.renew_now()
    assert rendered == []
    assert neighbour.pages["/"].plain.etag == renewer.pages["/"].plain.etag


def test_a_neighbour_that_has_not_yet_heard_never_puts_old_pages_over_new_ones(
    app: Flask, renewer: Renewer, neighbour: Renewer
) -> None:
    publish(renewer, title="Old title")
    neighbour.renew_now()
    publishing.rename(1, "New title")
    db.session.commit()
    renewer.renew_now()
    neighbour._bring_up_to_date()  # its minute comes before it asks the database
    assert b"New title" in neighbour.pages["/"].plain.bodies[0]
    renewer.renew_now()
    assert b"New title" in renewer.pages["/"].plain.bodies[0]


def test_with_the_database_down_the_minute_moves_and_after_two_it_says_so(
    door: Client, renewer: Renewer, silence: Silence, clock: Any
) -> None:
    change_page_settings(name="AI Perception", zone="Europe/Berlin")
    path = f"/incidents/{publish(renewer, next_update_at=clock() + timedelta(minutes=1))}"
    silence.is_gone = True

    clock.forward(seconds=100)
    renewer.renew_now()
    page = door.get("/").text
    assert "As of 03:15 CET (02:15 UTC)" in page
    assert "cannot reach" not in page

    clock.forward(seconds=61)
    renewer.renew_now()
    for dark in (door.get("/").text, door.get(path).text):
        assert "We cannot reach our own systems since 03:14 CET. What you see is from then." in dark
        assert 'class="band s-none"' in dark
        assert "As of 03:16 CET (02:16 UTC)" in dark
        assert "1 min late" in dark

    silence.is_gone = False
    renewer.renew_now()
    assert "cannot reach" not in door.get("/").text


def test_a_start_with_the_database_down_serves_the_last_bytes(app: Flask, renewer: Renewer, clock: Any) -> None:
    make_page()
    renewer.renew_now()
    gone = create_engine("postgresql+psycopg://nobody@127.0.0.1:9/nowhere", connect_args={"connect_timeout": 1})
    clock.forward(minutes=30)

    reborn = Renewer(gone, renewer.shelf.folder, base=renewer.base)
    door = Client(FrontDoor(no_flask, reborn, threads=8))
    assert set(reborn.pages) == set(renewer.pages)
    assert door.get("/", headers=GZIP).data == renewer.pages["/"].gzipped.bodies[0]
    assert door.get("/health/live").status_code == 200

    reborn.renew_now()
    page = door.get("/").text
    assert "We cannot reach our own systems since 03:14 CET" in page
    assert "As of 03:44 CET" in page
    gone.dispose()


def test_a_start_with_nothing_at_all_is_not_alive(tmp_path: Path) -> None:
    gone = create_engine("postgresql+psycopg://nobody@127.0.0.1:9/nowhere", connect_args={"connect_timeout": 1})
    renewer = Renewer(gone, tmp_path, base="http://x")
    renewer.renew_now()
    assert Client(FrontDoor(no_flask, renewer, threads=8)).get("/health/live").status_code == 503
    gone.dispose()


@pytest.mark.parametrize("name", ["moving", "resting", "records.json", "generation"])
def test_a_damaged_file_is_no_reason_to_fail(app: Flask, renewer: Renewer, name: str) -> None:
    publish(renewer, title="Slow")
    path = renewer.shelf.folder / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reborn = Renewer(db.engine, renewer.shelf.folder, base=renewer.base)
    reborn.renew_now()
    assert b"Slow" in reborn.pages["/"].plain.bodies[0]


def test_a_full_disk_is_survived_from_memory(
    app: Flask, renewer: Renewer, door: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(renewer, title="Before")

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        publish(renewer, title="While full")
        assert "While full" in door.get("/").text
    assert [path.name for path in renewer.shelf.folder.glob(".*")] == []
    publish(renewer, title="After")
    assert "After" in door.get("/").text
    again = Renewer(db.engine, renewer.shelf.folder, base=renewer.base)
    assert b"After" in again.pages["/"].plain.bodies[0]


def test_a_wedged_neighbour_cannot_hold_the_page_up(
    app: Flask, renewer: Renewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statuspage.renewer._PATIENCE", 0.0)
    with shelf_module.Shelf(renewer.shelf.folder).alone(patience=0) as has_it:
        assert has_it
        publish(renewer, title="All the same")
    assert b"All the same" in renewer.pages["/"].plain.bodies[0]


def test_only_six_of_eight_threads_go_to_flask_and_the_page_always_answers(renewer: Renewer) -> None:
    publish(renewer)
    inside, leave, arrived = threading.Semaphore(0), threading.Event(), []

    def slow(_environ: Any, start_response: Any) -> list[bytes]:
        inside.release()
        leave.wait(10)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    door = FrontDoor(slow, renewer, threads=8)

    def ask() -> None:
        arrived.append(Client(door).get("/console/", buffered=True).status_code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)
    refused: TestResponse = Client(door).get("/console/")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert Client(door).get("/").status_code == 200
    leave.set()
    for thread in threads:
        thread.join()
    assert arrived == [200] * 6
    assert Client(door).get("/console/", buffered=True).status_code == 200  # every place is free again


def test_a_streamed_answer_keeps_its_place_until_the_server_closes_it(renewer: Renewer) -> None:
    def streaming(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return iter([b"a", b"b"])

    client = Client(FrontDoor(streaming, renewer, threads=3))
    first = client.get("/console/export")
    assert client.get("/console/export").status_code == 503
    assert first.data == b"ab"
    first.close()
    assert client.get("/console/export").status_code == 200


def test_a_place_is_freed_when_flask_fails(renewer: Renewer) -> None:
    def broken(_environ: Any, _start_response: Any) -> list[bytes]:
        raise RuntimeError("broken")

    door = FrontDoor(broken, renewer, threads=3)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            Client(door).get("/console/")


def test_the_console_is_not_found_on_the_pages_own_host(renewer: Renewer) -> None:
    publish(renewer)
    door = FrontDoor(
        no_flask, renewer, threads=8, base_url="https://ops.example.com", page_url="https://status.example.com"
    )
    for path in ("/console/", "/login", "/api/v1/incidents", "/metrics", "/setup/x"):
        assert Client(door).get(path, base_url="https://status.example.com").status_code == 404
        assert Client(door).get(path, base_url="https://ops.example.com").text == "from Flask"
    assert Client(door).get("/", base_url="https://status.example.com").status_code == 200
    assert Client(door).get("/incidents/zzzzzzzzzzzz", base_url="https://status.example.com").text == "from Flask"


def test_links_never_come_from_the_host_header(app: Flask, renewer: Renewer) -> None:
    publish(renewer)
    for path in ("/", "/history.atom", "/api/v2/summary.json", "/components/zzzzzzzzzzzz"):
        assert "evil.example" not in app.test_client().get(path, headers={"Host": "evil.example"}).text


def test_pages_made_on_demand_are_remembered_until_something_changes(
    app: Flask, renewer: Renewer, door: Client, count_queries: list[str]
) -> None:
    number = make_past_incident("Years ago", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    for index in range(50):
        make_past_incident(f"Newer {index}", ended_ago=timedelta(days=10), lasted=timedelta(minutes=5))
    db.session.commit()
    old = f"/incidents/{publishing.find(number).public_id}"  # type: ignore[union-attr]
    db.session.commit()
    renewer.renew_now()
    assert door.get(old).text == "from Flask"
    made = renewer.on_demand(old)
    assert made is not None
    count_queries.clear()
    assert door.get(old).data == made.plain.bodies[0]
    assert renewer.on_demand(old) is made
    assert count_queries == []

    publishing.withdraw_incident(number)
    db.session.commit()
    renewer.renew_now()
    assert door.get(old).text == "from Flask"
    assert renewer.on_demand(old) is None


def test_nothing_is_written_by_looking(app: Flask, renewer: Renewer, count_queries: list[str]) -> None:
    renewer.renew_now()
    app.test_client().get("/")
    assert not [each for each in count_queries if each.split()[0] in ("INSERT", "UPDATE", "DELETE")]


def test_the_hot_path_touches_no_database_and_no_clock(
    renewer: Renewer, door: Client, clock: Any, count_queries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/incidents/{publish(renewer, components={make_component().public_id: DEGRADED})}"
    count_queries.clear()

    def never() -> datetime:
        raise AssertionError("the hot path asked for the time")

    monkeypatch.setattr("incidents.kernel.clock.source", never)
    for address in ("/", path, f"{path}.json", "/history.rss", "/api/v2/summary.json"):
        assert door.get(address, headers=GZIP).status_code == 200
    assert count_queries == []
