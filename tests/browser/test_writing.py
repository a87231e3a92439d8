"""Writing in a real browser: two people at once, an undo, and texts that survive the tab and the session."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, select

from incidents import actions
from incidents.kernel.database import db
from incidents.records.people import Person
from incidents.records.sessions import ServerSession
from incidents.records.updates import Update
from tests.browser.conftest import Served
from tests.factories import an_incident
from tests.factories_people import PASSWORD, make_person


def enter(page: Page, served: Served, person: str) -> None:
    page.goto(served.address + "/login")
    page.get_by_label("E-mail").fill(f"{person}@example.com")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")


def written(page: Page, text: str) -> None:
    """Type, and wait until the server has it."""
    with page.expect_response("**/console/unsent"):
        page.locator("#body").fill(text)


def test_two_people_write_at_once_and_nothing_typed_is_ever_lost(
    served: Served, page: Page, browser: Browser, clock: Any
) -> None:
    maya: Person = make_person("maya@example.com", name="Maya Lindqvist")
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    incident = an_incident(by=maya, severity="P2")
    actions.acknowledge(incident, by=maya.as_actor())
    actions.assign_role(incident, role="communications_lead", person=jonas, by=maya.as_actor())
    db.session.commit()
    maya_id = maya.id
    db.session.remove()
    room = f"{served.address}/console/incidents/INC-1"
    enter(page, served, "maya")

    # what is typed comes back after the tab died, and the preview follows the words
    page.goto(room + "/updates")
    written(page, "Reports are **slow**.")
    expect(page.locator("#preview strong")).to_have_text("slow")
    page.locator("#next_at").fill("23:59")
    expect(page.locator("#next-said")).to_contain_text("An update is owed every 30 min.")
    page.locator("#next_at").fill("")
    second = page.context.new_page()
    page.close()
    second.goto(room + "/updates")
    expect(second.locator("#body")).to_have_value("Reports are **slow**.")
    expect(second.get_by_text(re.compile("Your unsent text from 02:14"))).to_be_visible()

    # the session dies while she types: signed in again, the text is there
    db.session.execute(delete(ServerSession).where(ServerSession.person_id == maya_id))
    db.session.commit()
    db.session.remove()
    second.locator("#body").fill("Reports are **slow** and exports fail.")
    second.locator("#body").blur()
    enter(second, served, "maya")
    second.goto(room + "/updates")
    expect(second.locator("#body")).to_have_value("Reports are **slow** and exports fail.")

    # Jonas publishes meanwhile; she sees both texts and joins them
    other = browser.new_context(viewport={"width": 390, "height": 844}, timezone_id="UTC", locale="en-GB")
    theirs = other.new_page()
    enter(theirs, served, "jonas")
    theirs.goto(room + "/updates")
    theirs.locator("#body").fill("Some reports do not load.")
    theirs.get_by_role("button", name="Publish update").locator("visible=true").click()
    theirs.wait_for_url(room)
    expect(theirs.get_by_role("button", name=re.compile("Undo"))).to_be_visible()
    other.close()
    second.get_by_role("button", name="Publish update").locator("visible=true").first.click()
    expect(second.get_by_role("heading", name="Somebody was faster")).to_be_visible()
    expect(second.locator("main")).to_contain_text("Some reports do not load.")
    second.get_by_role("button", name="Go on with the joined text").click()
    joined = "Some reports do not load.\n\nReports are **slow** and exports fail."
    expect(second.locator("#body")).to_have_value(joined)
    second.get_by_role("button", name="Publish update").locator("visible=true").first.click()
    second.wait_for_url(room)

    # an undo within ten seconds gives the text back to write on
    second.goto(room)
    second.get_by_role("button", name=re.compile("Undo")).click()
    second.wait_for_url("**/updates?from=*")
    expect(second.locator("#body")).to_have_value(joined)
    served.page_now()
    second.goto(served.address + "/")
    expect(second.locator("main")).to_contain_text("Some reports do not load.")
    expect(second.locator("main")).not_to_contain_text("exports fail")

    # the browser's arrow brings no sent text back as unsent
    second.goto(room + "/updates")
    written(second, "Exports work again.")
    second.get_by_role("button", name="Publish update").locator("visible=true").first.click()
    second.wait_for_url(room)
    second.go_back()
    expect(second.locator("#update-form")).to_be_visible()
    expect(second.locator("[data-draft-note]")).to_be_hidden()
    db.session.remove()
    said = [update.body for update in db.session.scalars(select(Update).where(Update.state == "published"))]
    assert said == ["Some reports do not load.", "Exports work again."]


def test_two_people_write_one_list_of_reasons_and_keep_what_both_found(
    served: Served, page: Page, browser: Browser, clock: Any
) -> None:
    maya: Person = make_person("maya@example.com", name="Maya Lindqvist")
    make_person("jonas@example.com", name="Jonas Weber")
    incident = an_incident(by=maya, severity="P2")
    actions.resolve(incident, by=maya.as_actor(), summary="Restarted", reason="Quick")
    actions.begin_postmortem(incident, by=maya.as_actor())
    db.session.commit()
    db.session.remove()
    edit = f"{served.address}/console/incidents/INC-1/postmortem/edit"
    enter(page, served, "maya")
    page.goto(edit)
    whys = page.locator("#five_whys")
    whys.get_by_label("Why 1", exact=True).fill("Requests **failed**")
    expect(page.locator("#pv-five_whys strong")).to_have_text("failed")

    # what she typed comes back in another tab, after this one died
    with page.expect_response("**/console/unsent"):
        whys.get_by_label("Why 2", exact=True).fill("The pool was empty")
    tab = page.context.new_page()
    page.close()
    tab.goto(edit)
    whys = tab.locator("#five_whys")
    expect(whys.get_by_label("Why 2", exact=True)).to_have_value("The pool was empty")

    # Jonas saves the same section from a phone meanwhile
    other = browser.new_context(viewport={"width": 390, "height": 844}, timezone_id="UTC", locale="en-GB")
    theirs = other.new_page()
    enter(theirs, served, "jonas")
    theirs.goto(edit)
    theirs.locator("#five_whys").get_by_label("Why 1", exact=True).fill("Nobody was warned")
    theirs.get_by_role("button", name="Save five whys").click()
    expect(theirs.locator("#five_whys")).to_contain_text("Jonas Weber")
    other.close()

    # by the keyboard she asks for one more reason beside the second, and saves: both texts are there to be joined
    whys.get_by_label("More about why 2").press("Enter")
    whys.get_by_role("button", name="Another reason beside it").locator("visible=true").press("Enter")
    expect(whys.get_by_label("Why 2", exact=True)).to_have_count(2)
    expect(whys.get_by_label("Why 2", exact=True).nth(1)).to_be_focused()
    whys.get_by_label("Why 2", exact=True).nth(1).fill("No alarm")
    tab.get_by_role("button", name="Save five whys").click()
    expect(tab.get_by_role("heading", name="Somebody was faster")).to_be_visible()
    tab.get_by_role("button", name="Save the joined text").click()
    expect(tab.locator("#five_whys").get_by_label("Why 1", exact=True).first).to_have_value("Nobody was warned")
    tab.goto(edit.removesuffix("/edit"))
    for said in ("Nobody was warned", "Requests failed", "The pool was empty", "No alarm"):
        expect(tab.locator("#five_whys")).to_contain_text(said)
