"""Uptime on the page: figures over five spans, groups, what each day brought, and what edits do to all of it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from incidents.kernel.database import db
from incidents.published import components as known
from incidents.published import planning, publishing
from incidents.published.page_settings import change_page_settings
from statuspage import records, year
from tests.factories_published import (
    MAJOR,
    OPERATIONAL,
    PARTIAL,
    make_component,
    make_past_incident,
    make_update,
)

DAY = timedelta(days=1)


def uptime_of(client: FlaskClient, public_id: str) -> dict[str, str | None]:
    db.session.commit()
    answer = client.get(f"/components/{public_id}.json")
    assert answer.status_code == 200
    found: dict[str, str | None] = json.loads(answer.data)["uptime"]
    return found


def share(down: timedelta, of: timedelta) -> str:
    whole = (of - down) * 10000 // of
    return f"{whole // 100}.{whole % 100:02d}"


def days_and(count: int, clock: Any) -> timedelta:
    """So many calendar days, the last of them as far as it has come."""
    now: datetime = clock()
    return (count - 1) * DAY + timedelta(hours=now.hour, minutes=now.minute)


def test_a_component_page_has_the_figures_of_a_day_a_week_a_month_a_quarter_and_a_year(
    client: FlaskClient, clock: Any
) -> None:
    api = make_component(age=500 * DAY)
    for ago, minutes in ((0.5, 10), (5, 60), (20, 90), (80, 120), (200, 600)):
        make_past_incident(
            "Down", ended_ago=ago * DAY, lasted=timedelta(minutes=minutes), components={api.public_id: MAJOR}
        )

    assert uptime_of(client, api.public_id) == {
        "24_hours": share(timedelta(minutes=10), DAY),
        "7_days": share(timedelta(minutes=70), days_and(7, clock)),
        "30_days": share(timedelta(minutes=160), days_and(30, clock)),
        "90_days": share(timedelta(minutes=280), days_and(90, clock)),
        "365_days": share(timedelta(minutes=880), days_and(365, clock)),
    }
    page = client.get(f"/components/{api.public_id}").text
    assert "<dt>Last 365 days</dt><dd>99.83%</dd>" in page
    assert "Uptime = 100 % \N{MINUS SIGN} (100 % × major outage + 30 % × partial outage + 0 % × degraded)" in page


def test_the_year_knows_what_memory_has_forgotten(client: FlaskClient, clock: Any, monkeypatch: Any) -> None:
    api = make_component(age=500 * DAY)
    other = make_component("Other", age=500 * DAY)
    monkeypatch.setattr(records, "MOST_RECENT", 1)  # so many are kept in memory, however old
    make_past_incident("Elsewhere", ended_ago=100 * DAY, lasted=timedelta(minutes=5))
    make_past_incident("Old", ended_ago=150 * DAY, lasted=timedelta(hours=10), components={api.public_id: MAJOR})
    start = clock() - 151 * DAY
    planning.plan(
        planning.Words(title="Old work", components=[api.public_id]),
        starts_at=start,
        ends_at=start + timedelta(hours=20),
    )

    assert uptime_of(client, api.public_id)["365_days"] == share(
        timedelta(hours=10), days_and(365, clock) - timedelta(hours=20)
    )
    assert uptime_of(client, other.public_id)["365_days"] == "100.00"


def test_edits_backdating_and_withdrawing_are_counted_anew(client: FlaskClient, clock: Any) -> None:
    api = make_component()
    make_past_incident("Old", ended_ago=200 * DAY, lasted=timedelta(hours=10), components={api.public_id: MAJOR})
    number = make_past_incident("Down", ended_ago=DAY, lasted=timedelta(hours=1), components={api.public_id: MAJOR})
    whole = days_and(365, clock)
    assert uptime_of(client, api.public_id)["365_days"] == share(timedelta(hours=11), whole)

    incident = publishing.find(number)
    assert incident is not None
    publishing.revise(
        incident.updates[1].public_id, by_name="Alice", edited_at=clock(), display_at=clock() - DAY + timedelta(hours=2)
    )
    assert uptime_of(client, api.public_id)["365_days"] == share(timedelta(hours=13), whole)
    publishing.revise(
        incident.updates[0].public_id, by_name="Alice", edited_at=clock(), components={api.public_id: PARTIAL}
    )
    assert uptime_of(client, api.public_id)["365_days"] == share(timedelta(hours=10, minutes=54), whole)
    publishing.withdraw_incident(number)
    assert uptime_of(client, api.public_id)["365_days"] == share(timedelta(hours=10), whole)


def test_the_page_counts_by_the_weights_of_its_settings(client: FlaskClient, clock: Any) -> None:
    api = make_component()
    make_past_incident("Down", ended_ago=DAY, lasted=timedelta(hours=10), components={api.public_id: MAJOR})
    change_page_settings(major_weight=50)

    assert uptime_of(client, api.public_id)["90_days"] == share(timedelta(hours=5), days_and(90, clock))
    assert "A major outage counts 50 %" in client.get("/").text


def test_a_group_counts_by_its_worst_component_at_each_moment(client: FlaskClient, clock: Any) -> None:
    group = known.add_group("Application")
    api, web = make_component("API", group=group), make_component("Web", group=group)
    hidden = make_component("Secret", group=group, shown=False)
    now = clock()
    for number, one, start, end in ((1, api, 50, 45), (2, web, 47, 40), (3, hidden, 30, 20)):
        for status, hours, state in (("investigating", start, MAJOR), ("resolved", end, OPERATIONAL)):
            make_update(
                number,
                status=status,
                at=now - timedelta(hours=hours),
                started_at=now - timedelta(hours=start),
                components={one.public_id: state},
            )
    public_id = group.public_id

    assert uptime_of(client, public_id)["90_days"] == share(timedelta(hours=10), days_and(90, clock))
    figure = f"{share(timedelta(hours=10), days_and(90, clock))}%"
    assert (
        f'<a href="/components/{public_id}" dir="auto">Application</a><span class="pct">{figure}</span>'
        in client.get("/").text
    )
    page = client.get(f"/components/{public_id}").text
    assert f'<a href="/components/{api.public_id}" dir="auto">API</a>' in page
    assert "Secret" not in page
    assert "Each moment of a group counts by its worst component." in page


def test_a_day_of_the_bars_opens_what_happened_on_it(client: FlaskClient, clock: Any) -> None:
    api = make_component()
    one = make_past_incident("First", ended_ago=4 * DAY, lasted=timedelta(hours=1), components={api.public_id: MAJOR})
    two = make_past_incident(
        "Second", ended_ago=4 * DAY, lasted=timedelta(minutes=9), components={api.public_id: PARTIAL}
    )
    start = clock() - 5 * DAY + timedelta(hours=10)
    work = planning.plan(
        planning.Words(title="New disks", components=[api.public_id]),
        starts_at=start,
        ends_at=start + timedelta(hours=2),
    )
    db.session.commit()

    home = client.get("/").text
    assert f'<a href="/components/{api.public_id}#2026-11-19" tabindex="-1"><title>19 Nov major outage' in home
    page = client.get(f"/components/{api.public_id}").text
    row = re.search(r'<tr id="2026-11-19">.*?</tr>', page, re.DOTALL)
    assert row is not None
    for number, title in ((one, "First"), (two, "Second")):
        incident = publishing.find(number)
        assert incident is not None
        assert f'<a href="/incidents/{incident.public_id}" dir="auto">{title}</a>' in row[0]
    assert f"/maintenances/{work.public_id}" not in row[0]
    assert (
        f'<a href="/maintenances/{work.public_id}" dir="auto">New disks</a>'
        in page.split('id="2026-11-18"')[1].split("</tr>")[0]
    )


def test_a_young_component_says_since_when_its_longer_figures_count(client: FlaskClient) -> None:
    api = make_component(age=10 * DAY)
    db.session.commit()

    page = client.get(f"/components/{api.public_id}").text
    assert "<dt>Last 7 days</dt><dd>100%</dd>" in page
    assert "<dt>Last 365 days</dt><dd>100%<small>since Fri 13 Nov</small></dd>" in page


def test_without_the_database_all_but_the_years_figure_stand(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    api = make_component()
    db.session.commit()
    app.extensions["sevenbells.page"].renew_now()

    def silent(*_asked: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(year, "read", silent)
    page = client.get(f"/components/{api.public_id}").text
    assert "Last 90 days" in page
    assert "Last 365 days" not in page
