"""A reader's whole way in a real browser and a real mailbox: subscribe, confirm, choose, be told, leave."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.messages import about_subscriptions as words
from incidents.published import page_settings, subscribers
from incidents.published.subscribers import Choice, Subscriber, invitations
from tests.browser.conftest import Served
from tests.browser.test_screens import troubles
from tests.factories_published import make_component

READER = "reader@example.com"


def letter(served: Served) -> str:
    """The newest one's text, as a mail program shows it first."""
    served.strike()
    part = served.postbox.messages[-1].get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/subscriptions/\S+", text)
    assert found is not None, text
    return found[0]


def on_list() -> Subscriber | None:
    db.session.rollback()
    return db.session.scalars(select(Subscriber)).one_or_none()


@pytest.fixture
def database_url(tmp_path: Path, sqlite_schema: Path) -> str:
    """The same forms are asked on both databases in tests/test_subscribe_page.py."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def test_from_the_panel_to_the_list_and_off_it_without_a_script(served: Served, browser: Browser, clock: Any) -> None:
    api = make_component("API").public_id
    make_component("Web application")
    db.session.commit()
    db.session.remove()
    served.page_now()
    page = browser.new_page(java_script_enabled=False, locale="en-GB")
    main = page.locator("#main")

    page.goto(served.address + "/")
    page.get_by_text("Subscribe", exact=True).click()
    page.get_by_label("E-mail address").fill(READER)
    page.get_by_label("Only components I choose").check()
    page.get_by_role("button", name="Send me a confirmation link").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()

    asked = letter(served)
    assert served.postbox.letters == [(READER, "[Our] Confirm your subscription")]
    page.goto(link_in(asked))
    expect(page.get_by_role("heading", name="Confirm your subscription")).to_be_visible()
    expect(main.get_by_label("Only components I choose")).to_be_checked()
    main.get_by_label("API").check()
    main.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()
    reader = on_list()
    assert reader is not None
    assert Choice.of(reader).components == (api,)
    db.session.remove()

    welcome = letter(served)
    assert "From now on we write to you about API." in welcome
    message = served.postbox.messages[-1]
    assert message["List-Unsubscribe"] == f"<{link_in(welcome)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    page.goto(link_in(welcome))
    main.get_by_label("Everything").check()
    main.get_by_label("Maintenance too").uncheck()
    main.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    expect(main.get_by_label("Everything")).to_be_checked()
    expect(main.get_by_label("API")).to_be_hidden()
    reader = on_list()
    assert reader is not None
    assert Choice.of(reader) == Choice(components=None, maintenance=False)
    db.session.remove()

    main.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert on_list() is None
    db.session.remove()
    assert page.context.cookies() == []
    page.close()


def test_under_the_longest_name_the_panel_opens_below_its_button(served: Served, page: Page) -> None:
    page_settings.change_page_settings(name="Association of all transport companies of the lower river")
    db.session.commit()
    db.session.remove()
    served.page_now()
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(served.address)
    page.locator("summary").click()
    button, panel = page.locator("summary").bounding_box(), page.locator(".sub .panel").bounding_box()
    assert button is not None
    assert panel is not None
    assert panel["y"] >= button["y"] + button["height"]


def test_ones_own_pages_are_readable(served: Served, page: Page, clock: Any) -> None:
    for name in ("API", "A component with a rather long name that goes on and on without an end in sight"):
        make_component(name)
    reader, _is_new = subscribers.add(READER, is_confirmed=True, words=words)
    hook = subscribers.sign_up_webhook("https://hooks.example.com/a/rather/long/path/that/goes/on/and/on/and/on")
    asked, _is_new = subscribers.add("new@example.com", Choice(components=()), is_confirmed=False, words=words)
    places = [f"/subscriptions/{each.token}" for each in (reader, hook)]
    places.append(invitations.address(asked).removeprefix(served.address))
    db.session.commit()
    db.session.remove()
    served.page_now()
    assert [trouble for path in places for trouble in troubles(page, served.address, path)] == []
