"""The page as a pure function of the published records and the minute: words, states, promises, days."""

from __future__ import annotations

import ast
import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from incidents.kernel.database import db
from incidents.published import baselines, publishing
from incidents.published import components as known
from incidents.published.page_settings import change_page_settings
from statuspage import PREVIEW, records_file, snapshot
from statuspage.snapshot import Picture
from tests.factories_published import (
    DEGRADED,
    MAJOR,
    OPERATIONAL,
    PARTIAL,
    make_component,
    make_page,
    make_past_incident,
    make_update,
)


def drawn(clock: Any) -> Picture:
    db.session.commit()
    return snapshot.take(db.session.connection(), clock())


def text_of(client: FlaskClient, path: str = "/") -> str:
    """The page's words, without tags, as a person reads them."""
    db.session.commit()
    answer = client.get(path)
    assert answer.status_code == 200, path
    html = re.sub(r"<(style|script)>.*?</\1>", "", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def in_berlin() -> None:
    change_page_settings(name="AI Perception", zone="Europe/Berlin")


def test_an_empty_page_says_that_all_is_well(client: FlaskClient) -> None:
    text = text_of(client)
    assert "All systems operational No incidents so far." in text
    assert "As of 02:14 UTC, Mon 23 Nov." in text
    assert "Components" not in text


@pytest.mark.parametrize(
    ("status", "headline", "sentence"),
    [
        (DEGRADED, "Some systems are degraded", "API is slow or failing for some people."),
        (PARTIAL, "Part of the service is down", "API is partly down."),
        (MAJOR, "The service is down", "API is down."),
        ("under_maintenance", "Maintenance in progress", "API is under maintenance."),
    ],
)
def test_the_worst_component_makes_the_headline(client: FlaskClient, status: str, headline: str, sentence: str) -> None:
    api = make_component("API")
    make_component("Web")
    make_update(1, components={api.public_id: status})
    text = text_of(client)
    assert f"{headline} {sentence} Everything else is working normally." in text


def test_a_component_shows_its_baseline_overlaid_by_the_worst_open_incident(app: Flask, clock: Any) -> None:
    api = make_component("API")
    baselines.set_baseline(api, DEGRADED)
    make_update(1, components={api.public_id: MAJOR})
    make_update(2, components={api.public_id: PARTIAL})
    assert drawn(clock).components[0].status == MAJOR

    make_update(1, status="resolved")
    assert drawn(clock).components[0].status == PARTIAL

    make_update(2, status="resolved")
    assert drawn(clock).components[0].status == DEGRADED


def test_omitted_components_keep_theirs_and_resolving_ends_what_was_degraded(app: Flask, clock: Any) -> None:
    api, web = make_component("API"), make_component("Web")
    make_update(1, components={api.public_id: MAJOR, web.public_id: DEGRADED})
    clock.forward(minutes=5)
    make_update(1, status="identified", components={api.public_id: DEGRADED})
    incident = drawn(clock).incidents[0]
    assert incident.now == {api.public_id: DEGRADED, web.public_id: DEGRADED}
    assert incident.worst == MAJOR
    assert [(change.old, change.new) for change in incident.updates[0].changes] == [(MAJOR, DEGRADED)]

    clock.forward(minutes=5)
    make_update(1, status="resolved")
    incident = drawn(clock).incidents[0]
    assert incident.now == {}
    assert {change.new for change in incident.updates[0].changes} == {OPERATIONAL}
    assert incident.impact == "critical"


def test_an_open_incident_that_names_no_component_counts_as_minor(client: FlaskClient, clock: Any) -> None:
    make_component("API")
    make_update(1, title="Something is odd")
    picture = drawn(clock)
    assert (picture.state, picture.indicator, picture.incidents[0].impact) == (DEGRADED, "minor", "minor")
    assert "We are looking into a problem No component is known to be affected." in text_of(client)


def test_a_hidden_component_is_named_nowhere(client: FlaskClient, clock: Any) -> None:
    secret = make_component("Secret engine", shown=False)
    update = make_update(1, components={secret.public_id: MAJOR})
    db.session.commit()
    incident = publishing.find(1)
    assert incident is not None
    for path in (
        "/",
        f"/incidents/{incident.public_id}",
        f"/incidents/{incident.public_id}.json",
        "/api/v2/summary.json",
        "/history.atom",
    ):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Secret engine" not in answer.text
        assert secret.public_id not in answer.text
    assert client.get(f"/components/{secret.public_id}").status_code == 404
    assert update.components == {secret.public_id: MAJOR}


def test_an_archived_component_leaves_the_page_but_not_its_incidents(client: FlaskClient) -> None:
    api = make_component("Old API")
    number = make_past_incident(
        "Old trouble", ended_ago=timedelta(days=2), lasted=timedelta(hours=1), components={api.public_id: MAJOR}
    )
    known.archive_component(api)
    incident = publishing.find(number)
    assert incident is not None
    assert "Components" not in text_of(client)
    assert "Old API" in text_of(client, f"/incidents/{incident.public_id}")


def test_the_promise_is_printed_and_then_how_late_it_is(client: FlaskClient, clock: Any) -> None:
    in_berlin()
    clock.set(datetime(2026, 11, 23, 13, 4, 20, tzinfo=UTC))
    make_update(1, next_update_at=datetime(2026, 11, 23, 13, 30, tzinfo=UTC))
    assert "Next update by 14:30 CET (13:30 UTC)." in text_of(client)

    clock.set(datetime(2026, 11, 23, 13, 30, 59, tzinfo=UTC))
    assert "Next update by 14:30 CET (13:30 UTC)." in text_of(client)
    assert "late" not in text_of(client)

    clock.set(datetime(2026, 11, 23, 13, 36, 5, tzinfo=UTC))
    text = text_of(client)
    assert "expected at 14:30 CET (13:30 UTC), 6 min late" in text
    assert "As of 14:36 CET (13:36 UTC), Mon 23 Nov." in text


def test_a_moved_promise_stands_under_the_newest_update(client: FlaskClient, clock: Any) -> None:
    make_update(1, next_update_at=clock() + timedelta(minutes=30))
    publishing.move_promise(1, clock() + timedelta(minutes=60))
    assert "Next update by 03:14 UTC." in text_of(client)


def test_nothing_is_promised_once_it_is_over(client: FlaskClient, clock: Any) -> None:
    make_update(1, next_update_at=clock() + timedelta(minutes=30))
    clock.forward(minutes=5)
    make_update(1, status="resolved")
    incident = publishing.find(1)
    assert incident is not None
    assert "Next update by" not in text_of(client) + text_of(client, f"/incidents/{incident.public_id}")


def test_an_open_incident_leads_to_news_by_e_mail_and_one_that_is_over_does_not(client: FlaskClient) -> None:
    incident = make_update(1).incident.public_id
    db.session.commit()
    for path in ("/", f"/incidents/{incident}"):
        assert '<a href="/subscribe">Get updates by e-mail</a>' in client.get(path).text

    make_update(1, status="resolved")
    db.session.commit()
    assert "Get updates by e-mail" not in client.get(f"/incidents/{incident}").text


def test_an_edited_update_says_so(client: FlaskClient, clock: Any) -> None:
    update = make_update(1, body="Frist.")
    clock.forward(minutes=2)
    publishing.revise(
        update.public_id, body="First.", body_html="<p>First.</p>", edited_at=clock(), by_name="Maya Lindqvist"
    )
    text = text_of(client)
    assert "Edited 02:16 UTC" in text
    assert "Frist" not in text
    assert "Maya" not in text


def test_severity_is_shown_only_when_the_page_says_so(client: FlaskClient) -> None:
    make_update(1, severity="P1")
    assert "P1" not in text_of(client)
    change_page_settings(shows_severity=True)
    assert "P1 Critical" in text_of(client)


def test_a_merged_incident_says_where_it_continues(client: FlaskClient) -> None:
    make_update(1, title="Logins fail")
    make_update(2, title="The database is down")
    publishing.continue_elsewhere(1, 2)
    merged, into = publishing.find(1), publishing.find(2)
    assert merged is not None
    assert into is not None
    db.session.commit()
    page = client.get(f"/incidents/{merged.public_id}").text
    assert f'It continues in <a href="/incidents/{into.public_id}" dir="auto">The database is down</a>.' in page
    assert json.loads(client.get(f"/incidents/{merged.public_id}.json").data)["status"] == "resolved"


def test_what_is_withdrawn_is_gone_everywhere(client: FlaskClient) -> None:
    make_update(1, title="Canary 8261", body="Canary body")
    incident = publishing.find(1)
    assert incident is not None
    path = f"/incidents/{incident.public_id}"
    db.session.commit()
    assert client.get(path).status_code == 200

    publishing.withdraw_incident(1)
    db.session.commit()

    for gone in (path, f"{path}.json"):
        assert client.get(gone).status_code == 404
    for still in (
        "/",
        "/history",
        "/history.atom",
        "/history.rss",
        "/history.json",
        "/api/v2/summary.json",
        "/api/v2/incidents.json",
    ):
        assert "Canary" not in client.get(still).text


def test_past_incidents_are_those_of_the_last_fourteen_days(client: FlaskClient) -> None:
    make_past_incident("Yesterday's", ended_ago=timedelta(days=1), lasted=timedelta(minutes=72))
    make_past_incident("Last month's", ended_ago=timedelta(days=20), lasted=timedelta(minutes=5))
    text = text_of(client)
    assert "Yesterday&#39;s" in text or "Yesterday's" in text
    assert "1 h 12 min" in text
    assert "Last month" not in text
    assert "No incidents on the other 13 days of the last 14." in text


def test_history_goes_month_by_month(client: FlaskClient) -> None:
    make_past_incident("In November", ended_ago=timedelta(days=3), lasted=timedelta(minutes=48))
    make_past_incident("In October", ended_ago=timedelta(days=30), lasted=timedelta(hours=2))
    make_past_incident("In July", ended_ago=timedelta(days=130), lasted=timedelta(hours=2))
    text = text_of(client, "/history")
    assert "November 2026 1 incident, 48 min of disruption so far" in text
    assert "October 2026 1 incident, 2 h of disruption" in text
    assert "In July" not in text
    assert "In July" in text_of(client, "/history/2026-07")
    assert "No incidents." in text_of(client, "/history/2026-08")
    for nowhere in ("/history/2026-12", "/history/1999-01", "/history/2026-13", "/history/2026-1"):
        assert client.get(nowhere).status_code == 404


def test_a_component_page_has_every_day_as_a_row(client: FlaskClient) -> None:
    api = make_component("API")
    make_past_incident(
        "Trouble", ended_ago=timedelta(days=4), lasted=timedelta(minutes=90), components={api.public_id: MAJOR}
    )
    db.session.commit()
    page = client.get(f"/components/{api.public_id}").text
    assert page.count('<th scope="row">') == 90
    assert "Thu 19 Nov" in page
    assert "1 h 30 min" in page
    assert "99.92% uptime over the last 90 days." in page


def test_days_before_a_component_existed_are_grey(client: FlaskClient) -> None:
    young = make_component("Young", age=timedelta(days=10))
    db.session.commit()
    assert 'fill="url(#nop)" d="M0 0h316v32H0z"' in client.get("/").text  # 79 of 90 days, 4 wide each
    assert client.get(f"/components/{young.public_id}").text.count("No data") == 79


def test_the_formula_is_printed_with_its_weight(client: FlaskClient) -> None:
    make_component()
    change_page_settings(partial_weight=50)
    assert "a partial outage counts 50 %" in text_of(client)


def test_the_same_records_and_minute_make_the_same_bytes(app: Flask, clock: Any) -> None:
    make_page()
    renewer = app.extensions["sevenbells.page"]
    renewer.renew_now()
    before = dict(renewer.pages)
    kept = records_file.from_json(records_file.as_json(renewer.picture.records))
    assert kept == renewer.picture.records
    clock.forward(minutes=1)
    renewer.renew_now()
    moved = {path for path, page in renewer.pages.items() if page.plain.etag != before[path].plain.etag}
    open_one = next(incident.id for incident in renewer.picture.incidents if incident.is_open)
    assert moved == {"/", "/embed", "/history", "/history/2026-11", f"/incidents/{open_one}"}  # no JSON, no feed
    clock.back(minutes=1)
    renewer.renew_now()
    assert {path: page.plain.etag for path, page in renewer.pages.items()} == {
        path: page.plain.etag for path, page in before.items()
    }


def test_the_page_needs_nothing_else_and_weighs_little(app: Flask, client: FlaskClient) -> None:
    make_page()
    html = client.get("/").text
    assert len(gzip.compress(html.encode(), 9)) <= 20_000
    assert (
        re.findall(r'(?:src|href)="(?!/|#|data:|http://127\.0\.0\.1:8000|https://support\.example\.com)[^"]*"', html)
        == []
    )
    assert not re.search(r"<link[^>]+stylesheet|<script[^>]+src|@import|url\((?!#)", html)
    assert "style=" not in html
    assert not re.search(r"\son[a-z]+=", html)


def test_the_policy_allows_exactly_the_style_and_script_that_stand_in_the_page(client: FlaskClient) -> None:
    import base64
    import hashlib

    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]

    def hash_of(tag: str) -> str:
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        assert inside
        return base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hash_of('style')}'; script-src 'sha256-{hash_of('script')}'; "
        "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_hostile_words_stay_words(client: FlaskClient) -> None:
    nasty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    group = known.add_group(nasty[:90])
    component = make_component(nasty[:90], group=group, description=nasty)
    make_update(1, title=nasty, body=nasty, components={component.public_id: DEGRADED})
    change_page_settings(name=nasty[:60])
    incident = publishing.find(1)
    assert incident is not None
    db.session.commit()
    for path in ("/", "/history", f"/incidents/{incident.public_id}", f"/components/{component.public_id}"):
        html = client.get(path).text
        without_ours = re.sub(r"<script>\(function.*?</script>", "", html, flags=re.DOTALL)
        assert "<script" not in without_ours
        assert "<img" not in html
        assert str(escape(nasty[:60])) in html


