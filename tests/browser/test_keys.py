"""The keyboard alone: palette, single keys, and the focus, which never gets lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served
from tests.browser.signing import sign_in_page
from tests.factories import an_incident
from tests.factories_people import make_person


@pytest.fixture
def database_url(tmp_path: Path, sqlite_schema: Path) -> str:
    """What a browser does with forms and keys does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def test_everything_is_reached_by_keys_alone_and_the_focus_comes_back(served: Served, page: Page, clock: Any) -> None:
    maya = make_person()
    an_incident(by=maya, title="Queue stands still")
    an_incident(by=maya, title="Payments fail", severity="P2")
    sign_in_page(served, page, maya)

    # the palette from anywhere; what is done here stands first, and Escape gives the focus back
    page.goto(f"{served.address}/console/incidents/INC-1")
    page.locator("a.org").focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or run")
    expect(field).to_be_focused()
    expect(page.locator("#pal-list [role=option]").first).to_contain_text("Acknowledge")
    page.keyboard.press("Escape")
    expect(page.locator("a.org")).to_be_focused()

    page.keyboard.press("/")
    page.keyboard.type("payments")
    expect(page.locator("#pal-list [role=option]", has_text="Payments fail")).to_be_visible()
    expect(field).to_have_attribute("aria-activedescendant", re.compile("^pal-"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/incidents/INC-2")

    # single keys: declare, go to, and none of them while somebody types
    page.locator("body").press("n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("cgn?")
    expect(page.locator("#note")).to_have_value("cgn?")
    page.locator("#note").fill("")
    page.locator("#main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/console/incidents")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url("**/console/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/incidents/INC-*")
    page.keyboard.press("c")
    page.wait_for_url("**/console/incidents/new")


def test_single_keys_can_be_switched_off(served: Served, page: Page) -> None:
    maya = make_person(single_keys=False)
    an_incident(by=maya)
    sign_in_page(served, page, maya)

    page.goto(served.address + "/console/")
    for key in ("c", "?", "/"):
        page.keyboard.press(key)
    expect(page).to_have_url(served.address + "/console/")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search or run")).to_be_focused()
