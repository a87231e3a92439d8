"""Whatever was typed and whatever is asked: every format stays well-formed, and nothing varies or fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from markupsafe import escape
from werkzeug.test import Client, TestResponse

from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.components import add_component
from statuspage import contents, wayfinding
from statuspage.frontdoor import FrontDoor
from statuspage.prepared import Document
from statuspage.records import ComponentRow, GroupRow, IncidentRow, Records, SettingsRow, UpdateRow
from statuspage.renewer import Renewer
from statuspage.snapshot import Picture, draw
from statuspage.told import Told
from statuspage.work_records import WorkRow
from tests.factories_published import DEGRADED, make_component, make_page, make_past_incident, make_update

AT = datetime(2026, 11, 23, 2, 14, tzinfo=UTC)
BASE = "https://status.example.com"
HOSTILE = (
    "]]>", "<![CDATA[", "-->", "<!--", "\x00\x0b\x1f\x85", "\ud800", "\ufffe\uffff", "&amp;lt;&#0;", "<b onclick=x>&</b>",
    "</style><script>", "{{ 7*7 }}{% raw %}", '"\'`><img src=x>', "\u202eevil\u202c", "\u0645\u0631\u062d\u0628\u0627",
    "\r\nBEGIN:VEVENT\r\n", "\\n;,:", "\u2028\u2029", "=cmd()", "%0d%0a", "e\u0301" * 50, "\U0001f469\u200d\U0001f692" * 20,
)  # fmt: skip
anything = (
    st.text(max_size=120)
    | st.sampled_from(HOSTILE)
    | st.builds("{}{}".format, st.sampled_from(HOSTILE), st.text(max_size=9))
)


class Balance(HTMLParser):
    """Which elements are open, and which kinds and attributes there were."""

    EMPTY = frozenset({"meta", "link", "br", "img", "hr", "wbr", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.kinds: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds |= {(tag, name) for name, _ in attrs} | {(tag, "")}

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def picture_of(title: str, body: str) -> Picture:
    """A page on which everything that somebody can name is named so: an open incident, a past one, work, a component."""
    html = f"<p>{escape(body)}</p>"
    name = title or "x"
    page = SettingsRow("p" * 12, name, "Europe/Berlin", footer_links=((name, "https://example.com/"),), updated_at=AT)
    group = GroupRow(1, "g" * 12, name, 1, AT, AT)
    component = ComponentRow(
        1, "c" * 12, name, body, 1, 1, DEGRADED, True, False, None, None, AT - timedelta(days=9), AT
    )
    before, after = AT - timedelta(hours=2), AT + timedelta(hours=2)

    def update(number: int, status: str) -> UpdateRow:
        told = (("c" * 12, DEGRADED),)
        return UpdateRow(f"u{number}" * 6, body, html, status, told, before, after, True, before, AT)

    incidents = (
        IncidentRow(1, "i" * 12, title, "P1", before, None, before, AT, (update(1, "investigating"),), None),
        IncidentRow(2, "j" * 12, title, "P1", before, AT, before, AT, (update(2, "resolved"),), ("i" * 12, title)),
    )
    work = WorkRow(
        1, "w" * 12, None, title, body, html, ("c" * 12,), after, after + timedelta(hours=1), None, None, None, None,
        True, 0, True, 0, AT, AT, None, (),
    )  # fmt: skip
    return draw(Told(Records(1, AT, page, (group,), (component,), (), incidents, before, (work,))), AT)


def everything(picture: Picture) -> dict[str, Document]:
    """Every document there is, those made on demand too."""
    found = {path: made for sheet in contents.sheets(picture, base=BASE) for path, made in sheet.make().items()}
    beside = [
        f"/components/{'c' * 12}/{each}"
        for each in ("badge.svg", "badge.json", "history.atom", "history.rss", "history.json")
    ]
    on_demand = {path: contents.beside_component(picture, path, base=BASE) for path in beside}
    on_demand[f"/components/{'c' * 12}"] = contents.component(picture, "c" * 12, form=None, year=None, base=BASE)
    on_demand[f"/components/{'c' * 12}.json"] = contents.component(
        picture, "c" * 12, form=".json", year=None, base=BASE
    )
    on_demand["/sitemap.xml"] = wayfinding.sitemap(picture, base=BASE)
    assert None not in on_demand.values()
    return {**found, **{path: made for path, made in on_demand.items() if made is not None}}


def check(document: Document) -> set[tuple[str, str]]:
    """Parse it as what it says it is; of HTML, which kinds of elements and attributes it has."""
    kind = document.content_type.partition(";")[0]
    if kind.endswith("xml"):
        ET.fromstring(document.body)
    elif kind.endswith("json"):
        json.loads(document.body)
    elif kind == "text/calendar":
        (calendar,) = Calendar.from_ical(document.body, multiple=True)
        assert len(calendar.walk("VEVENT")) == 1
    elif kind == "text/html":
        parser = Balance()
        parser.feed(document.body.decode())
        parser.close()
        assert parser.open == []
        return parser.kinds
    return set()


HARMLESS = {path: check(document) for path, document in everything(picture_of("Slow", "We are looking.")).items()}


@given(title=anything, body=anything)
@example(title="]]>" * 33_000, body="<x>" * 33_000)
@example(title="\u202e\u0645" * 50_000, body="&" * 100_000)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_format_stays_well_formed_whatever_was_typed(title: str, body: str) -> None:
    made = everything(picture_of(title, body))
    assert made.keys() == HARMLESS.keys()
    for path, document in made.items():
        assert check(document) <= HARMLESS[path], path


# -- asking strangely --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """How a request is read does not depend on the database: one is enough."""
    path = tmp_path / "sevenbells.db"
    path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def renewer(app: Flask) -> Renewer:
    found: Renewer = app.extensions["sevenbells.page"]
    return found


@pytest.fixture
def door(app: Flask, renewer: Renewer) -> Client:
    """The front door with the whole app behind it."""
    return Client(FrontDoor(app.wsgi_app, renewer, threads=8))


def but_its_id(answer: TestResponse) -> dict[str, str]:
    """The headers, without the number that every request has in the log."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}


