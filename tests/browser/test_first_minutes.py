"""The first minutes: from the set-up link to the first public update, and from login to one, counted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from incidents.actions import first_run
from incidents.kernel.database import db
from tests.browser.conftest import Served
from tests.browser.test_story import PASSWORD, read
from tests.factories_people import PASSWORD as KNOWN
from tests.factories_people import make_person


@pytest.fixture
def database_url(tmp_path: Path, sqlite_schema: Path) -> str:
    """How many decisions it takes does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """As `make run` begins: nobody has set a mail server yet."""
    return {name: value for name, value in environ.items() if name not in ("SMTP_URL", "MAIL_FROM")}


def test_a_newcomer_publishes_the_first_update_in_ten_decisions(served: Served, page: Page, clock: Any) -> None:
    link = first_run.new_setup_link()
    db.session.commit()
    db.session.remove()
    assert link is not None
    decisions = 0

    def decide(act: Any) -> None:
        nonlocal decisions
        decisions += 1
        act()

    page.goto(link)
    decide(lambda: page.get_by_label("Name").fill("Maya Lindqvist"))
    decide(lambda: page.get_by_label("E-mail").first.fill("maya@example.com"))
    decide(lambda: page.locator("#password").fill(PASSWORD))
    page.get_by_role("button", name="Create account and continue").click()
    decide(lambda: page.get_by_label("Name").fill("AI Perception"))
    page.get_by_role("button", name="Save and continue").click()
    decide(page.get_by_role("button", name="Add these and continue").click)
    page.wait_for_url("**/console/")
    expect(page.get_by_text("First steps")).to_be_visible()

    page.get_by_role("link", name="Declare incident").first.click()
    decide(lambda: page.get_by_label("What is wrong?").fill("Reports are late"))
    decide(lambda: page.get_by_role("radio", name=re.compile("P1")).check(force=True))
    page.get_by_role("button", name=re.compile("^Declare")).first.click()
    page.wait_for_url("**/console/incidents/INC-1**")
    decide(lambda: page.locator("#body").fill("New reports wait. Saved ones work. We are looking for the cause."))
    decide(page.get_by_label(re.compile("publish this all the same")).check)
    decide(page.get_by_role("button", name="Publish update").first.click)
    expect(page.get_by_role("button", name=re.compile("Undo"))).to_be_visible()

    assert "New reports wait." in read(served, "/")
    assert decisions <= 10


def test_from_login_to_the_first_public_update_of_a_new_p1_in_six_presses(
    served: Served, page: Page, clock: Any
) -> None:
    email = make_person().email
    db.session.remove()
    presses = 0

    def press(key: str) -> None:
        nonlocal presses
        presses += 1
        page.keyboard.press(key)

    page.goto(served.address + "/login")
    page.get_by_label("E-mail").fill(email)
    page.locator("#password").fill(KNOWN)
    press("Enter")
    page.wait_for_url("**/console/")
    press("c")
    page.wait_for_url("**/console/incidents/new")
    expect(page.get_by_label("What is wrong?")).to_be_focused()
    page.keyboard.type("Nobody can log in")
    presses += 1
    page.get_by_role("radio", name=re.compile("P1")).check(force=True)
    press("Control+Enter")
    page.wait_for_url("**/console/incidents/INC-1**")
    expect(page.locator("#body")).to_be_focused()
    page.keyboard.type("Nobody can log in. Whoever is in stays in. We are looking for the cause.")
    presses += 1
    page.get_by_label(re.compile("publish this all the same")).check()
    press("Control+Enter")
    expect(page.get_by_role("button", name=re.compile("Undo"))).to_be_visible()

    assert "Whoever is in stays in." in read(served, "/")
    assert presses <= 6
