"""The room's forms without a script, and an open room that hears of what a second person does."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from incidents import actions
from incidents.kernel.database import db
from incidents.records.people import Person
from tests.browser.conftest import Served
from tests.factories import a_component, an_incident
from tests.factories_people import PASSWORD, make_person


def sign_in(page: Page, served: Served, email: str) -> None:
    page.goto(served.address + "/login")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")


@pytest.fixture
def maya(served: Served) -> Person:
    person = make_person("maya@example.com", name="Maya Lindqvist", role="admin")
    make_person("jonas@example.com", name="Jonas Weber")
    make_person("priya@example.com", name="Priya Raman")
    a_component("API")
    db.session.commit()
    return person


def test_every_form_beneath_the_room_works_without_a_script(browser: Browser, served: Served, maya: Person) -> None:
    one = an_incident(by=maya, title="Database connection failure", severity="P2").ref
    an_incident(by=maya, title="Vendor down", severity="P3")
    db.session.remove()
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    context.set_default_timeout(10_000)
    page = context.new_page()
    sign_in(page, served, "maya@example.com")
    room = f"{served.address}/console/incidents/{one}"

    def form(noun: str) -> Page:
        page.goto(f"{room}/{noun}")
        return page

    def press(name: str) -> None:
        page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
        assert page.locator(".esum").count() == 0, page.locator(".esum").text_content()

    form("acknowledgement")
    press("Acknowledge")
    page.get_by_label("Internal note").fill("The pool is empty")
    press("Note")
    expect(page.locator("#story")).to_contain_text("The pool is empty")
    form("notes").get_by_label("What happened?").fill("Restart the pool")
    page.get_by_text("Decision", exact=True).click()
    press("Add it")
    page.locator("#story a.edit:not(.sys)").first.click()
    page.get_by_label("Text").fill("Restart the whole pool")
    press("Save the correction")
    expect(page.locator("#story")).to_contain_text("see original")
    form("severity").locator("input[name=severity][value=P1]").check()
    press("Set the severity")
    form("components").locator("#components select").first.select_option("partial_outage")
    press("Save")
    form("details").get_by_label("Impact in words").fill("Half of all requests")
    press("Save")
    form("roles").get_by_label("Scribe").select_option("jonas@example.com")
    page.locator("#role-scribe").get_by_role("button", name="Assign").click()
    expect(page.locator("#people")).to_contain_text("has not accepted yet")
    form("escalations").get_by_text("A customer escalated").click()
    page.get_by_role("button", name=re.compile("^Call in|^Escalate")).click()
    form("relations").get_by_label("Find the other incident").fill("vendor")
    press("Find")
    page.get_by_role("link", name="Choose INC-2").click()
    press("Relate")
    form("steps?step=communication")
    press("Start communication")
    form("acknowledgement")
    press("Take it back")
    form("visibility").locator("input[name=visibility][value=restricted]").check()
    press("Save")
    form("people").get_by_label("Person").select_option("priya@example.com")
    page.get_by_label("Why").fill("Knows the pool")
    press("Name this person")
    form("deliveries")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who was told")
    form("audit?show=people")
    expect(page.get_by_role("table")).to_contain_text("Knows the pool")
    form("resolution").get_by_label("What resolved it?").fill("The pool is larger")
    page.locator("summary", has_text="Resolve without").click() if page.get_by_label("Why now?").count() == 0 else None
    page.get_by_label(re.compile("^Why")).first.fill("It was quick")
    press(f"Resolve {one}")
    form("reopening").get_by_label("Why is it not over?").fill("It is back")
    press(f"Reopen {one}")
    page.goto(f"{served.address}/console/incidents/INC-2/merge?into={one}")
    expect(page.locator("#into")).to_have_value(one)
    context.close()


def test_an_open_room_hears_of_another_without_losing_focus_or_text(
    page: Page, served: Served, maya: Person, browser: Browser
) -> None:
    incident = an_incident(by=maya, title="Database connection failure")
    for number in range(30):
        actions.add_note(incident, by=maya.as_actor(), body=f"note {number}")
    db.session.commit()
    sign_in(page, served, "maya@example.com")
    page.goto(f"{served.address}/console/incidents/{incident.ref}")
    note = page.get_by_label("Internal note")
    note.fill("Half a sen")
    page.mouse.wheel(0, 1500)

    jonas = db.session.query(Person).filter_by(email="jonas@example.com").one()
    actions.acknowledge(incident, by=jonas.as_actor())
    actions.add_note(incident, by=jonas.as_actor(), body="I look at the pool")
    actions.assign_role(incident, role="scribe", person=maya, by=jonas.as_actor())
    db.session.commit()
    db.session.remove()
    page.evaluate(
        "htmx.trigger('#news', 'htmx:abort'); htmx.ajax('GET', document.getElementById('news').getAttribute('hx-get'), {target: '#story', swap: 'afterbegin', source: '#news'})"
    )

    expect(page.locator("#story > .new")).to_have_count(5)
    expect(page.get_by_role("link", name="5 new entries")).to_be_visible()
    expect(page.locator("#room-head")).to_contain_text("You are now scribe.")
    expect(page.locator("#room-head")).to_contain_text("Commander Jonas Weber")
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("Triage")
    expect(page.locator("#announce")).to_have_text("5 new on the timeline")
    expect(note).to_be_focused()
    expect(note).to_have_value("Half a sen")