def test_what_never_was_and_what_is_withdrawn_say_the_same(door: Client, renewer: Renewer) -> None:
    make_page()
    gone = make_update(7, title="Wrong alarm").incident.public_id
    hidden = add_component("Inner", shown=False).public_id
    old = make_past_incident("Long ago", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    found = publishing.find(old)
    assert found is not None
    older = found.public_id
    db.session.commit()
    renewer.renew_now()
    assert door.get(f"/incidents/{gone}").status_code == door.get(f"/incidents/{older}").status_code == 200
    publishing.withdraw_incident(7)
    publishing.withdraw_incident(old)
    db.session.commit()
    renewer.renew_now()
    pairs = [
        (f"/{kind}{name}{form}", f"/{kind}{'z' * 12}{form}")
        for kind, names, forms in (
            ("incidents/", (gone, older), ("", ".json", "/rca")),
            ("components/", (hidden,), ("", "/badge.svg", "/badge.json", "/history.atom")),
        )
        for name in names
        for form in forms
    ]
    for was, never in pairs:
        mine, theirs = door.get(was), door.get(never)
        assert (mine.status_code, mine.data, but_its_id(mine)) == (404, theirs.data, but_its_id(theirs)), was
        head = door.head(was)
        assert (head.status_code, head.data) == (404, b"")


def test_strange_queries_neither_vary_nor_fail(door: Client, renewer: Renewer) -> None:
    public_id = make_update(1).incident.public_id
    component = make_component("API").public_id
    db.session.commit()
    renewer.renew_now()
    queries = ["utm_source=x", "lang=<script>", "lang=%3Cscript%3E", "x=" + "y" * 8192, "%", "%zz", "%ff%fe", "a&&=b;c",
               "%00", "__proto__=1", "page=-1", "\x00\x7f"]  # fmt: skip
    paths = ["/", "/history.atom", "/api/v2/summary.json", f"/incidents/{public_id}", f"/components/{component}", "/embed",
             f"/components/{component}/badge.svg", "/history/2026-11", "/sitemap.xml"]  # fmt: skip
    for path in paths:
        plain = door.get(path)
        for query in queries:
            asked = door.get(path, query_string=query)
            assert (asked.status_code, asked.data) == (200, plain.data), (path, query)
            assert asked.headers["Vary"] == "Accept-Encoding"
            assert asked.headers["ETag"] == plain.headers["ETag"]


def test_strange_addresses_are_missing_and_no_more(door: Client, renewer: Renewer) -> None:
    renewer.renew_now()
    strange = ["/incidents/", "/incidents/../../etc/passwd", "/incidents/%00", "/incidents/" + "a" * 9000, "/history/9999-99",
               "/history/0000-01", "/history/2026-13.atom", "/components/\ud7ff", "/incidents/ABCDEFGHIJKL", "/api/v2/none.json",
               "/incidents/zzzzzzzzzzzz.json;x", "/maintenances/zzzzzzzzzzzz/"]  # fmt: skip
    for path in strange:
        assert door.get(path).status_code in (400, 404, 308), path


def test_ranges_and_conditions_are_read_as_http_says(door: Client, renewer: Renewer) -> None:
    make_update(1)
    db.session.commit()
    renewer.renew_now()
    plain = door.get("/history.json")
    tag = plain.headers["ETag"]
    for path in ("/history.json", "/"):
        ranged = door.get(path, headers={"Range": "bytes=0-3"})
        assert (ranged.status_code, ranged.data) == (200, door.get(path).data)  # whoever cannot do ranges answers whole
    many = ", ".join(f'"{number:x}"' for number in range(900))
    for theirs in (tag, f"W/{tag}", f"{many}, {tag}", f'{many},W/{tag}  , "x"', "*"):
        for method in ("GET", "HEAD"):
            answer = door.open("/history.json", method=method, headers={"If-None-Match": theirs})
            assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    for theirs in (many, "", '"', 'W/"', tag.strip('"'), f"{tag[:-1]}x"):
        assert door.get("/history.json", headers={"If-None-Match": theirs}).status_code == 200, theirs
    for since in ("yesterday", "", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 5000):
        assert door.get("/history.json", headers={"If-Modified-Since": since}).status_code == 200
