"""The mirrored page in a browser: it works from files alone under its own policy, and tells the reader when it is old."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

import statuspage
from incidents.kernel.database import db
from tests.factories_published import make_page


@pytest.fixture
def database_url(tmp_path: Path, sqlite_schema: Path) -> str:
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_words: Any) -> None:
        """The test's own output is enough."""


@pytest.fixture
def second_host(app: Flask, tmp_path: Path) -> Iterator[str]:
    """A plain server of files, which knows nothing of us."""
    make_page()
    db.session.commit()
    mirror = statuspage.mirror(app, app.extensions["sevenbells.settings"], str(tmp_path / "www"))
    while not (did := mirror.bring_up_to_date()) or not did.is_whole:
        pass
    handler = functools.partial(_Silent, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_copy_says_that_it_is_old_when_the_readers_clock_says_so(
    browser: Browser, second_host: str, clock: Any
) -> None:
    made: datetime = clock()
    page = browser.new_context(timezone_id="UTC", locale="en-GB").new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.clock.install(time=made + timedelta(minutes=14))
    page.goto(f"{second_host}/")
    old = page.get_by_text("It has not been renewed since, and may be out of date.")
    assert old.count() == 1
    assert not old.is_visible()
    page.clock.fast_forward("02:00")  # the tab is left open
    expect(old).to_be_visible()
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_url(f"{second_host}/de/")
    page.get_by_text("Seither wurde sie nicht erneuert; sie kann überholt sein.").wait_for()
    page.get_by_role("link", name="Verlauf", exact=True).click()
    page.wait_for_url(f"{second_host}/de/history/")
    page.context.close()
    assert complaints == []