def test_the_preview_is_the_page_that_would_be(app: Flask, client: FlaskClient, clock: Any) -> None:
    api = make_component("API")
    make_update(1, title="Slow", body="First.")
    db.session.commit()
    at = clock.forward(minutes=5)
    due = at + timedelta(minutes=30)
    words = {"title": "Slow", "severity": "P1", "started_at": at, "public_status": "identified"}
    shown = app.extensions[PREVIEW](
        db.session.connection(), incident_id=1, body_html="<p>Second.</p>", components={api.public_id: MAJOR},
        display_at=at, next_update_at=due, now=at, **words,
    )  # fmt: skip
    assert "The service is down" in shown
    assert "Second." not in client.get("/").text

    make_update(
        1, title="Slow", status="identified", body="Second.", components={api.public_id: MAJOR}, next_update_at=due
    )
    db.session.commit()
    page = client.get("/").text
    for part in re.findall(r"<li>.*?</li>", shown, re.DOTALL):
        assert part in page


def test_an_old_incident_is_found_by_its_address(client: FlaskClient) -> None:
    number = make_past_incident("Years ago", ended_ago=timedelta(days=900), lasted=timedelta(hours=1))
    for index in range(50):
        make_past_incident(f"Newer {index}", ended_ago=timedelta(days=10), lasted=timedelta(minutes=5))
    incident = publishing.find(number)
    assert incident is not None
    assert "Years ago" in text_of(client, f"/incidents/{incident.public_id}")
    assert json.loads(client.get(f"/incidents/{incident.public_id}.json").data)["name"] == "Years ago"


