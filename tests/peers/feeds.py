"""Feed readers: feedparser, which forgives much and says so, asked whether it had to."""

from __future__ import annotations

from typing import Any

import feedparser

from tests.peers.comparing import must_be
from tests.peers.hostile import Page

FEEDS = ("/history.atom", "/history.rss")


def check_with_feedparser(path: str, content_type: str, body: bytes, page: Page) -> str:
    """Raise AssertionError unless the feed is well-formed and says exactly what the page does."""
    read: Any = feedparser.parse(body, response_headers={"content-type": content_type, "content-location": "http://x/"})
    assert not read.bozo, f"{path}: {read.get('bozo_exception')}"
    wanted = {**page.open_incidents, **page.past_incidents}
    titles = {entry.link.rpartition("/")[2]: entry.title for entry in read.entries}
    must_be({one: titles.get(one) for one in wanted}, wanted, path)
    assert len({entry.id for entry in read.entries}) == len(read.entries)
    assert all(entry.published_parsed and entry.get("summary") for entry in read.entries)
    assert "<script" not in body.decode()
    return f"{path}: {len(read.entries)} entries, {read.version}, well-formed"
