"""What is meant to be printed prints as it should."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import insert

from incidents import actions
from incidents.actions import action_items
from incidents.kernel.database import db
from incidents.policy.postmortems import SectionName
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from tests.browser.conftest import Served
from tests.browser.signing import sign_in_page
from tests.factories import an_incident
from tests.factories_people import make_person
from tests.factories_published import make_page
from tests.test_docs import BUILDER


def test_the_page_for_responders_prints_on_one_sheet(browser: Browser, tmp_path: Path) -> None:
    BUILDER.build(tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "docs" / "responders.html").as_uri())

    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    page.close()

    assert len(sheets) == 1


def test_the_public_page_prints_dark_on_white_whatever_the_theme(browser: Browser, served: Served, clock: Any) -> None:
    make_page()
    served.page_now()
    page = browser.new_page(color_scheme="dark")
    page.emulate_media(media="print")
    page.goto(f"{served.address}/")
    ground, ink = page.evaluate("(e => [e.backgroundColor, e.color])(getComputedStyle(document.querySelector('.inc')))")
    seen = [page.locator(each).first.is_visible() for each in (".inc", ".row", "#zone", ".strip", ".sub", ".foot a")]
    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    page.close()

    assert (ground, ink) == ("rgb(255, 255, 255)", "rgb(19, 32, 31)")
    assert seen == [True, True, True, False, False, False]
    assert len(sheets) <= 3


_SHEET = re.compile(rb"/Type\s*/Page\b(?!s)")
_ENTRIES = 150
_UNBROKEN = "x" * 200
_ARABIC = "تعطلت قاعدة البيانات 🚨"
# how far anything that is seen reaches beyond the paper's right or left edge, and what reaches farthest
_BEYOND = """() => [...document.querySelectorAll('main *')].map(e => [e.getBoundingClientRect(), e])
    .filter(([r, e]) => r.width > 1 && e.checkVisibility() && (r.right > innerWidth + 1 || r.left < -1))
    .map(([r, e]) => `${e.tagName} ${e.className} ${Math.round(r.left)}-${Math.round(r.right)}`).slice(0, 5)"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_post_mortem_prints_whole_on_either_paper_and_dark_on_white(
    page: Page, served: Served, clock: Any
) -> None:
    maya = make_person("maya@example.com", name="Maya Lindqvist")
    _a_long_night(maya, clock)
    sign_in_page(served, page, maya)
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": served.address}])
    page.goto(f"{served.address}/console/incidents/INC-1/postmortem")

    sheets = {paper: len(_SHEET.findall(page.pdf(format=paper))) for paper in ("A4", "Letter")}
    page.set_viewport_size({"width": 673, "height": 952})  # what the margins leave of an A4 sheet
    page.emulate_media(media="print")

    assert all(5 <= number <= 20 for number in sheets.values()), sheets
    assert page.evaluate(_BEYOND) == []
    assert page.evaluate("(e => [e.backgroundColor, e.color])(getComputedStyle(document.body))") == [
        "rgb(255, 255, 255)",
        "rgb(0, 0, 0)",
    ]
    seen = (".figs", ".rbn", "#timeline td:nth-child(2)", "#five_whys ol ol", "#action-items td", "text=Drill")
    gone = (".side", ".acts", ".pmr aside", ".noprint", ".crumb", "#banners")
    assert {each: page.locator(each).first.is_visible() for each in seen} == dict.fromkeys(seen, True)
    assert {each: page.locator(each).first.is_visible() for each in gone} == dict.fromkeys(gone, False)
    assert "Published to colleagues by Maya Lindqvist, 23 Nov 2026, 03:09 UTC" in page.locator(".ph").inner_text()
    assert page.locator("#timeline tbody tr").count() >= _ENTRIES
    assert "Maya Lindqvist" in page.locator("#action-items table").inner_text()
    address = "getComputedStyle(document.querySelector('#root_cause a'), '::after').content"
    assert "https://example.com/limits" in page.evaluate(address)


def _a_long_night(maya: Person, clock: Any) -> Incident:
    """A drill with many entries besides its own, and words that are hard to set."""
    incident = an_incident(by=maya, title=_UNBROKEN, is_drill=True)
    by = maya.as_actor()
    actions.acknowledge(incident, by=by)
    clock.forward(minutes=5)
    rows = [
        {
            "incident_id": incident.id,
            "kind": "event",
            "by_kind": "person",
            "by_id": maya.id,
            "by_name": "Maya",
            "at": incident.began_at + timedelta(seconds=number),
            "recorded_at": incident.began_at,
            "body": (_ARABIC, _UNBROKEN, f"Worker {number} was restarted.")[number % 3],
            "detail": {},
            "is_public": False,
        }
        for number in range(_ENTRIES)
    ]
    db.session.execute(insert(TimelineEntry), rows)
    clock.forward(minutes=50)
    actions.resolve(incident, by=by, summary=_ARABIC, reason="It was a drill")
    postmortem = actions.begin_postmortem(incident, by=by)
    texts = {
        SectionName.ROOT_CAUSE: f"The [limit](https://example.com/limits) of {_UNBROKEN}.\n\n```\n{_UNBROKEN}\n```",
        SectionName.FIVE_WHYS: f"- {_UNBROKEN}\n    - {_ARABIC}\n        - It was never measured",
        SectionName.CONTRIBUTING_FACTORS: f"- {_ARABIC}\n- {_UNBROKEN}",
    }
    for name, text in texts.items():
        actions.write_section(postmortem, name, by=by, body=text)
    action_items.add(
        incident, title=_UNBROKEN, kind="prevent", owner=maya, link=f"https://example.com/{_UNBROKEN}", by=by
    )
    actions.publish_postmortem(incident, by=by, reason="A drill needs no reader")
    db.session.commit()
    return incident
