"""Broken weather: the server gone, in error, without a session; nothing is lost and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.records.timeline import TimelineEntry
from tests.browser.conftest import Served
from tests.browser.signing import sign_in_page
from tests.factories import an_incident
from tests.factories_people import PASSWORD, make_person


@pytest.fixture
def database_url(tmp_path: Path, sqlite_schema: Path) -> str:
    """What a browser does with forms and keys does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def notes(served: Served) -> list[str]:
    db.session.remove()
    found = list(db.session.scalars(select(TimelineEntry.body).where(TimelineEntry.kind == "note")))
    db.session.remove()
    return found


def answering(status: int) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body="")


def window(context: BrowserContext) -> Page:
    """A page that may complain: the network is cut on purpose."""
    return context.new_page()


def test_a_text_survives_a_server_that_is_away_and_is_sent_once(
    served: Served, context: BrowserContext, clock: Any
) -> None:
    maya = make_person()
    an_incident(by=maya)
    page = window(context)
    sign_in_page(served, page, maya)
    page.goto(f"{served.address}/console/incidents/INC-1")
    banner = page.locator("#offline")
    expect(banner).to_be_hidden()

    # the answer is lost on its way back: the server acted, the browser does not know
    def lose_the_answer(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/notes", lose_the_answer)
    page.locator("#note").fill("Failover is on for 2 of 4 workers")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(banner).to_contain_text("It was not sent.")
    expect(page.locator("#note")).to_have_value("Failover is on for 2 of 4 workers")
    page.unroute("**/notes")
    banner.get_by_role("button", name="Send again").click()
    expect(page.locator("#story")).to_contain_text("Failover is on")
    assert notes(served) == ["Failover is on for 2 of 4 workers"]

    # the answer is lost again, and the words are changed before they are sent again: neither is lost
    page.route("**/notes", lose_the_answer)
    page.locator("#note").fill("Queue at 900")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(banner).to_contain_text("It was not sent.")
    page.unroute("**/notes")
    page.locator("#note").fill("Queue at 900, falling")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(page.locator("#story")).to_contain_text("Queue at 900, falling")
    assert notes(served)[1:] == ["Queue at 900", "Queue at 900, falling"]

    # the server answers with an error, then without its database: each says so, and the text stays
    for status, sentence in ((413, "too long"), (500, "answered with an error"), (503, "cannot reach its database")):
        page.route("**/notes", answering(status))
        page.locator("#note").fill(f"Typed at {status}")
        page.get_by_role("button", name="Note", exact=True).click()
        expect(banner).to_contain_text(sentence)
        expect(page.locator("#note")).to_have_value(f"Typed at {status}")
        page.unroute("**/notes")

    # cut off: said since when, and gone by itself, with the offer to send what waits
    context.set_offline(True)
    page.get_by_role("button", name="Note", exact=True).click()
    expect(banner).to_contain_text("has not answered since")
    context.set_offline(False)
    expect(banner).to_contain_text("You are connected again.")
    banner.get_by_role("button", name="Send now").click()
    expect(page.locator("#story")).to_contain_text("Typed at 503")
    assert notes(served)[3:] == ["Typed at 503"]


def test_a_session_that_ended_costs_no_text(served: Served, context: BrowserContext, clock: Any) -> None:
    maya = make_person()
    an_incident(by=maya)
    page = window(context)
    email = maya.email
    sign_in_page(served, page, maya)
    page.goto(f"{served.address}/console/incidents/INC-1")
    page.locator("#note").fill("Written while the session ended")
    context.clear_cookies()

    page.get_by_role("button", name="Note", exact=True).click()
    banner = page.locator("#offline")
    expect(banner).to_contain_text("Your session ended.")

    with context.expect_page() as opened:
        banner.get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_label("E-mail").fill(email)
    other.locator("#password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/console/")
    banner.get_by_role("button", name="Send again").click()
    expect(page.locator("#story")).to_contain_text("Written while the session ended")
    assert notes(served) == ["Written while the session ended"]


def test_a_double_click_acts_once_and_a_refusal_is_shown_beside_its_field(
    served: Served, context: BrowserContext, clock: Any
) -> None:
    maya = make_person()
    an_incident(by=maya)
    page = window(context)
    sign_in_page(served, page, maya)
    page.goto(f"{served.address}/console/incidents/INC-1")
    page.locator("#note").fill("Once")
    page.get_by_role("button", name="Note", exact=True).dblclick()
    expect(page.locator("#story")).to_contain_text("Once")
    assert notes(served) == ["Once"]

    # coming back, another text is another note, even where the browser kept the page as it was
    page.goto(served.address + "/console/")
    page.go_back()
    page.locator("#note").fill("And another one")
    page.get_by_role("button", name="Note", exact=True).click()
    expect(page.locator("#story")).to_contain_text("And another one")
    assert notes(served) == ["Once", "And another one"]

    page.goto(f"{served.address}/console/incidents/INC-1/escalations")
    page.locator("main form button.pri").first.click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    page.go_back()
    assert notes(served) == ["Once", "And another one"]
