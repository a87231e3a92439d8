"""Feeds to the letter: archives by month (RFC 5005), a feed for each component, and what is withdrawn is gone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from incidents.kernel.database import db
from incidents.published import publishing
from tests.factories_maintenance import make_work
from tests.factories_published import DEGRADED, make_component, make_past_incident, make_update

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://127.0.0.1:8000"


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """The bytes are the same on both databases, which other tests see to: one is enough here."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


def atom(client: FlaskClient, path: str = "/history.atom") -> tuple[list[str | None], dict[str | None, str | None]]:
    """The titles of a feed, and its links by what they are."""
    answer = client.get(path)
    assert answer.status_code == 200
    feed = ET.fromstring(answer.data)
    links = {each.get("rel"): each.get("href") for each in feed.findall(f"{ATOM}link")}
    return [each.findtext(f"{ATOM}title") for each in feed.findall(f"{ATOM}entry")], links


def test_a_reader_can_walk_back_to_the_beginning(client: FlaskClient) -> None:
    for number in range(70):
        make_past_incident(f"No {number}", ended_ago=timedelta(days=number), lasted=timedelta(minutes=5))
    db.session.commit()
    seen, links = atom(client)
    assert links["self"] == f"{BASE}/history.atom"
    assert links["prev-archive"] == f"{BASE}/history/2026-10.atom"
    walked = []
    while earlier := links.get("prev-archive"):
        path = earlier.removeprefix(BASE)
        titles, links = atom(client, path)
        assert b"archive" in client.get(path).data
        assert links["current"] == f"{BASE}/history.atom"
        walked.append((path, len(titles), links.get("next-archive")))
        seen += titles
    assert walked == [
        ("/history/2026-10.atom", 31, None),
        ("/history/2026-09.atom", 16, f"{BASE}/history/2026-10.atom"),
    ]
    assert set(seen) == {f"No {number}" for number in range(70)}


def test_archives_come_in_every_form_and_only_of_months_that_are_over(client: FlaskClient) -> None:
    make_past_incident("Long over", ended_ago=timedelta(days=40), lasted=timedelta(minutes=5))
    rss = ET.fromstring(client.get("/history/2026-10.rss").data)
    assert rss.findtext("channel/item/title") == "Long over"
    assert json.loads(client.get("/history/2026-10.json").data)["items"][0]["title"] == "Long over"
    assert json.loads(client.get("/history.json").data)["next_url"] == f"{BASE}/history/2026-10.json"
    for none in ("/history/2026-11.atom", "/history/2027-01.atom", "/history/1999-01.rss", "/history/2026-10.xml"):
        assert client.get(none).status_code == 404


def test_everything_of_this_month_is_in_the_feed_however_much_it_is(client: FlaskClient) -> None:
    for number in range(55):
        make_past_incident(f"No {number}", ended_ago=timedelta(hours=number), lasted=timedelta(minutes=5))
    assert len(atom(client)[0]) == 55


def test_a_component_has_a_feed_of_what_touches_it(client: FlaskClient, clock: Any) -> None:
    api, web = make_component("API"), make_component("Web")
    make_update(1, title="Slow", components={api.public_id: DEGRADED})
    clock.forward(minutes=1)
    make_update(2, title="Other", components={web.public_id: DEGRADED})
    make_work("Upgrade", components=[api.public_id])
    titles, links = atom(client, f"/components/{api.public_id}/history.atom")
    assert titles == ["Upgrade", "Slow"]
    assert links["alternate"] == f"{BASE}/components/{api.public_id}"
    assert f"/components/{api.public_id}/history.atom" in client.get(f"/components/{api.public_id}").text
    for form in ("rss", "json"):
        assert b"Slow" in client.get(f"/components/{api.public_id}/history.{form}").data
    assert client.get(f"/components/{'z' * 12}/history.atom").status_code == 404


def test_an_entry_keeps_its_id_and_leaves_when_it_is_withdrawn(client: FlaskClient, clock: Any) -> None:
    make_update(1, title="Slow")
    clock.forward(minutes=5)
    make_update(2, title="Wrong alarm")
    first = client.get("/history.atom")
    ids = [each.text for each in ET.fromstring(first.data).iter(f"{ATOM}id")]
    clock.forward(minutes=5)
    publishing.withdraw_incident(2)
    make_update(1, title="Slow indeed", status="resolved")
    db.session.commit()
    stale = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    after = client.get("/history.atom", headers=stale)
    assert after.status_code == 200
    assert [each.text for each in ET.fromstring(after.data).iter(f"{ATOM}id")] == [ids[0], ids[2]]
    for form in ("atom", "rss", "json"):
        assert b"Wrong alarm" not in client.get(f"/history.{form}").data
