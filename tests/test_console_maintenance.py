"""Maintenance in the console: planned, looked at before, changed, run and called off, with and without script."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.published import baselines
from incidents.published.baselines import set_baseline
from incidents.published.maintenances import Maintenance, MaintenanceSeries
from incidents.published.page_settings import change_page_settings
from incidents.records.audit import AuditEntry
from tests.factories_maintenance import make_series, make_work
from tests.factories_people import make_person, post, sign_in
from tests.factories_published import make_component

LIST = "/console/maintenance"
TYPED = {
    "title": "Storage moves",
    "body": "Reports are **read-only**.",
    "zone": "Europe/Berlin",
    "starts": "2026-11-24T22:00",
    "ends": "2026-11-24T23:30",
    "repeat": "once",
    "notify": "1",
}


@pytest.fixture
def responder(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_person("priya@example.com", role="responder"))


def only() -> Maintenance:
    db.session.expire_all()
    return db.session.scalars(select(Maintenance)).one()


def test_an_empty_list_says_what_to_do(responder: FlaskClient) -> None:
    page = responder.get(LIST).text
    assert "Nothing is planned" in page
    assert f'href="{LIST}/new"' in page


def test_it_is_planned_by_the_clock_of_the_place_that_was_named(responder: FlaskClient) -> None:
    api = make_component("API")
    answer = post(responder, LIST, {**TYPED, "components": [api.public_id]})
    work = only()
    assert (answer.status_code, answer.location) == (303, f"{LIST}/{work.public_id}")
    assert (f"{work.starts_at:%H:%M}", f"{work.ends_at:%H:%M}", work.components) == ("21:00", "22:30", [api.public_id])
    page = responder.get(answer.location).text
    assert "<strong>read-only</strong>" in page
    assert "Begin now" in page
    assert "Storage moves" in responder.get(LIST).text
    assert db.session.scalars(select(AuditEntry.what)).all()[-1] == "maintenance planned"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"title": ""}, "title", "Give it a title."),
        ({"ends": "2026-11-24T21:00"}, "ends", "It has to end after it begins."),
        ({"starts": "soon"}, "starts", "Say on which day and at what time it begins."),
        ({"starts": "0001-01-01T00:00"}, "starts", "Say on which day and at what time it begins."),
        ({"zone": "Europe/Atlantis"}, "zone", "Choose a zone from the list"),
        ({"repeat": "rule", "rule": "every tuesday"}, "rule", "Write the rule as in"),
        ({"repeat": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule", "never comes true"),
        ({"repeat": "now and then"}, "repeat", "Choose how it repeats."),
        ({"repeat": "weekly", "until": "2026-12-24", "times": "3"}, "times", "not both"),
        ({"repeat": "weekly", "until": "the end"}, "until", "Write the day as"),
        ({"repeat": "weekly", "times": "many"}, "times", "Give a whole number."),
        ({"repeat": "weekly", "until": "2020-01-01"}, "repeat", "never comes true"),
        ({"checklist_url": "javascript:alert(1)"}, "checklist_url", "Start the address with https://"),
        ({"verify_minutes": "-3"}, "verify_minutes", "Give a number of minutes"),
        ({"components": ["nowhere00000"]}, "components", "There is no component nowhere00000."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(
    responder: FlaskClient, typed: dict[str, Any], field: str, sentence: str
) -> None:
    answer = post(responder, LIST, {**TYPED, "body": "Kept words", **typed})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert sentence in answer.text
    assert "Kept words" in answer.text
    assert db.session.scalars(select(Maintenance)).all() == []


def test_a_choice_in_words_becomes_a_series_with_its_next_dates_shown_before(responder: FlaskClient) -> None:
    typed = {**TYPED, "repeat": "monthly_weekday"}
    shown = post(responder, f"{LIST}/preview", typed)
    assert "Tue 24 Nov 2026, 22:00 CET" in shown.text
    assert "Tue 22 Dec 2026, 22:00 CET" in shown.text
    assert "Tue 23 Mar 2027, 22:00 CET" in shown.text
    assert "Scheduled, planned Tue 24 Nov, 21:00 to 22:30 UTC" in shown.text
    assert 'value="Storage moves"' in shown.text
    assert db.session.scalars(select(Maintenance)).all() == []

    post(responder, LIST, typed)
    series = db.session.scalars(select(MaintenanceSeries)).one()
    assert (series.rule, series.zone) == ("FREQ=MONTHLY;BYDAY=4TU", "Europe/Berlin")
    assert "Every month on the fourth Tuesday, 22:00" in responder.get(LIST).text


def test_the_preview_alone_comes_to_the_script(responder: FlaskClient) -> None:
    db.session.commit()
    token = responder.get(f"{LIST}/new").text.split('name="csrf_token" value="')[1].split('"')[0]
    fragment = responder.post(
        f"{LIST}/preview",
        data={**TYPED, "csrf_token": token, "title": "<b>Bold</b>"},
        headers={"HX-Request": "true"},
    ).text
    assert "<html" not in fragment
    assert "&lt;b&gt;Bold&lt;/b&gt;" in fragment
    assert "What people will see" in fragment


def test_an_edit_moves_this_one_or_all_of_its_series(responder: FlaskClient) -> None:
    change_page_settings(zone="Europe/Berlin")
    first, second, *_ = (work.public_id for work in make_series())
    page = responder.get(f"{LIST}/{second}/edit").text
    assert 'value="2026-12-01T22:00"' in page
    assert '<option value="weekly" selected>' in page
    edited = {**TYPED, "repeat": "weekly", "starts": "2026-12-01T23:00", "ends": "2026-12-01T23:30"}

    post(responder, f"{LIST}/{second}", {**edited, "applies_to": "this"})
    by_id = {work.public_id: work for work in db.session.scalars(select(Maintenance))}
    assert f"{by_id[second].starts_at:%d %H:%M}" == "01 22:00"
    assert f"{by_id[first].starts_at:%d %H:%M}" == "24 21:00"

    everything = {**edited, "starts": "2026-11-24T21:00", "ends": "2026-11-24T22:00", "applies_to": "all"}
    assert post(responder, f"{LIST}/{first}", everything).status_code == 303
    db.session.expire_all()
    assert f"{by_id[first].starts_at:%d %H:%M}" == "24 20:00"
    assert f"{by_id[second].starts_at:%d %H:%M}" == "01 22:00"


def test_whoever_edits_an_older_version_is_told_so(responder: FlaskClient) -> None:
    work = make_work()
    db.session.commit()
    post(responder, f"{LIST}/{work.public_id}", {**TYPED, "version": str(work.version)})
    answer = post(responder, f"{LIST}/{work.public_id}", {**TYPED, "title": "Mine", "version": "1"})
    assert answer.status_code == 409
    assert "Somebody else has changed this maintenance meanwhile." in answer.text
    assert 'value="Mine"' in answer.text
    assert only().title == "Storage moves"


def test_it_is_run_by_hand_from_its_page(responder: FlaskClient, clock: Any) -> None:
    work = make_work(in_minutes=30)
    address = f"{LIST}/{work.public_id}"
    assert post(responder, f"{address}/beginning").status_code == 303
    assert only().state == "in_progress"
    assert post(responder, f"{address}/updates", {"body": "Half of it is done.", "notify": "1"}).status_code == 303
    assert "Half of it is done." in app_page(responder)
    assert post(responder, f"{address}/extension", {"minutes": "45"}).status_code == 303
    clock.forward(minutes=5)
    assert post(responder, f"{address}/verification").status_code == 303
    assert only().state == "verifying"
    assert post(responder, f"{address}/end").status_code == 303
    assert only().state == "completed"
    again = post(responder, f"{address}/end")
    assert (again.status_code, "It is over." in again.text) == (409, True)
    assert responder.get(f"{address}/edit").status_code == 404
    assert "Finish now" not in responder.get(address).text


def app_page(client: FlaskClient) -> str:
    return client.get("/").text


@pytest.mark.parametrize("minutes", ["", "0", "-5", "99999", "ten", "²", "1441"])
def test_a_strange_extension_is_refused(responder: FlaskClient, minutes: str) -> None:
    work = make_work(in_minutes=0)
    answer = post(responder, f"{LIST}/{work.public_id}/extension", {"minutes": minutes})
    assert answer.status_code == 422
    assert 'href="#minutes"' in answer.text


def test_an_empty_update_is_refused_beside_its_field(responder: FlaskClient) -> None:
    work = make_work(in_minutes=0)
    answer = post(responder, f"{LIST}/{work.public_id}/updates", {"body": " "})
    assert (answer.status_code, "Write what people should know." in answer.text) == (422, True)


def test_cancelling_asks_first_and_says_why(responder: FlaskClient) -> None:
    work = make_work("Storage moves")
    address = f"{LIST}/{work.public_id}/cancellation"
    assert "subscribers are told" in responder.get(address).text
    assert post(responder, address, {"body": "Not needed any more."}).status_code == 303
    assert only().state == "cancelled"
    assert "Not needed any more." in responder.get(f"{LIST}/{work.public_id}").text
    assert post(responder, address, {"body": "Again."}).status_code == 409


def test_a_series_is_called_off_whole(responder: FlaskClient) -> None:
    first = make_series()[0].public_id
    post(responder, f"{LIST}/{first}/cancellation", {"applies_to": "all"})
    assert only().state == "cancelled"
    assert post(responder, f"{LIST}/{first}/cancellation", {"applies_to": "all"}).status_code == 409


def test_a_viewer_looks_and_acts_not(app: Flask, clock: Any) -> None:
    work = make_work(in_minutes=0)
    viewer = sign_in(app.test_client(), make_person("amira@example.com", role="viewer"))
    page = viewer.get(f"{LIST}/{work.public_id}").text
    assert "Finish now" not in page
    assert viewer.get(f"{LIST}/new").status_code == 403
    assert post(viewer, f"{LIST}/{work.public_id}/end").status_code == 403


def test_unknown_ones_are_missing(responder: FlaskClient) -> None:
    for path in ("", "/edit", "/cancellation"):
        assert responder.get(f"{LIST}/nowhere00000{path}").status_code == 404


def test_what_is_over_is_found_page_by_page(responder: FlaskClient) -> None:
    for number in range(25):
        make_work(f"Past {number:02d}", in_minutes=-60 * (number + 2), lasts=30)
    first = responder.get(LIST).text
    assert "Past 00" in first
    assert "Past 24" not in first
    older = first.split(f'href="{LIST}?before=')[1].split('"')[0]
    assert "Past 24" in responder.get(f"{LIST}?before={older}").text
    assert responder.get(f"{LIST}?before=nonsense").status_code == 200


def test_the_frame_shows_maintenance_as_the_page_does(responder: FlaskClient, clock: Any) -> None:
    api = make_component("API")
    make_work(in_minutes=0, lasts=30, components=[api.public_id])
    assert (
        "Maintenance shows it as maintenance" in responder.get(f"/console/status-page/components/{api.public_id}").text
    )
    clock.forward(minutes=30)
    db.session.commit()
    assert "shows it as" not in responder.get(f"/console/status-page/components/{api.public_id}").text


# -- by whom and why a component was set -------------------------------------------------------------------------------


def test_who_set_a_component_and_why_is_kept_for_colleagues_alone(responder: FlaskClient) -> None:
    api = make_component("API")
    address = f"/console/status-page/components/{api.public_id}"
    post(responder, f"{address}/status", {"status": "degraded_performance", "reason": "The vendor is slow"})
    page = responder.get(address).text
    assert "The vendor is slow" in page
    assert "priya" in page.lower()
    public = responder.get("/").text + responder.get("/api/v2/components.json").text
    assert "vendor is slow" not in public
    too_long = post(responder, f"{address}/status", {"status": "operational", "reason": "x" * 301})
    assert (too_long.status_code, "Keep the reason under 301" in too_long.text) == (422, True)


def test_the_same_status_again_is_no_history(app: Flask, clock: Any) -> None:
    api = make_component("API")
    set_baseline(api, "major_outage", by_name="Maya", reason="Fire")
    set_baseline(api, "major_outage", by_name="Priya")
    newest, first = baselines.baseline_history(api)
    assert (newest.status, newest.by_name, newest.reason) == ("major_outage", "Maya", "Fire")
    assert first.status == "operational"


def test_an_admin_says_since_when_a_component_is_in_service(client: FlaskClient) -> None:
    admin = sign_in(client, make_person("maya@example.com", role="admin"))
    api = make_component("API")
    address = f"/console/status-page/components/{api.public_id}"
    typed = {"name": "API", "shown": "1", "showcase": "1", "only_if_degraded": "1", "start_date": "2026-10-01"}
    assert post(admin, address, typed).status_code == 303
    db.session.expire_all()
    assert (str(api.starts_on), api.only_if_degraded, api.is_showcased) == ("2026-10-01", True, True)
    for wrong in ("1999-01-01", "2099-01-01", "soon"):
        answer = post(admin, address, {**typed, "start_date": wrong})
        assert (answer.status_code, 'href="#start_date"' in answer.text) == (422, True), wrong
