"""On call by the keyboard: a rotation made from nothing, with the focus where the hands are, and without a script too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from incidents.kernel.database import db
from incidents.records.oncall import Rotation, layers_of, members_of
from tests.browser.conftest import Served
from tests.browser.signing import sign_in_page
from tests.factories_people import make_person
from tests.on_call import the_engineers


@pytest.fixture
def database_url(tmp_path: Any, sqlite_schema: Any) -> str:
    """What a browser does does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def test_a_rotation_is_made_by_the_keyboard_alone(served: Served, page: Page) -> None:
    maya, _priya = (make_person(f"{name}@example.com", name=name.title(), role="admin") for name in ("maya", "priya"))
    sign_in_page(served, page, maya)
    page.goto(f"{served.address}/console/")

    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/console/on-call")
    page.get_by_role("link", name="New rotation").press("Enter")
    page.get_by_label("Name", exact=True).fill("Primary")
    for name in ("Maya", "Priya"):
        chosen = page.get_by_label("Add a person to layer 1")
        chosen.select_option(label=name)
        chosen.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
        expect(page.get_by_label("Add a person to layer 1")).to_be_focused()
    page.get_by_role("button", name="Move Priya up").press("Enter")
    expect(page.get_by_role("button", name="Move Priya down")).to_be_focused()
    expect(page.get_by_role("img", name="The next 4 weeks")).to_contain_text("Priya")
    page.get_by_label("Name", exact=True).press("Enter")
    page.wait_for_url("**/console/on-call/rotations/1")

    db.session.rollback()
    rotation = db.session.get_one(Rotation, 1)
    (layer,) = layers_of(rotation.id)
    assert members_of(rotation.id)[layer.id] == [2, 1]


def test_a_cover_is_made_without_a_script(served: Served, browser: Browser) -> None:
    people = [make_person(f"{name}@example.com", name=name.title(), role="admin") for name in ("maya", "priya")]
    the_engineers(*people)
    context = browser.new_context(java_script_enabled=False, timezone_id="UTC", locale="en-GB")
    page = context.new_page()
    sign_in_page(served, page, people[0])

    page.goto(f"{served.address}/console/on-call/rotations/1?month=2026-12")
    page.get_by_role("link", name="Cover Priya, Mon 30 Nov, 08:00").click()
    page.get_by_role("button", name="Put them on call").click()

    expect(page.get_by_role("row", name="Mon 30 Nov, 08:00 to Mon 7 Dec, 08:00 You cover")).to_be_visible()
    context.close()
