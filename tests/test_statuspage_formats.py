"""The page for programs: Statuspage v2 JSON, and the feeds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from incidents.kernel.database import db
from incidents.kernel.text import render_markdown
from incidents.published import components as known
from incidents.published import publishing
from statuspage import api_v2, feeds, page
from statuspage.plaintext import plain
from statuspage.records import IncidentRow, Records, SettingsRow, UpdateRow
from statuspage.snapshot import draw
from statuspage.told import Told
from tests.factories_published import (
    DEGRADED,
    MAJOR,
    PARTIAL,
    make_component,
    make_page,
    make_past_incident,
    make_update,
)

AT = datetime(2026, 11, 23, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
COMPONENT_KEYS = [
    "id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date", "group_id",
    "page_id", "group", "only_show_if_degraded",
]  # fmt: skip
INCIDENT_KEYS = [
    "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink", "started_at",
    "page_id", "incident_updates", "components",
]  # fmt: skip
UPDATE_KEYS = [
    "id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components",
    "deliver_notifications", "custom_tweet", "tweet_id",
]  # fmt: skip


def got(client: FlaskClient, path: str) -> Any:
    db.session.commit()
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return answer.json


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("summary", ["page", "components", "incidents", "scheduled_maintenances", "status"]),
        ("status", ["page", "status"]),
        ("components", ["page", "components"]),
        ("incidents", ["page", "incidents"]),
        ("incidents/unresolved", ["page", "incidents"]),
        ("scheduled-maintenances", ["page", "scheduled_maintenances"]),
        ("scheduled-maintenances/upcoming", ["page", "scheduled_maintenances"]),
        ("scheduled-maintenances/active", ["page", "scheduled_maintenances"]),
    ],
)
def test_every_body_has_its_keys_in_order_even_when_there_is_nothing(
    client: FlaskClient, path: str, keys: list[str]
) -> None:
    body = got(client, f"/api/v2/{path}.json")
    assert list(body) == keys
    assert list(body["page"]) == ["id", "name", "url", "time_zone", "updated_at"]
    assert all(body[key] == [] for key in keys if key not in ("page", "status"))


def test_components_have_the_thirteen_keys_and_groups_a_fourteenth(client: FlaskClient) -> None:
    group = known.add_group("Deposit And Withdraw")
    child = make_component("Deposit", group=group)
    make_component("Alone")
    make_update(1, components={child.public_id: PARTIAL})
    alone, heading, deposit = got(client, "/api/v2/components.json")["components"]
    assert list(alone) == list(deposit) == COMPONENT_KEYS
    assert list(heading) == [*COMPONENT_KEYS, "components"]
    assert (heading["group"], heading["components"], heading["status"]) == (True, [child.public_id], PARTIAL)
    assert (deposit["group_id"], deposit["status"], deposit["group"]) == (group.public_id, PARTIAL, False)
    assert alone["group_id"] is None


def test_an_incident_has_its_updates_newest_first_with_what_each_changed(client: FlaskClient, clock: Any) -> None:
    group = known.add_group("Core")
    api = make_component("API", group=group)
    began_at = clock()
    make_update(
        1, title="Slow", body="**Slow**\n\nsee [here](https://example.com/x)", components={api.public_id: DEGRADED}
    )
    clock.forward(minutes=10)
    make_update(1, title="Slow", status="monitoring", body="Better.")
    clock.forward(minutes=10)
    make_update(1, title="Slow", status="resolved", body="Over.", notify=False)

    assert got(client, "/api/v2/incidents/unresolved.json")["incidents"] == []
    (incident,) = got(client, "/api/v2/incidents.json")["incidents"]
    assert list(incident) == INCIDENT_KEYS
    assert (incident["status"], incident["impact"]) == ("resolved", "minor")
    assert (incident["started_at"], incident["monitoring_at"], incident["resolved_at"]) == (
        "2026-11-23T02:14:00.000Z", "2026-11-23T02:24:00.000Z", "2026-11-23T02:34:00.000Z",
    )  # fmt: skip
    assert incident["shortlink"] == f"http://127.0.0.1:8000/incidents/{incident['id']}"
    newest, _middle, first = incident["incident_updates"]
    assert list(newest) == UPDATE_KEYS
    assert (newest["body"], newest["deliver_notifications"]) == ("Over.", False)
    assert first["body"] == "Slow\n\nsee here (https://example.com/x)"
    assert first["affected_components"] == [
        {"code": api.public_id, "name": "Core - API", "old_status": "operational", "new_status": DEGRADED}
    ]
    assert [list(component) for component in incident["components"]] == [COMPONENT_KEYS]
    assert began_at.isoformat().startswith("2026-11-23T02:14")


def test_the_indicator_rolls_up_the_worst_component(client: FlaskClient) -> None:
    api, web = make_component("API"), make_component("Web")
    assert got(client, "/api/v2/status.json")["status"] == {
        "indicator": "none",
        "description": "All Systems Operational",
    }
    make_update(1, components={api.public_id: DEGRADED})
    assert got(client, "/api/v2/status.json")["status"]["indicator"] == "minor"
    make_update(2, components={web.public_id: MAJOR})
    assert got(client, "/api/v2/status.json")["status"] == {
        "indicator": "critical",
        "description": "Major System Outage",
    }


def test_the_list_of_incidents_stops_at_fifty(client: FlaskClient) -> None:
    for number in range(60):
        make_past_incident(f"No {number}", ended_ago=timedelta(days=number), lasted=timedelta(minutes=5))
    found = got(client, "/api/v2/incidents.json")["incidents"]
    assert [incident["name"] for incident in found] == [f"No {number}" for number in range(50)]


def test_atom_is_stable_and_its_time_is_its_newest_entrys(client: FlaskClient, clock: Any) -> None:
    make_update(1, title="Slow & <odd>", body="First ]]> end.")
    at = clock.forward(minutes=10)
    make_update(1, title="Slow & <odd>", body="Still.")
    make_update(1, title="Slow & <odd>", status="resolved", body="Over.")
    db.session.commit()
    before = client.get("/history.atom")
    assert before.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert before.headers["Last-Modified"] == "Mon, 23 Nov 2026 02:24:00 GMT"

    clock.forward(days=2)
    after = client.get("/history.atom")
    assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])

    feed = ET.fromstring(after.data)
    entry = feed.find(f"{ATOM}entry")
    incident = publishing.find(1)
    assert entry is not None
    assert incident is not None
    assert feed.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}updated") == f"{at:%Y-%m-%dT%H:%M:%SZ}"
    assert entry.findtext(f"{ATOM}id") == f"tag:127.0.0.1,2005:Incident/{incident.public_id}"
    assert entry.findtext(f"{ATOM}title") == "Slow & <odd>"
    content = entry.findtext(f"{ATOM}content") or ""
    assert [word for word in ("Resolved", "Update", "Investigating") if f"<strong>{word}</strong>" in content] == [
        "Resolved", "Update", "Investigating",
    ]  # fmt: skip
    assert content.index("Over.") < content.index("Still.") < content.index("First ]]&gt; end.")


def test_rss_and_json_feed_say_the_same(client: FlaskClient) -> None:
    make_update(1, title="Slow")
    db.session.commit()
    incident = publishing.find(1)
    assert incident is not None
    rss = client.get("/history.rss")
    assert rss.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    item = ET.fromstring(rss.data).find("channel/item")
    assert item is not None
    assert item.findtext("link") == f"http://127.0.0.1:8000/incidents/{incident.public_id}"
    assert item.findtext("pubDate") == "Mon, 23 Nov 2026 02:14:00 +0000"
    (same,) = json.loads(client.get("/history.json").data)["items"]
    assert (same["title"], same["content_html"]) == ("Slow", item.findtext("description"))


def test_nothing_in_json_or_feeds_is_relative(app: Flask, clock: Any) -> None:
    make_page()
    renewer = app.extensions["sevenbells.page"]
    renewer.renew_now()
    still = {
        path: page.plain.etag
        for path, page in renewer.pages.items()
        if not path.startswith(("/history/", "/incidents/"))
    }
    for path in ("/", "/history", "/embed"):
        still.pop(path)
    clock.forward(minutes=90)
    renewer.renew_now()
    assert {path: renewer.pages[path].plain.etag for path in still} == still


def _page_of(title: str, body: str) -> Any:
    at = AT
    update = UpdateRow("u" * 12, body, f"<p>{escape(body)}</p>", "investigating", (), at, None, True, at, None)
    incident = IncidentRow(1, "i" * 12, title, "P1", at, None, at, at, (update,), None)
    return draw(Told(Records(1, at, SettingsRow(name=title or "x"), (), (), (), (incident,), at)), at)


any_text = st.text(max_size=200) | st.sampled_from(
    ["]]>", "<![CDATA[", "\x00\x0b\x1f", "\ud800", "\ufffe", "&amp;lt;", "<b>&</b>"]
)


@given(title=any_text, body=any_text)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_feeds_and_json_are_well_formed_whatever_was_typed(title: str, body: str) -> None:
    picture = _page_of(title, body)
    page.home(picture, base="https://status.example.com")
    documents = {
        **feeds.documents(picture, base="https://status.example.com"),
        **api_v2.documents(picture, base="https://x.example"),
    }
    for path, document in documents.items():
        if path.endswith((".atom", ".rss")):
            ET.fromstring(document.body)
        else:
            json.loads(document.body)


def test_plain_text_keeps_paragraphs_lists_and_addresses() -> None:
    html = str(
        render_markdown(
            "One *and* two\nthree\n\n- a\n- b\n\n[site](https://example.com/?a=1&b=2) <https://example.com/>"
        )
    )
    assert plain(html).split("\n\n")[0].startswith("One and two")
    assert "- a\n- b" in plain(html)
    assert "site (https://example.com/?a=1&b=2)" in plain(html)
