"""A host of its own for the public page: every address that leaves names it, and the console is not to be found there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from incidents.kernel.database import db
from incidents.kernel.settings import Settings
from statuspage.frontdoor import FrontDoor
from statuspage.renewer import Renewer
from tests.factories_maintenance import make_work
from tests.factories_published import make_page

CONSOLE, PAGE = "https://ops.example.com", "https://status.example.org"


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Addresses do not depend on the database: one is enough."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "BASE_URL": CONSOLE, "PAGE_URL": PAGE}


@pytest.fixture
def door(app: Flask, settings: Settings, clock: Any) -> Client:
    """The front door with everything behind it, and a page in front."""
    make_page()
    make_work()
    db.session.commit()
    renewer: Renewer = app.extensions["sevenbells.page"]
    renewer.renew_now()
    return Client(FrontDoor(app.wsgi_app, renewer, threads=8, base_url=settings.base_url, page_url=settings.page_url))


def test_every_address_that_leaves_is_the_pages_own(app: Flask, door: Client) -> None:
    renewer: Renewer = app.extensions["sevenbells.page"]
    component = renewer.picture.components[0].id if renewer.picture else ""
    beside = [
        "/sitemap.xml",
        f"/components/{component}",
        f"/components/{component}/history.atom",
        "/history/2026-09.atom",
    ]
    for path in [*renewer.pages, *beside]:
        body = door.get(path, base_url=PAGE).get_data(as_text=True)
        assert CONSOLE not in body, path
        assert "127.0.0.1" not in body, path
    home = door.get("/", base_url=CONSOLE).text
    assert f'<link rel="canonical" href="{PAGE}/">' in home
    assert json.loads(door.get("/api/v2/summary.json").data)["page"]["url"] == PAGE
    assert "tag:status.example.org,2005:Incident/" in door.get("/history.atom").text


def test_on_its_own_host_there_is_the_page_and_nothing_else(door: Client) -> None:
    missing = door.get("/incidents/zzzzzzzzzzzz", base_url=PAGE)
    for path in ("/console/", "/login", "/api/v1/incidents", "/api/docs", "/v1/pages", "/metrics", "/setup/x", "/ack/x",
                 "/slack/commands", "/nowhere"):  # fmt: skip
        answer = door.get(path, base_url=PAGE)
        assert (answer.status_code, answer.data) == (404, missing.data), path
        assert "Set-Cookie" not in answer.headers
    assert door.get("/login", base_url=CONSOLE).status_code == 200
    for path in ("/", "/history", "/embed", "/badge.svg", "/robots.txt", "/sitemap.xml", "/subscribe", "/favicon.ico"):
        assert door.get(path, base_url=PAGE).status_code == 200, path


def test_whatever_the_page_links_to_on_its_host_is_there(door: Client) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        answer = door.get(path, base_url=PAGE)
        assert answer.status_code == 200, path
        if answer.mimetype == "text/html" and len(seen) < 60:
            links = {each.replace("&amp;", "&") for each in re.findall(r' href="(/[^"#]*)', answer.text)} - seen
            seen |= links
            waiting += sorted(links)
    assert {"/history", "/history.atom", "/maintenance.ics"} <= seen
