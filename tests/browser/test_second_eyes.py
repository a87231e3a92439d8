"""A responder asks, a colleague changes the words and publishes, and the page shows them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from incidents import actions
from incidents.kernel.database import db
from incidents.published import page_settings
from incidents.records.people import Person
from tests.browser.conftest import Served
from tests.browser.test_story import picture
from tests.factories import a_component, an_incident
from tests.factories_people import PASSWORD, make_person

TITLE = "Analyses of reports with more than a hundred pages wait for Verlängerungsgenehmigungsverfahrensstelle"


@pytest.fixture
def database_url(tmp_path: Any, sqlite_schema: Any) -> str:
    """What a browser shows does not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


def sign_in(served: Served, page: Page, person: str) -> None:
    page.goto(served.address + "/login")
    page.locator("#email").fill(person)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")


def a_team() -> tuple[str, Person, Person]:
    """A P2 that Maya commands, on a page that asks for a second pair of eyes; Lena writes."""
    maya, lena = make_person(name="Maya Lindqvist"), make_person("lena@example.com", name="Lena Adeyemi")
    incident = an_incident(by=maya, severity="P2", title=TITLE, components={a_component("API"): "degraded_performance"})
    actions.acknowledge(incident, by=maya.as_actor())
    page_settings.change_page_settings(name="AI Perception", needs_second_eyes=True)
    db.session.commit()
    return incident.ref, maya, lena


def test_a_responder_asks_an_approver_changes_the_words_and_the_page_shows_them(
    served: Served, page: Page, clock: Any
) -> None:
    ref, maya, lena = a_team()
    addresses = maya.email, lena.email
    db.session.remove()
    room = f"{served.address}/console/incidents/{ref}"

    sign_in(served, page, addresses[1])
    page.goto(f"{room}/updates")
    page.locator("#body").fill("Analyses are slow.")
    picture(page, "second-eyes-composer")
    page.get_by_role("button", name="Ask for approval").first.click()
    expect(page.get_by_text("to approve an update.").first).to_be_visible()
    picture(page, "second-eyes-room-asker")
    page.get_by_role("link", name="Look", exact=True).click()
    expect(page.get_by_text("Nobody has answered since")).to_be_visible()
    picture(page, "second-eyes-draft-asker")

    page.context.clear_cookies()
    sign_in(served, page, addresses[0])
    page.goto(f"{served.address}/console/")
    picture(page, "second-eyes-now")
    page.get_by_role("link", name="Read and answer").click()
    page.locator("#body").fill("Analyses are slow, and none is lost.")
    expect(page.locator("#changes ins").first).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("none is lost")
    picture(page, "second-eyes-draft-approver")
    page.get_by_role("button", name="Approve and publish").click()
    page.wait_for_url(room)
    expect(page.locator("#story")).to_contain_text("You approved an update of Lena Adeyemi, with other words")
    served.page_now()

    page.goto(served.address + "/")
    expect(page.locator("main")).to_contain_text("Analyses are slow, and none is lost.")
