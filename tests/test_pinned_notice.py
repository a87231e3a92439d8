"""The pinned notice: on top of the page from its minute until its minute, and nowhere else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents.kernel import clock as now
from incidents.kernel.database import db
from incidents.kernel.errors import Malformed
from incidents.kernel.text import render_markdown
from incidents.published import page_settings, pinned
from statuspage import contents, page, records_file
from statuspage.snapshot import Picture, draw, take
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories_people import make_person, sign_in

BASE = "https://status.example.com"
ADDRESS = "/console/status-page/notice"


def pin(body: str = "We move to **another** building on Friday.", **more: Any) -> None:
    times: dict[str, datetime | None] = {"from_at": None, "until_at": None}
    wanted = {"level": "info", **times, **more}
    pinned.pin(body=body, body_html=render_markdown(body), by_name="Maya Lindqvist", **wanted)
    db.session.commit()


def picture() -> Picture:
    return take(db.session.connection(), now.now())


def home(at: Picture) -> str:
    return page.home(at, base=BASE).body.decode()


def test_it_stands_on_top_of_the_page_from_its_minute_until_its_minute(app: Flask, clock: WoundClock) -> None:
    begins = clock.moment + timedelta(minutes=10, seconds=30)
    pin(from_at=begins, until_at=begins + timedelta(hours=1))
    before = picture()
    told, begins = before.told, begins.replace(second=0)

    shown = {
        minutes: "another</strong> building" in home(draw(told, begins + timedelta(minutes=minutes)))
        for minutes in (-1, 0, 59, 60)
    }

    assert shown == {-1: False, 0: True, 59: True, 60: False}
    # and it outlives the database in the file that a start without one reads
    assert records_file.from_json(records_file.as_json(before.records)).notice == before.records.notice


def test_it_comes_before_the_incidents_and_says_warning_by_its_sign(app: Flask) -> None:
    pin("Some letters are late.", level="warn")

    html = home(picture())

    assert html.index("Some letters are late.") < html.index("Past incidents")
    assert 'class="pin warn"' in html


def test_it_is_in_no_feed_and_in_no_json(app: Flask) -> None:
    pin("Only for the eyes")

    made = {
        path: document.body for each in contents.sheets(picture(), base=BASE) for path, document in each.make().items()
    }

    assert [path for path, body in made.items() if b"Only for the eyes" in body] == ["/"]


def test_its_markdown_is_made_safe(app: Flask) -> None:
    pin("<script>alert(1)</script> [link](javascript:alert(1))")

    html = home(picture())

    assert "<script>alert" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"body": " \n"}, "body"),
        ({"body": "x" * 1001}, "body"),
        ({"level": "loud"}, "level"),
        ({"until_at": datetime.fromisoformat("2026-11-23T02:00:00Z")}, "until_at"),
    ],
)
def test_a_notice_that_nobody_could_read_is_refused(app: Flask, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        pin(**given)
    assert [*refused.value.fields] == [field]


def test_taken_off_it_is_gone_at_once(app: Flask, client: FlaskClient) -> None:
    pin("Short-lived")
    assert "Short-lived" in client.get("/").text

    pinned.unpin()
    db.session.commit()

    assert "Short-lived" not in client.get("/").text


def test_in_the_console_it_is_previewed_published_and_taken_off(app: Flask, client: FlaskClient) -> None:
    maya = sign_in(client, make_person(name="Maya Lindqvist", zone="Europe/Berlin"))
    text = {"body": "We **move** on Friday.", "level": "warn", "until_at": "2026-11-23T05:00"}

    looked = send(maya, ADDRESS, {"act": "preview", **text})
    assert "<strong>move</strong>" in looked.text
    assert pinned.pinned_notice() is None

    send(maya, ADDRESS, {"act": "pin", **text})
    assert "Until 05:00 CET (04:00 UTC)." in words(maya.get(ADDRESS))
    assert "<strong>move</strong>" in maya.get("/").text

    refused = send(maya, ADDRESS, {"act": "pin", **text, "until_at": "2026-11-23T01:00"})
    assert refused.status_code == 422
    assert "The end comes before the beginning." in words(refused)

    send(maya, ADDRESS, {"act": "unpin"})
    assert "<strong>move</strong>" not in maya.get("/").text


def test_where_the_page_needs_a_second_pair_of_eyes_an_admin_pins_it(app: Flask, client: FlaskClient) -> None:
    page_settings.change_page_settings(needs_second_eyes=True)
    maya = sign_in(client, make_person(name="Maya Lindqvist"))
    ada = sign_in(app.test_client(), make_person("ada@example.com", name="Ada", role="admin"))

    assert "an admin pins the notice" in words(send(maya, ADDRESS, {"act": "pin", "body": "Mine", "level": "info"}))
    send(ada, ADDRESS, {"act": "pin", "body": "Ours", "level": "info"})

    kept = pinned.pinned_notice()
    assert kept is not None
    assert kept.body == "Ours"
