"""What is shown once is shown: secrets come in the answer itself, which a script must not swallow."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served
from tests.browser.signing import sign_in_page
from tests.factories_people import make_person


@pytest.fixture
def database_url(tmp_path: Any, sqlite_schema: Any) -> str:
    """What a browser does with an answer does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def test_secrets_are_shown_in_the_answer_to_their_form(served: Served, page: Page) -> None:
    maya, priya = (make_person(f"{name}@example.com", role="admin") for name in ("maya", "priya"))
    number = priya.id
    sign_in_page(served, page, maya)

    page.goto(f"{served.address}/console/settings/tokens")
    page.get_by_label("Name").fill("deploy")
    page.get_by_role("button", name="Issue token").click()
    expect(page.get_by_label("Token", exact=True)).not_to_have_value("")

    page.goto(f"{served.address}/console/settings/people")
    page.locator("#email").fill("jonas@example.com")
    page.locator("form[action='/console/settings/people'] button.pri").click()
    expect(page.locator("input[readonly]")).not_to_have_value("")

    page.goto(f"{served.address}/console/settings/people/{number}")
    page.locator("form[action$='/reset'] button").click()
    expect(page.locator("input[readonly]")).not_to_have_value("")

    page.goto(f"{served.address}/console/on-call/calendars")
    page.get_by_role("button", name="Make an address").click()
    expect(page.get_by_role("textbox", name="Address")).not_to_have_value("")
