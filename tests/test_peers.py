"""Readers that nobody here wrote, on a page whose texts try to break out; more of them run by ``python -m tests.peers``."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.peers import calendars, feeds
from tests.peers.hostile import make_hostile_page


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What is served does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


def test_feed_and_calendar_readers_find_every_title_as_it_was_written(app: Flask) -> None:
    page, client = make_hostile_page(), app.test_client()
    for path in feeds.FEEDS:
        answer = client.get(path)
        feeds.check_with_feedparser(path, answer.headers["Content-Type"], answer.data, page)
    calendars.check_with_icalendar(client.get("/maintenance.ics").data, page)
