"""The banner in another site's frame, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect
from werkzeug.serving import make_server

from tests.browser.conftest import Served, _Silent
from tests.factories_published import make_page
from tests.ports import free_port


@pytest.fixture
def database_url(tmp_path: Path, sqlite_schema: Path) -> str:
    """Frames do not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


@contextmanager
def another_site(html: str) -> Iterator[str]:
    """A page of somebody else's, until the block ends."""

    def answer(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [html.encode()]

    port = free_port()
    server = make_server("127.0.0.1", port, answer, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_only_the_banner_shows_in_a_frame_and_its_link_leaves_it(
    served: Served, context: BrowserContext, clock: Any
) -> None:
    make_page()
    served.page_now()
    frames = "".join(
        f'<iframe src="{served.address}{path}" width="360" height="88"></iframe>' for path in ("/embed", "/")
    )
    page = context.new_page()
    with another_site(f"<!doctype html><title>A shop</title>{frames}") as shop:
        page.goto(shop)

        banner = page.frame_locator("iframe").nth(0)
        expect(banner.get_by_role("heading")).to_have_text("Some systems are degraded")
        refused = page.frame_locator("iframe").nth(1)
        expect(refused.get_by_role("heading", name="Some systems are degraded")).to_have_count(0)
        room = banner.locator("html").evaluate("e => [e.scrollHeight, e.scrollWidth]")
        assert room[0] <= 88
        assert room[1] <= 360

        banner.get_by_role("link").click()
        page.wait_for_url(f"{served.address}/")


def test_an_open_banner_renews_itself_and_says_when_it_cannot(
    served: Served, context: BrowserContext, clock: Any
) -> None:
    make_page()
    served.page_now()
    page = context.new_page()
    page.clock.install()
    page.goto(f"{served.address}/embed")
    assert "03:14 CET" in page.locator("main").inner_text()
    assert not page.locator("#old").is_visible()

    page.route("**/embed", lambda route: route.abort())
    page.clock.run_for(61_000)
    expect(page.locator("#old")).to_be_visible()
    expect(page.locator("#old")).to_have_text("This may be out of date: the status page does not answer.")

    page.unroute("**/embed")
    clock.forward(minutes=2)
    served.page_now()
    page.clock.run_for(61_000)
    expect(page.locator("time")).to_contain_text("03:16 CET")
    expect(page.locator("#old")).to_be_hidden()