def test_the_number_of_queries_does_not_grow_with_history(app: Flask, clock: Any, count_queries: list[str]) -> None:
    make_page()
    count_queries.clear()
    few = drawn(clock)
    with_little = len(count_queries)
    for number in range(300):
        make_past_incident(f"Past {number}", ended_ago=timedelta(days=100 + number), lasted=timedelta(minutes=5))
    db.session.commit()
    count_queries.clear()
    many = drawn(clock)
    assert len(count_queries) <= with_little
    assert with_little <= 12
    assert len(many.incidents) == 50
    assert len(few.incidents) == 10


def test_the_public_side_cannot_see_private_rooms() -> None:
    allowed = ("incidents.published", "incidents.policy", "incidents.kernel")
    for path in Path("statuspage").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(name.startswith(allowed) for name in names if name.startswith("incidents")), path


def test_only_published_tables_are_read(app: Flask, clock: Any, count_queries: list[str]) -> None:
    make_page()
    count_queries.clear()
    drawn(clock)
    tables = set(re.findall(r"(?:FROM|JOIN) ([a-z_]+)", " ".join(count_queries)))
    assert tables <= {
        "page_revision", "page_settings", "component_groups", "components", "baseline_changes",
        "published_incidents", "published_updates", "maintenances", "maintenance_series", "maintenance_updates",
        "pinned_notice",
    }  # fmt: skip
