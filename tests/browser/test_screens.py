"""Every screen on a lived week: readable in both themes on three widths, by everybody, whatever its titles hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page
from sqlalchemy import select

from incidents import actions
from incidents.access import slack_links
from incidents.actions import action_items
from incidents.demo import people
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.components import all_components, all_groups
from incidents.published.maintenances import Maintenance
from incidents.published.notices import Notice
from incidents.published.subscribers import Subscriber
from incidents.records.incidents import Incident
from incidents.records.people import find_person
from incidents.records.timeline import TimelineEntry
from incidents.records.updates import Update
from tests.browser.addresses import CONSOLE, MAINTENANCE, NO_SCREENS, ON_CALL, PUBLIC, ROOM
from tests.browser.conftest import Served
from tests.factories_maintenance import make_work

WIDTHS = (1440, 390, 320)
EVERYTHING = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
FRAMES = ("/", "/console/")  # these stand for what a laptop shows around every screen, and a phone does not
VAST = ("/api/docs",)  # axe takes seconds a width there, and its layout is the same
GEOMETRY = (Path(__file__).parent / "geometry.js").read_text(encoding="utf-8")
RUN_AXE = """async ({only, without}) => {
    // colours on their way somewhere are no colours yet; what never ends is not waited for
    const ending = document.getAnimations().map((each) => each.finished.catch(() => null));
    await Promise.race([Promise.all(ending), new Promise((done) => setTimeout(done, 500))]);
    const rules = Object.fromEntries(without.map((rule) => [rule, {enabled: false}]));
    return (await axe.run(document, {runOnly: only, rules, resultTypes: ["violations"]})).violations.map(
    (each) => `${each.id} at ${each.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
}"""
HOSTILE = {
    "long": ("Payments, invoices and every report asked for since the night before last fail in a way " * 3)[:199],
    "unbroken": "x" * 200,
    "arabic": "فشل الاتصال بقاعدة البيانات في جميع المناطق منذ الليلة الماضية",
    "emoji": "🔥🔥🔥 Everything is on fire 👩🏽‍🚒🧯 and nobody 🤷 knows why 🇩🇪🇫🇷",
    "markup": "<script>alert(1)</script> & <b>bold</b> \"quoted\" 'title' {{ 7*7 }} **stars**",
}


@pytest.fixture
def database_url(tmp_path: Any, lived_week: Any) -> str:
    """Looks do not depend on the database."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(lived_week.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def places(served: Served, clock: Any) -> dict[str, str]:
    """What stands in the addresses, on a week that was lived."""
    late, young = db.session.scalars(select(Incident).where(Incident.outcome.is_(None)).order_by(Incident.id))
    over = db.session.scalars(select(Incident).where(Incident.postmortem_due_at.is_not(None)).limit(1)).one()
    published, published_over = publishing.find(late.id), publishing.find(over.id)
    assert published is not None
    assert published_over is not None
    told = select(Update.incident_id).where(Update.public_status == "postmortem", Update.state == "published")
    with_rca = publishing.find(db.session.scalars(told.limit(1)).one())
    assert with_rca is not None
    draft = select(Update.public_id).where(Update.incident_id == late.id, Update.state == "draft")
    entry = select(TimelineEntry.id).where(TimelineEntry.incident_id == late.id, TimelineEntry.kind == "note")
    planned = db.session.scalars(select(Maintenance).order_by(Maintenance.starts_at))
    works = {work.title: work.public_id for work in planned}
    found = {
        "late": late.ref,
        "young": young.ref,
        "over": over.ref,
        "public": published.public_id,
        "public_over": published_over.public_id,
        "rca": with_rca.public_id,
        "component": all_components()[-1].public_id,
        "group": all_groups()[0].public_id,
        "month": f"{published_over.started_at:%Y-%m}",
        "draft": str(db.session.scalar(draft)),
        "work": works["New certificate for e-mail delivery"],
        "work_ahead": works["Weekly upgrades"],
        "work_over": works["The database moves to larger machines"],
        "entry": str(db.session.scalar(entry.limit(1))),
        "slack": slack_links.write("T0ACME", "U0SOMEBODY"),
        "subscriber": db.session.scalars(select(Subscriber.public_id).order_by(Subscriber.id).limit(1)).one(),
        "notice": str(db.session.scalars(select(Notice.id).order_by(Notice.id.desc()).limit(1)).one()),
    }
    db.session.commit()
    db.session.remove()
    served.page_now()
    return found


@pytest.fixture
def signed_in(served: Served, page: Page, places: dict[str, str]) -> Page:
    page.goto(served.address + "/login")
    page.locator("#email").fill(people.MAYA.email)
    page.locator("#password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")
    return page


# in handfuls, so that two workers are done at about the same time
@pytest.mark.parametrize(
    "screens",
    [
        *(CONSOLE[first : first + 12] for first in range(0, len(CONSOLE), 12)),
        MAINTENANCE,
        ON_CALL,
        *(ROOM[first : first + 14] for first in range(0, len(ROOM), 14)),
    ],
)
def test_every_screen_is_readable(
    served: Served, signed_in: Page, places: dict[str, str], screens: Sequence[str]
) -> None:
    found = [trouble for path in screens for trouble in troubles(signed_in, served.address, path.format(**places))]

    assert not found, "\n".join(found)


def test_what_strangers_see_is_readable(served: Served, page: Page, places: dict[str, str]) -> None:
    found = [trouble for path in PUBLIC for trouble in troubles(page, served.address, path.format(**places))]

    assert not found, "\n".join(found)


def test_whatever_titles_hold_stays_readable(served: Served, signed_in: Page, places: dict[str, str]) -> None:
    rooms = [f"/console/incidents/{ref}" for ref in _declare_hostile()]
    works = _plan_hostile()
    served.page_now()

    around = [
        "/",
        "/history",
        "/maintenances/" + works[0],
        "/console/maintenance",
        "/console/",
        "/console/incidents",
        "/console/incidents/new",
        "/console/action-items",
        f"{rooms[1]}/updates",
    ]
    rooms += [f"/console/maintenance/{works[-1]}", f"/console/maintenance/{works[-1]}/edit"]
    found = [trouble for path in [*around, *rooms] for trouble in troubles(signed_in, served.address, path, axe=False)]

    assert not found, "\n".join(found)


def test_a_title_without_blanks_on_the_live_strip_pushes_nothing_out_of_the_window(
    served: Served, signed_in: Page
) -> None:
    maya = find_person(people.MAYA.email)
    assert maya is not None
    actions.declare(title=HOSTILE["unbroken"], severity="P1", by=maya.as_actor())
    db.session.commit()
    db.session.remove()

    signed_in.goto(f"{served.address}/console/deliveries")

    assert "x" * 200 in signed_in.locator("#live").inner_text()
    for width in (1440, 900, 390):
        signed_in.set_viewport_size({"width": width, "height": 844})
        assert signed_in.evaluate(GEOMETRY) == [], width


def test_no_screen_is_left_out(app: Any) -> None:
    listed = {
        re.sub(r"\{\w+\}", "<>", path.partition("?")[0]) for path in (*PUBLIC, *ROOM, *CONSOLE, *ON_CALL, *MAINTENANCE)
    }
    ours = {
        re.sub(r"<[^>]+>", "<>", rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and rule.rule.startswith("/console") and rule.rule not in NO_SCREENS
    }

    assert sorted(ours - {re.sub(r"/(P1|1|cto|summary)(?=/|$)", "/<>", path) for path in listed}) == []


def troubles(page: Page, address: str, path: str, *, axe: bool = True) -> Iterator[str]:
    """What is wrong with one screen, on three widths and in both themes, in words."""
    for scheme in ("light", "dark") if axe else ("light",):
        # loaded anew for each theme: Chromium keeps inherited colours of the former one
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        answer = page.goto(address + path)
        if answer is None or answer.status != 200:
            yield f"{path} answers {answer and answer.status}"
            return
        if axe:
            page.evaluate(AXE_SCRIPT)
        for width in WIDTHS if scheme == "light" else _widths_in_the_dark(path):
            page.set_viewport_size({"width": width, "height": 844})
            wrong = page.evaluate(GEOMETRY) if scheme == "light" else []
            wrong += page.evaluate(RUN_AXE, _rules(path, scheme, width)) if axe else []
            yield from (f"{path} at {width}, {scheme}: {each}" for each in wrong)


def _widths_in_the_dark(path: str) -> tuple[int, ...]:
    return (1440, 390) if path in FRAMES else (390,)


def _rules(path: str, scheme: str, width: int) -> dict[str, list[str]]:
    """What axe looks at. The themes differ in colour alone, and 320 from 390 in layout alone.

    Contrast is two thirds of what axe costs, so it is looked at once where nothing else could come of it.
    """
    if path in VAST and width != WIDTHS[0]:
        return {"only": ["html-has-lang"], "without": []}
    if scheme == "dark":
        return {"only": ["color-contrast"], "without": []}
    return {"only": EVERYTHING, "without": ["color-contrast"] if width == 320 else []}


def _plan_hostile() -> list[str]:
    """Maintenance whose titles do the same, the first of it in progress; their public ids."""
    works = [
        make_work(title, body=title, in_minutes=60 * place).public_id for place, title in enumerate(HOSTILE.values())
    ]
    db.session.commit()
    db.session.remove()
    return works


def _declare_hostile() -> list[str]:
    """Incidents whose titles try the screens, each known to the public; their refs."""
    maya = find_person(people.MAYA.email)
    assert maya is not None
    refs = []
    for title in HOSTILE.values():
        incident = actions.declare(title=title, severity="P2", by=maya.as_actor(), impact=title)
        actions.acknowledge(incident, by=maya.as_actor())
        actions.post_update(incident, by=maya.as_actor(), body=title, audience="public")
        actions.add_note(incident, by=maya.as_actor(), body=title)
        action_items.add(
            incident, title=title, kind="prevent", owner=maya, due_on=clock.now().date(), by=maya.as_actor()
        )
        refs.append(incident.ref)
    db.session.commit()
    db.session.remove()
    return refs
