"""The whole story in a real browser: set up, declare, be led through the seven steps, and what the public reads."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from playwright.sync_api import Page, expect

from incidents.actions import first_run
from incidents.kernel.database import db
from tests.browser.conftest import Served

ATOM = "{http://www.w3.org/2005/Atom}"
PASSWORD = "four unrelated words walk"


def picture(page: Page, name: str) -> None:
    """Keep what is on the screen where PICTURES points, so that a person can look at it."""
    folder = os.environ.get("PICTURES")
    if not folder:
        return
    for size, (width, height) in {"desktop": (1440, 900), "phone": (390, 844)}.items():
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"{name}-{size}-{scheme}.png", full_page=True, animations="disabled")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")


def read(served: Served, path: str) -> Any:
    served.page_now()
    with urllib.request.urlopen(served.address + path, timeout=10) as answer:
        body = answer.read()
    return json.loads(body) if path.endswith(".json") else body.decode()


def unresolved(served: Served) -> list[str]:
    return [incident["status"] for incident in read(served, "/api/v2/incidents/unresolved.json")["incidents"]]


def feed_words(served: Served) -> list[str]:
    feed = ET.fromstring(read(served, "/history.atom"))
    content = feed.findtext(f"{ATOM}entry/{ATOM}content") or ""
    return re.findall(r"<strong>(Investigating|Identified|Update|Monitoring|Resolved)</strong>", content)


def test_a_team_is_led_from_set_up_to_resolution_and_the_public_reads_the_truth(
    served: Served, page: Page, clock: Any
) -> None:
    link = first_run.new_setup_link()
    db.session.commit()
    assert link is not None
    db.session.remove()

    # set up
    page.goto(link)
    page.get_by_label("Name").fill("Maya Lindqvist")
    page.get_by_label("E-mail", exact=False).first.fill("maya@example.com")
    page.locator("#password").fill(PASSWORD)
    picture(page, "01-set-up")
    page.get_by_role("button", name="Create account and continue").click()
    page.get_by_label("Name").fill("AI Perception")
    page.get_by_role("button", name="Save and continue").click()
    page.locator("#names").fill("API\nAnalysis Engine\nBilling System")
    page.get_by_role("button", name="Add these and continue").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Send me a test").click()
    page.goto(served.address + "/console/")
    picture(page, "02-now-empty")
    served.strike()
    assert served.postbox.letters[0][0] == "maya@example.com"
    assert "All systems operational" in read(served, "/")

    # declare
    page.get_by_role("link", name="Declare incident").first.click()
    page.get_by_label("What is wrong?").fill("AI provider rate limited")
    page.get_by_role("radio", name=re.compile("P1")).check()
    expect(page.get_by_role("complementary", name="What happens when you declare")).to_contain_text("You")
    picture(page, "03-declare")
    page.get_by_role("button", name=re.compile("^Declare")).click()
    page.wait_for_url("**/console/incidents/INC-1**")
    assert "AI provider" not in read(served, "/")
    served.strike()
    assert ("maya@example.com", "INC-1: P1 Critical: AI provider rate limited") in served.postbox.letters
    page.goto(served.address + "/console/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("need")
    picture(page, "04-now-unacknowledged")

    # acknowledge: triage
    with page.expect_navigation():
        page.get_by_role("button", name="Acknowledge").first.click()
    page.goto(served.address + "/console/incidents/INC-1")
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("Triage")
    picture(page, "05-room-triage")

    # communication: what it asks for, and the first update with its preview
    page.goto(served.address + "/console/incidents/INC-1/steps?step=communication")
    picture(page, "06-step-communication")
    page.locator("textarea[name=note], input[name=note]").fill("About 1,800 analyses are waiting")
    page.get_by_label("Analysis Engine").select_option("degraded_performance")
    page.get_by_role("button", name="Start communication").click()
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("Communication")
    clock.forward(minutes=4)
    page.goto(served.address + "/console/incidents/INC-1/updates")
    page.locator("#body").fill("Two providers are **limiting** our requests. Saved reports work normally.")
    page.get_by_role("radio", name="Investigating").check(force=True)
    if not page.get_by_label("Analysis Engine").is_visible():
        page.locator("summary", has_text="Components").click()
    page.get_by_label("Analysis Engine").select_option("degraded_performance")
    expect(page.locator("#preview, .pv").first).to_contain_text("limiting our requests")
    picture(page, "07-composer")
    page.get_by_role("button", name="Publish update").first.click()
    page.wait_for_url("**/console/incidents/INC-1")
    expect(page.get_by_role("button", name=re.compile("Undo"))).to_be_visible()
    picture(page, "08-room-published")
    public = read(served, "/")
    assert "Some systems are degraded" in public
    assert "limiting</strong> our requests" in public
    assert "1,800 analyses" not in public
    assert "Next update by 02:48 UTC" in re.sub(r"<[^>]+>", "", public)
    assert unresolved(served) == ["investigating"]
    assert read(served, "/api/v2/status.json")["status"]["indicator"] == "minor"
    assert feed_words(served) == ["Investigating"]

    # investigate; the reminder rings
    page.goto(served.address + "/console/incidents/INC-1")
    start = page.get_by_role("link", name="Start investigation").or_(
        page.get_by_role("button", name="Start investigation")
    )
    if start.first.is_visible():
        start.first.click()
    expect(page.locator(".steps [aria-current=step]")).to_contain_text("Investigation")
    clock.forward(minutes=25)
    served.strike()
    assert served.postbox.letters[-1] == ("maya@example.com", "INC-1: the public update is due in 5 min")
    clock.forward(minutes=11)
    served.strike()
    assert served.postbox.letters[-1] == ("maya@example.com", "INC-1: the public update is 6 min late")
    late = re.sub(r"<[^>]+>", "", read(served, "/"))
    assert "expected at 02:48 UTC" in late
    assert "6 min late" in late
    page.goto(served.address + "/console/incidents/INC-1")
    expect(page.locator(".cd.over").first).to_be_visible()
    picture(page, "09-room-late")
    page.goto(served.address + "/")
    picture(page, "10-status-late")

    # no change, then mitigate
    page.goto(served.address + "/console/incidents/INC-1/updates/no-change")
    picture(page, "11-no-change")
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("Publish|No change|Tell")).first.click()
    page.goto(served.address + "/console/incidents/INC-1/steps?step=mitigation")
    page.locator("textarea[name=note], input[name=note]").fill("New analyses go to another provider")
    with page.expect_navigation():
        page.get_by_role("button", name="Start mitigation").click()
    page.goto(served.address + "/console/incidents/INC-1/updates")
    page.locator("#body").fill("New analyses go to another provider. The queue is shrinking.")
    page.get_by_role("radio", name="Identified").check(force=True)
    page.get_by_role("button", name="Publish update").first.click()
    page.wait_for_url("**/console/incidents/INC-1")
    assert unresolved(served) == ["identified"]

    # resolve
    page.goto(served.address + "/console/incidents/INC-1/resolution")
    picture(page, "12-resolve")
    page.get_by_label("What resolved it?").fill("The provider raised our limit")
    page.get_by_label(re.compile("What the public reads")).fill("All analyses have caught up.")
    page.get_by_role("button", name=re.compile("^Resolve")).click()
    page.wait_for_url("**/console/incidents/INC-1")
    picture(page, "13-room-resolved")
    public = read(served, "/")
    assert "All systems operational" in public
    assert "raised our limit" not in public
    assert unresolved(served) == []
    incident = read(served, "/api/v2/incidents.json")["incidents"][0]
    assert [update["status"] for update in incident["incident_updates"]] == [
        "resolved",
        "identified",
        "investigating",
        "investigating",
    ]
    assert feed_words(served)[0] == "Resolved"
    page.goto(f"{served.address}/incidents/{incident['id']}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("AI provider rate limited")
    picture(page, "14-public-incident")
    page.goto(served.address + "/history")
    picture(page, "15-history")

    # the seventh step: drafted, written, published to colleagues; and the public text beside it
    page.goto(served.address + "/console/incidents/INC-1")
    page.get_by_role("link", name="Write it up").first.click()
    page.get_by_role("button", name="Draft it from the record").click()
    page.wait_for_url("**/postmortem/edit")
    page.locator("#body-root_cause").fill("Every analysis asked the same provider.")
    page.get_by_role("button", name="Save root cause").click()
    expect(page.locator("#root_cause .src")).to_contain_text("Written Maya Lindqvist")
    picture(page, "17-post-mortem-editor")
    page.get_by_role("link", name="Send for review").click()
    page.locator("#why").fill("Everybody who was there wrote it together.")
    page.get_by_role("button", name="Publish without a reviewer").click()
    page.wait_for_url("**/console/incidents/INC-1/postmortem")
    expect(page.locator("main")).to_contain_text("Every analysis asked the same provider.")
    picture(page, "18-post-mortem")
    printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF-")
    page.goto(served.address + "/console/incidents/INC-1/postmortem/rca")
    page.locator("#body").fill("One provider **limited** us. We now ask a second one.")
    expect(page.locator("#preview")).to_contain_text("limited us")
    picture(page, "19-rca")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url("**/console/incidents/INC-1/postmortem")
    assert "We now ask a second one." in read(served, f"/incidents/{incident['id']}/rca")
    page.goto(f"{served.address}/incidents/{incident['id']}/rca")
    picture(page, "20-rca-public")
