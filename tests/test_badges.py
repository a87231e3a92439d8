"""The state in a few letters: badges, the banner for frames, and what robots and browsers ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from incidents.kernel.database import db
from incidents.published import components as known
from incidents.published import publishing
from incidents.published.page_settings import change_page_settings
from statuspage import badges
from statuspage.frontdoor import FrontDoor
from statuspage.renewer import Renewer
from tests.factories_published import DEGRADED, MAJOR, PARTIAL, make_component, make_page, make_update

SVG = "{http://www.w3.org/2000/svg}"
EMOJI = "\N{FIRE}"


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """The bytes are the same on both databases, which other tests see to: one is enough here."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


def test_a_badge_says_the_state_in_words_and_needs_nothing(client: FlaskClient) -> None:
    change_page_settings(name="A & <B>")
    api = make_component("API")
    make_update(1, components={api.public_id: PARTIAL})
    answer = client.get("/badge.svg")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    drawn = ET.fromstring(answer.data)
    assert drawn.get("aria-label") == drawn.findtext(f"{SVG}title") == "A & <B>: partial outage"
    assert [each.text for each in drawn.iter(f"{SVG}text")] == ["A & <B>", "partial outage"]
    assert not [each for each in ("script", "http://www.w3.org/1999/xlink", "url(", "style") if each in answer.text]
    assert client.get("/badge.json").json == {
        "schemaVersion": 1, "label": "A & <B>", "message": "partial outage", "color": "#a03f08",
    }  # fmt: skip


def test_each_component_has_a_badge_of_its_own(client: FlaskClient) -> None:
    api, web = make_component("API"), make_component("Web")
    hidden = make_component("Inner", shown=False)
    make_update(1, components={api.public_id: MAJOR})
    told = [json.loads(client.get(f"/components/{each.public_id}/badge.json").data) for each in (api, web)]
    assert [(badge["label"], badge["message"]) for badge in told] == [("API", "major outage"), ("Web", "operational")]
    assert "API: major outage" in client.get(f"/components/{api.public_id}/badge.svg").text
    for none in (hidden.public_id, "z" * 12):
        assert client.get(f"/components/{none}/badge.svg").status_code == 404


def test_a_badge_stays_under_a_kilobyte_whatever_the_name(client: FlaskClient) -> None:
    make_component("API", status=MAJOR)
    for letter in ("W", EMOJI, "&", '"', "\u0645", "\u4e2d"):
        change_page_settings(name=letter * 60)
        answer = client.get("/badge.svg")
        assert len(answer.data) <= 1024
        ET.fromstring(answer.data)


def test_a_badge_is_grey_once_we_cannot_see_for_ourselves(app: Flask, clock: Any) -> None:
    make_page()
    renewer: Renewer = app.extensions["sevenbells.page"]
    renewer.renew_now()
    assert renewer.picture is not None
    dark = replace(renewer.picture, dark_since=clock())
    assert b"AI Perception: unknown" in badges.documents(dark)["/badge.svg"].body
    assert b"We cannot reach our own systems" in badges.embed(dark, base="https://status.example.com").body


def test_only_the_banner_may_be_framed_and_its_link_leaves_the_frame(client: FlaskClient) -> None:
    change_page_settings(name="AI Perception")
    api = make_component("API")
    make_update(1, components={api.public_id: DEGRADED}, title="Slow")
    db.session.commit()
    incident = publishing.find(1)
    assert incident is not None
    banner = client.get("/embed")
    assert "frame-ancestors *" in banner.headers["Content-Security-Policy"]
    assert "Some systems are degraded" in banner.text
    assert 'href="http://127.0.0.1:8000/" target="_top"' in banner.text
    assert len(banner.data) < 8_000
    paths = ["/", "/history", f"/incidents/{incident.public_id}", f"/components/{api.public_id}", "/nowhere", "/login",
             "/history.atom", "/history.rss", "/history.json", "/maintenance.ics", "/badge.svg", "/badge.json",
             "/api/v2/summary.json", "/robots.txt", "/sitemap.xml", "/favicon.ico"]  # fmt: skip
    for path in paths:
        assert "frame-ancestors 'none'" in client.get(path).headers["Content-Security-Policy"], path


def test_programs_of_other_sites_may_ask_and_read(app: Flask) -> None:
    renewer: Renewer = app.extensions["sevenbells.page"]
    renewer.renew_now()
    door = Client(FrontDoor(app.wsgi_app, renewer, threads=8))
    plain = app.test_client()
    for path in (
        "/api/v2/summary.json",
        "/history.json",
        "/components/zzzzzzzzzzzz.json",
        "/incidents/zzzzzzzzzzzz.json",
    ):
        for asked in (door, plain):
            answer = asked.open(path, method="OPTIONS", headers={"Access-Control-Request-Headers": "if-none-match"})
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*"), path
            assert answer.headers["Access-Control-Allow-Headers"] == "*"
            assert asked.get(path).headers["Access-Control-Allow-Origin"] == "*"
    assert door.open("/", method="OPTIONS").status_code == 405


def test_robots_find_every_public_page_and_nothing_else(client: FlaskClient, clock: Any) -> None:
    api, hidden = make_component("API"), known.add_component("Inner", shown=False)
    make_update(1, components={api.public_id: DEGRADED})
    db.session.commit()
    incident = publishing.find(1)
    assert incident is not None
    rules = client.get("/robots.txt")
    assert rules.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Disallow: /console/" in rules.text
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in rules.text
    found = [each.text for each in ET.fromstring(client.get("/sitemap.xml").data).iter() if each.tag.endswith("loc")]
    base = "http://127.0.0.1:8000"
    wanted = ["/", "/history", "/history/2026-11", f"/incidents/{incident.public_id}", f"/components/{api.public_id}"]
    assert found == [base + path for path in wanted]
    assert hidden.public_id not in "".join(str(each) for each in found)
    assert all(client.get(path).status_code == 200 for path in wanted)
    assert client.get("/favicon.ico").headers["Content-Type"] == "image/svg+xml; charset=utf-8"
