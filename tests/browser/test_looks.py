"""Every screen of the story fits a phone and passes axe, in light and dark, with an incident under way."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from incidents import actions
from incidents.kernel.database import db
from tests.browser.conftest import Served
from tests.factories import a_component
from tests.factories_people import PASSWORD, make_person

PUBLIC = ["/", "/history", "/incidents/{public}", "/components/{component}", "/login"]
CONSOLE = [
    "/console/",
    "/console/incidents",
    "/console/incidents/new",
    "/console/incidents/INC-1",
    "/console/incidents/INC-1/updates",
    "/console/incidents/INC-1/steps?step=mitigation",
    "/console/incidents/INC-1/resolution",
    "/console/incidents/INC-1/severity",
    "/console/incidents/INC-1/roles",
    "/console/incidents/INC-1/deliveries",
    "/console/status-page/components",
    "/console/settings/page",
    "/console/settings/severities",
    "/console/settings/escalation",
    "/console/settings/templates",
    "/console/me",
]
LONG = "Payments, invoices and every report that was asked for since the night before last fail in a way " * 2
WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(each => `${each.tagName}.${each.className} in ${each.parentElement.className}`).slice(0, 6).join(" ")"""
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def database_url(tmp_path: Any, sqlite_schema: Any) -> str:
    """Looks do not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(sqlite_schema.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def places(served: Served, clock: Any) -> dict[str, str]:
    """A late P1 with a long title, an update and a note, and somebody who may do everything."""
    maya = make_person("maya@example.com", name="Maya Lindqvist", role="admin")
    component = a_component("Payments and invoices for everybody in every country")
    by = maya.as_actor()
    incident = actions.declare(title=LONG[:200], severity="P1", by=by)
    actions.acknowledge(incident, by=by)
    actions.post_update(
        incident, by=by, body=f"**Down.** {LONG}", audience="public", components={component: "major_outage"}
    )
    actions.add_note(incident, by=by, body="x" * 300)
    actions.advance(incident, to="investigation", by=by, reason="we know where to look")
    from incidents.published import publishing

    published = publishing.find(incident.id)
    assert published is not None
    public = published.public_id
    db.session.commit()
    db.session.remove()
    clock.forward(minutes=36)
    served.page_now()
    return {"public": public, "component": component}


def sign_in(page: Page, served: Served) -> None:
    page.goto(served.address + "/login")
    page.locator("#email").fill("maya@example.com")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_every_screen_fits_and_is_accessible(
    served: Served, page: Page, context: BrowserContext, places: dict[str, str], width: int, scheme: Any
) -> None:
    sign_in(page, served)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 844})
    found = []
    for path in [*PUBLIC, *CONSOLE]:
        page.goto(served.address + path.format(**places))
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{path} scrolls sideways: {page.evaluate(WIDE)}")
        for violation in Axe().run(page, options=AXE).response["violations"]:
            where = ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:3])
            found.append(f"{path}: {violation['id']} at {where}")

    assert "\n".join(found) == ""
