"""Announced work on the page and in every other form of it: a function of its times and the minute."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents.actions import maintenance
from incidents.kernel.database import db
from incidents.published import baselines, planning
from incidents.published import components as known
from incidents.published.page_settings import change_page_settings
from statuspage import contents, records_file, snapshot
from statuspage.renewer import Renewer
from tests.factories_maintenance import MAYA, make_series, make_work
from tests.factories_published import MAJOR, OPERATIONAL, make_component, make_update
from tests.test_statuspage import drawn, text_of

UNDER = "under_maintenance"
ATOM = "{http://www.w3.org/2005/Atom}"


def api(client: FlaskClient, name: str) -> Any:
    db.session.commit()
    answer = client.get(f"/api/v2/{name}.json")
    assert answer.status_code == 200
    return json.loads(answer.data)


def listed(client: FlaskClient, name: str) -> list[tuple[str, str]]:
    return [(each["name"], each["status"]) for each in api(client, name)["scheduled_maintenances"]]


def events(client: FlaskClient) -> list[Any]:
    db.session.commit()
    answer = client.get("/maintenance.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    return list(icalendar.Calendar.from_ical(answer.data).walk("VEVENT"))


def entries(client: FlaskClient) -> list[Any]:
    db.session.commit()
    return list(ET.fromstring(client.get("/history.atom").data).iter(f"{ATOM}entry"))


# -- the page ----------------------------------------------------------------------------------------------------------


def test_it_stands_below_the_components_then_above_them_then_in_the_history(client: FlaskClient, clock: Any) -> None:
    change_page_settings(zone="Europe/Berlin")
    billing = make_component("Billing System")
    make_component("API")
    clock.set(datetime(2026, 11, 25, 20, 59, 40, tzinfo=UTC))
    work = make_work("Database minor version upgrade", in_minutes=0.4, lasts=90, components=[billing.public_id])

    clock.set(datetime(2026, 11, 25, 20, 59, 59, tzinfo=UTC))
    text = text_of(client)
    assert "All systems operational" in text
    assert "Scheduled maintenance Calendar Wed 25 Nov 22:00 to 23:30 CET 21:00 to 22:30 UTC" in text

    clock.set(datetime(2026, 11, 25, 21, 0, tzinfo=UTC))
    text = text_of(client)
    assert "Maintenance in progress Billing System is under maintenance. Everything else is working normally." in text
    assert "In progress, planned Wed 25 Nov, 22:00 to 23:30 CET (21:00 to 22:30 UTC)" in text
    assert "Scheduled maintenance" not in text

    clock.set(datetime(2026, 11, 25, 22, 30, tzinfo=UTC))
    text = text_of(client)
    assert "All systems operational" in text
    assert "Database minor" not in text
    assert "Database minor version upgrade" in text_of(client, "/history")
    own = text_of(client, f"/maintenances/{work.public_id}")
    assert "Completed after 1 h 30 min." in own
    assert own.index("The maintenance is over.") < own.index("The maintenance has begun.") < own.index("read-only")


def test_what_was_called_off_says_so_until_its_time(client: FlaskClient, clock: Any) -> None:
    work = make_work("Storage moves", in_minutes=60, lasts=60)
    maintenance.cancel(work, by=MAYA, body="The vendor has withdrawn the version.")
    text = text_of(client)
    assert "Storage moves Cancelled" in text
    assert "withdrawn the version" in text_of(client, f"/maintenances/{work.public_id}")
    clock.forward(hours=3)
    assert "Storage moves" not in text_of(client)


def test_moved_work_shows_both_times(client: FlaskClient, clock: Any) -> None:
    work = make_work(in_minutes=60, lasts=60)
    planning.move(work, starts_at=work.starts_at + timedelta(days=1), ends_at=work.ends_at + timedelta(days=1))
    own = text_of(client, f"/maintenances/{work.public_id}")
    assert "New time: Tue 24 Nov, 03:14 to 04:14 UTC. Before: Mon 23 Nov, 03:14 to 04:14 UTC." in own


def test_what_outlasts_its_plan_says_for_how_long(client: FlaskClient, clock: Any) -> None:
    make_work(in_minutes=0, lasts=30, ends_by_itself=False)
    clock.forward(minutes=42)
    assert "Planned to end at 02:44 UTC, 12 min over" in text_of(client)


def test_a_series_is_one_line_with_the_days_that_follow(client: FlaskClient, clock: Any) -> None:
    make_series()
    text = text_of(client)
    assert text.count("Weekly upgrades") == 1
    assert "Repeats every week on Tuesday by the clock of Europe/Berlin. Then Tue 1 Dec and Tue 8 Dec." in text


def test_only_five_stand_on_the_first_page(client: FlaskClient, clock: Any) -> None:
    for number in range(8):
        make_work(f"Work {number}", in_minutes=60 + number)
    text = text_of(client)
    assert "Work 4" in text
    assert "Work 5" not in text
    assert "3 more in the calendar." in text


def test_an_incident_is_worse_than_maintenance_and_both_are_told(client: FlaskClient, clock: Any) -> None:
    one, other = make_component("API"), make_component("Web")
    make_work(in_minutes=0, components=[one.public_id, other.public_id])
    make_update(1, components={one.public_id: MAJOR})
    shown = {each.name: each.status for each in drawn(clock).components}
    assert shown == {"API": MAJOR, "Web": UNDER}
    assert "The service is down API is down. Web is under maintenance." in text_of(client)


def test_nothing_stays_stuck_when_it_ends_or_its_component_goes(client: FlaskClient, clock: Any) -> None:
    one, other = make_component("API"), make_component("Web")
    work = make_work(in_minutes=0, components=[one.public_id, other.public_id])
    known.delete_component(other)
    assert drawn(clock).state == UNDER
    maintenance.cancel(work, by=MAYA)
    assert drawn(clock).state == OPERATIONAL


def test_work_that_names_no_component_is_seen_in_the_headline(client: FlaskClient, clock: Any) -> None:
    make_component("API")
    make_work(in_minutes=0)
    text = text_of(client)
    assert "Maintenance in progress" in text
    assert "We are looking into" not in text


def test_what_is_not_public_names_nothing_of_it(client: FlaskClient, clock: Any) -> None:
    hidden = make_component("Secret engine", shown=False)
    make_work(in_minutes=0, components=[hidden.public_id], checklist_url="https://intranet.example.com/secret-list")
    db.session.commit()
    for path in ("/", "/history.atom", "/api/v2/summary.json", "/maintenance.ics"):
        answer = client.get(path).text
        assert "Secret engine" not in answer
        assert hidden.public_id not in answer
        assert "secret-list" not in answer


def test_an_unknown_maintenance_is_missing(client: FlaskClient) -> None:
    for path in ("/maintenances/abcdefabcdef", "/maintenances/x", "/maintenances/../etc"):
        assert client.get(path).status_code == 404


def test_hostile_words_stay_words(client: FlaskClient, clock: Any) -> None:
    nasty = "]]><script>alert(1)</script>\u202eevil\x00\x0b\ud800 BEGIN:VEVENT\r\nSUMMARY:x"
    work = make_work(nasty, body=f"<img src=x onerror=alert(1)> {nasty}", in_minutes=0)
    db.session.commit()
    for path in ("/", f"/maintenances/{work.public_id}", "/history"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page.replace('<img src="data:', "")
    assert len(entries(client)) == 1
    assert len(events(client)) == 1
    assert "evil" in str(events(client)[0]["SUMMARY"])
    json.loads(client.get("/api/v2/summary.json").data)


# -- uptime ------------------------------------------------------------------------------------------------------------


def test_maintenance_leaves_both_sides_of_the_fraction(app: Flask, clock: Any) -> None:
    one = make_component("API", age=timedelta(hours=10))
    make_work(in_minutes=-300, lasts=120, components=[one.public_id])
    make_update(1, components={one.public_id: MAJOR}, at=clock() - timedelta(hours=1))
    # 10 h seen, 2 h of them maintenance, 1 h down: 7 of 8
    component = drawn(clock).components[0]
    assert component.uptime == Decimal("87.50")


def test_an_outage_during_maintenance_counts_by_the_worst(app: Flask, clock: Any) -> None:
    one = make_component("API", age=timedelta(hours=10))
    make_work(in_minutes=-300, lasts=120, components=[one.public_id])
    make_update(1, components={one.public_id: MAJOR}, at=clock() - timedelta(hours=4))
    make_update(1, status="resolved", at=clock() - timedelta(hours=3))
    # of 10 h one is maintenance alone, and one is down: 8 of 9
    assert drawn(clock).components[0].uptime == Decimal("88.88")


def test_what_is_still_to_come_changes_no_bar(client: FlaskClient, clock: Any) -> None:
    one = make_component("API")
    make_work(in_minutes=60, components=[one.public_id])
    before = client.get("/").text
    assert "f-mnt" not in re.sub(r"<style>.*?</style>", "", before, flags=re.DOTALL)
    clock.forward(minutes=60)
    db.session.commit()
    assert "f-mnt" in re.sub(r"<style>.*?</style>", "", client.get("/").text, flags=re.DOTALL)


def test_a_day_of_maintenance_leads_to_what_was_done(client: FlaskClient, clock: Any) -> None:
    one = make_component("API")
    work = make_work(in_minutes=-2000, lasts=30, components=[one.public_id])
    db.session.commit()
    day = (clock() - timedelta(minutes=2000)).date()
    assert f'href="/components/{one.public_id}#{day}"' in client.get("/").text
    assert f'href="/maintenances/{work.public_id}"' in client.get(f"/components/{one.public_id}").text


def test_a_day_before_the_component_began_is_grey_whenever_it_was_added(app: Flask, clock: Any) -> None:
    change_page_settings(zone="Europe/Berlin")
    late = make_component("Late", age=timedelta(days=60), starts_on=clock().date() - timedelta(days=5))
    early = make_component("Early", age=timedelta(days=1), starts_on=clock().date() - timedelta(days=400))
    baselines.set_baseline(late, MAJOR, clock() - timedelta(days=10))
    baselines.set_baseline(late, OPERATIONAL, clock() - timedelta(days=8))
    by_name = {each.name: each for each in drawn(clock).components}
    assert [day.worst for day in by_name["Late"].days].count(None) == 84
    assert by_name["Late"].uptime == 100
    assert None not in [day.worst for day in by_name[early.name].days]
    ahead = make_component("Ahead", starts_on=clock().date() + timedelta(days=3))
    assert {each.name: each.uptime for each in drawn(clock).components}[ahead.name] is None


# -- components --------------------------------------------------------------------------------------------------------


def test_showcase_and_only_if_degraded_say_what_the_page_lists(client: FlaskClient, clock: Any) -> None:
    plain = make_component("Plain", showcase=False)
    rare = make_component("Rare", only_if_degraded=True)
    db.session.commit()
    page = client.get("/").text
    assert f"/components/{plain.public_id}" in page
    assert "90 days:" not in page
    assert "Rare" not in page
    by_name = {each["name"]: each for each in api(client, "components")["components"]}
    assert (by_name["Plain"]["showcase"], by_name["Rare"]["only_show_if_degraded"]) == (False, True)
    baselines.set_baseline(rare, MAJOR)
    assert "Rare" in text_of(client)


def test_a_component_has_exactly_the_keys_that_readers_know(client: FlaskClient, clock: Any) -> None:
    make_component("API", starts_on=datetime(2020, 5, 17, tzinfo=UTC).date())
    (one,) = api(client, "components")["components"]
    assert list(one) == [
        "id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date",
        "group_id", "page_id", "group", "only_show_if_degraded",
    ]  # fmt: skip
    assert one["start_date"] == "2020-05-17"


def test_a_heading_says_the_worst_of_what_stands_under_it(client: FlaskClient, clock: Any) -> None:
    group = known.add_group("Core")
    one = make_component("API", group=group)
    make_component("Web", group=group)
    assert "Core Operational" not in text_of(client)
    baselines.set_baseline(one, MAJOR)
    assert "Core Major outage 100% API" in text_of(client)


# -- programs ----------------------------------------------------------------------------------------------------------


def test_programs_read_it_in_the_shape_they_know(client: FlaskClient, clock: Any) -> None:
    one = make_component("API")
    work = make_work(in_minutes=60, lasts=60, components=[one.public_id])
    assert listed(client, "scheduled-maintenances/upcoming") == [("Database upgrade", "scheduled")]
    assert listed(client, "scheduled-maintenances/active") == []
    (told,) = api(client, "summary")["scheduled_maintenances"]
    assert list(told) == [
        "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink",
        "started_at", "page_id", "incident_updates", "components", "scheduled_for", "scheduled_until",
    ]  # fmt: skip
    assert (told["impact"], told["scheduled_for"]) == ("maintenance", "2026-11-23T03:14:00.000Z")
    assert told["shortlink"].endswith(f"/maintenances/{work.public_id}")
    assert [each["status"] for each in told["incident_updates"]] == ["scheduled"]

    clock.forward(minutes=60)
    assert listed(client, "scheduled-maintenances/active") == [("Database upgrade", "in_progress")]
    (told,) = api(client, "summary")["scheduled_maintenances"]
    changes = told["incident_updates"][0]["affected_components"]
    assert [(each["old_status"], each["new_status"]) for each in changes] == [(OPERATIONAL, UNDER)]
    assert api(client, "status")["status"] == {"indicator": "maintenance", "description": "Service Under Maintenance"}

    clock.forward(minutes=60)
    assert api(client, "summary")["scheduled_maintenances"] == []
    (told,) = api(client, "scheduled-maintenances")["scheduled_maintenances"]
    assert (told["status"], told["resolved_at"]) == ("completed", "2026-11-23T04:14:00.000Z")
    assert [each["status"] for each in told["incident_updates"]] == ["completed", "in_progress", "scheduled"]


def test_what_nobody_wrote_keeps_its_id(client: FlaskClient, clock: Any) -> None:
    make_work(in_minutes=0)
    first = api(client, "summary")["scheduled_maintenances"][0]["incident_updates"]
    clock.forward(minutes=30)
    second = api(client, "summary")["scheduled_maintenances"][0]["incident_updates"]
    assert [each["id"] for each in first] == [each["id"] for each in second]
    assert all(re.fullmatch(r"[a-z0-9]{12}", each["id"]) for each in first)


def test_the_bytes_for_programs_change_when_it_begins_and_not_before(client: FlaskClient, clock: Any) -> None:
    make_component("API")
    make_work(in_minutes=2)
    db.session.commit()

    def tags() -> list[str]:
        return [
            client.get(path).headers["ETag"] for path in ("/api/v2/summary.json", "/history.atom", "/maintenance.ics")
        ]

    before = tags()
    clock.forward(minutes=1)
    assert tags() == before
    clock.forward(minutes=1)
    summary, feed, calendar = tags()
    assert summary != before[0]
    assert feed != before[1]
    assert calendar == before[2]


def test_the_feed_tells_of_it_and_of_a_series_once(client: FlaskClient, clock: Any) -> None:
    make_series()
    work = make_work("Storage moves", in_minutes=0)
    db.session.commit()
    found = {entry.findtext(f"{ATOM}title"): entry for entry in entries(client)}
    assert sorted(map(str, found)) == ["Storage moves", "Weekly upgrades"]
    entry = found["Storage moves"]
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.attrib["href"].endswith(f"/maintenances/{work.public_id}")
    assert "<strong>In progress</strong>" in (entry.findtext(f"{ATOM}content") or "")
    rss = ET.fromstring(client.get("/history.rss").data)
    assert {each.findtext("title") for each in rss.iter("item")} == {"Storage moves", "Weekly upgrades"}


def test_the_calendar_keeps_its_ids_and_counts_changes(client: FlaskClient, clock: Any) -> None:
    work = make_work(in_minutes=600, body="Read-only, **5 minutes**.")
    (event,) = events(client)
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (
        f"maintenance-{work.public_id}@127.0.0.1",
        0,
        "CONFIRMED",
    )
    assert event.decoded("DTSTART") == work.starts_at
    assert str(event["DESCRIPTION"]) == "Read-only, 5 minutes."
    clock.forward(minutes=1)
    planning.move(work, starts_at=work.starts_at + timedelta(hours=1), ends_at=work.ends_at + timedelta(hours=1))
    maintenance.cancel(work, by=MAYA)
    (changed,) = events(client)
    assert (changed["UID"], changed["SEQUENCE"], changed["STATUS"]) == (event["UID"], 2, "CANCELLED")
    assert changed.decoded("LAST-MODIFIED") == clock()


def test_an_empty_calendar_is_one(client: FlaskClient) -> None:
    assert events(client) == []
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in client.get("/maintenance.ics").data


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_neither_queries_nor_pages_grow_with_the_past(app: Flask, clock: Any, count_queries: list[str]) -> None:
    make_work(in_minutes=60)
    drawn(clock)
    count_queries.clear()
    drawn(clock)
    few = len(count_queries)
    for number in range(120):
        make_work(f"Past {number}", in_minutes=-60 * 24 * (100 + number), lasts=30)
    db.session.commit()
    count_queries.clear()
    picture = drawn(clock)
    assert len(count_queries) == few
    assert len(picture.told.works) == 50
    prepared = [sheet.name for sheet in contents.sheets(picture, base="http://127.0.0.1:8000")]
    assert len([name for name in prepared if name.startswith("maintenance ")]) == 1


def test_old_work_is_found_by_its_address_and_in_its_month(client: FlaskClient, clock: Any) -> None:
    old = make_work("Years ago", in_minutes=-60 * 24 * 700)
    for number in range(60):
        make_work(f"Past {number}", in_minutes=-60 * 24 * (100 + number))
    assert "Years ago" in text_of(client, f"/maintenances/{old.public_id}")
    assert "Years ago" in text_of(client, f"/history/{old.starts_at:%Y-%m}")


def test_the_records_come_back_from_their_file_as_they_were(app: Flask, clock: Any) -> None:
    one = make_component("API", starts_on=clock().date())
    planning.move(
        make_work(components=[one.public_id]),
        starts_at=clock() + timedelta(hours=9),
        ends_at=clock() + timedelta(hours=10),
    )
    make_series()
    records = drawn(clock).records
    assert records_file.from_json(records_file.as_json(records)) == records


def test_it_begins_on_time_with_the_database_away(app: Flask, clock: Any, tmp_path: Any) -> None:
    one = make_component("API")
    make_work(in_minutes=30, components=[one.public_id])
    db.session.commit()
    renewer = Renewer(db.engine, tmp_path / "page", base="http://127.0.0.1:8000")
    renewer.renew_now()
    assert renewer.picture is not None
    clock.forward(minutes=30)
    later = snapshot.draw(renewer.picture.told, clock())
    assert later.state == UNDER


@pytest.mark.parametrize("path", ["/maintenance.ics", "/maintenances/"])
def test_it_belongs_to_the_page_where_that_has_a_host_of_its_own(path: str) -> None:
    from statuspage.frontdoor import _PUBLIC

    assert path.startswith(_PUBLIC)
