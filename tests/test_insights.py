"""Insights as people and programs get them: the page, its files, reviews, the API and /metrics."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.actions import action_items, oncall_roles
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import browser_of, main_of
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in
from tests.on_call import a_rotation
from tests.programs import Program

PAGE = "/console/insights"


def over(clock: WoundClock, by: Person, *, answered: int = 5, lasts: int = 60, **more: Any) -> Incident:
    """One that was acknowledged and resolved after so many minutes; the clock stands at its end."""
    incident = an_incident(by=by, **more)
    clock.forward(minutes=answered)
    actions.acknowledge(incident, by=by.as_actor())
    clock.forward(minutes=lasts - answered)
    actions.resolve(incident, by=by.as_actor(), summary="Mended.", reason="it was quick", cause="deployment")
    db.session.commit()
    return incident


def figures_of(text: str) -> dict[str, str]:
    """The four figures with what stands beneath each, as plain text."""
    found = re.search(r'<dl class="figs">(.*?)</dl>', text, re.DOTALL)
    assert found
    each = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", found[1], re.DOTALL)
    return {label: " ".join(re.sub(r"<[^>]+>", " ", told).split()) for label, told in each}


def table_of(client: FlaskClient, name: str, query: str = "") -> list[list[str]]:
    answer = client.get(f"{PAGE}?format=csv&table={name}{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_four_figures_stand_beside_their_goals_and_what_they_were_before(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    over(clock, maya, answered=20)
    clock.forward(days=40)
    for minutes in (4, 5, 6, 10):
        over(clock, maya, answered=minutes)
    over(clock, maya, answered=1, lasts=2, severity="P4")
    an_incident(by=maya, is_drill=True)
    client = sign_in(app.test_client(), maya)

    page = client.get(f"{PAGE}?period=30")

    assert figures_of(page.text) == {
        "Time to acknowledge": "5 min P1 and P2, median of 4. 90 % within 10 min. Was 20 min.",
        "Time to resolve": "1 h P1 and P2, median of 4. 90 % within 1 h. Was 1 h.",
        "Answered in time": "100% 5 of 5. Goal 95%, was 0%.",
        "Updates on time": "None yet Goal 90%, none in the period before.",
    }
    assert "5 incidents. Compared with the 30 days before, which had 1. Left out: 1 drill." in page.text
    assert "5 weeks: 4 P1, 1 P4. Most in the week of 28 Dec: 5." in page.text


def test_incidents_that_went_every_wrong_way_are_told_truthfully(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    by = maya.as_actor()
    twice = over(clock, maya, answered=5, lasts=60)
    for _ in range(2):
        actions.reopen(twice, by=by, reason="It is back.")
        clock.forward(minutes=60)
        actions.resolve(twice, by=by, summary="Mended again.", reason="it was quick")
    merged = an_incident(by=maya, severity="P2")
    open_one = an_incident(by=maya, severity="P2", impact_started_at=clock() - timedelta(minutes=3))
    actions.merge(merged, into=open_one, by=by)
    an_incident(by=maya, severity="P3", detected_at=clock() - timedelta(hours=3), resolved_at=clock())
    never_taken = an_incident(by=maya, severity="P3")
    clock.back(minutes=30)
    actions.resolve(never_taken, by=by, summary="Gone by itself.", reason="nobody did anything")
    wrong = an_incident(by=maya, severity="P4")
    actions.resolve(wrong, by=by, reason="a test", outcome="false_alarm")
    db.session.commit()

    heads, *rows = table_of(client, "lengths")

    assert heads[:4] == ["Time to", "n", "Median (seconds)", "90th percentile (seconds)"]
    told = {row[0]: [*row[1:4], *row[6:]] for row in rows}  # n, median, p90, pending, not applicable, invalid
    assert told == {
        "Detect": ["1", "180", "180", "3", "0", "0"],
        "Acknowledge": ["1", "300", "300", "1", "2", "0"],
        "First communicate": ["0", "", "", "1", "3", "0"],
        "Mitigate": ["0", "", "", "1", "3", "0"],
        "Resolve": ["2", "10800", "10800", "1", "0", "1"],
    }
    assert "4 incidents. Compared" in client.get(PAGE).text
    assert "Left out: 1 false alarm, 1 merged incident." in client.get(PAGE).text


def test_a_restricted_incident_is_counted_only_for_who_may_see_it(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    jonas = sign_in(app.test_client(), make_person("jonas@example.com", role="admin"))
    over(clock, maya, title="Leaked credentials", is_security=True)
    over(clock, maya, title="Slow search")

    for path in (f"{PAGE}/reviews/2026-W48", f"{PAGE}?format=csv", f"{PAGE}?format=json"):
        assert "Leaked credentials" in client.get(path).text
        assert "Leaked credentials" not in main_of(jonas.get(path)) + jonas.get(path).text.partition("<html")[0]
    assert "2 incidents" in main_of(client.get(PAGE))
    assert "1 incident." in main_of(jonas.get(PAGE))
    assert Program(app, scope="read").get("/insights").get_json()["incidents"] == 1


def test_filters_narrow_every_figure_and_stand_in_every_link(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    api = a_component("API")
    over(clock, maya, severity="P1", components={api: "major_outage"})
    over(clock, maya, severity="P3")

    page = client.get(f"{PAGE}?severity=P1&component={api}&since=2026-11-23&until=2026-11-23").text

    assert "23 Nov 2026 to 23 Nov 2026, 1 incident." in page
    assert figures_of(page)["Time to acknowledge"].startswith("5 min P1, median of 1.")
    linked = f"since=2026-11-23&until=2026-11-23&severity=P1&component={api}&table=severities&format=csv"
    assert linked in page.replace("&amp;", "&")
    assert [row[:2] for row in table_of(client, "severities", "&severity=P3")[1:]] == [
        ["P1", "0"],
        ["P2", "0"],
        ["P3", "1"],
        ["P4", "0"],
    ]
    assert "No incidents from" in client.get(f"{PAGE}?cause=capacity").text
    assert "No incidents from" in client.get(f"{PAGE}?tag=Nobody+uses+this").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2026-11-31", "Give a day, such as 2026-11-23."),
        ("since=2026-11-23&until=2026-11-22", "This day is before the first one."),
        ("until=0001-01-01", "Give a day between 2000 and next year."),
    ],
)
def test_days_that_cannot_be_are_told(app: Flask, query: str, said: str) -> None:
    client, _maya = browser_of(app)

    answer = client.get(f"{PAGE}?{query}")

    assert (answer.status_code, said in answer.text) == (422, True)
    assert client.get(f"{PAGE}?format=csv&{query}").status_code == 404


def test_no_cell_of_a_file_is_a_formula_and_every_table_is_there_twice(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    component = a_component("=HYPERLINK(1)")
    over(clock, maya, title="=1+1", components={component: "major_outage"})

    linked = set(re.findall(r"table=([a-z-]+)&amp;format=csv", client.get(PAGE).text))

    assert len(linked) == 10
    for name in linked:
        csv_rows, told = table_of(client, name), client.get(f"{PAGE}?format=json&table={name}").get_json()
        assert len(csv_rows) == len(told["rows"]) + 1
    assert table_of(client, "components")[1] == ["'=HYPERLINK(1)", "1"]
    assert table_of(client, "incidents")[1][:7] == [
        *("INC-1", "'=1+1", "P1", "Deployment"),
        *("2026-11-23 02:14:00", "", "300"),
    ]
    assert client.get(f"{PAGE}?format=csv&table=nonsense").status_code == 404


def test_load_counts_hours_and_calls_by_each_persons_own_night(app: Flask, clock: WoundClock) -> None:
    maya = make_person(zone="Europe/Berlin")
    ken = make_person("ken@example.com", zone="Asia/Tokyo")
    client = sign_in(app.test_client(), maya)
    a_rotation(maya, ken, zone="Europe/Berlin")
    oncall_roles.assign("on_call", by=maya.as_actor(), tell=["rotation:1"])
    db.session.commit()
    clock.set(datetime(2026, 11, 23, 1, 0, tzinfo=UTC))  # 02:00 in Berlin, 10:00 in Tokyo; a week has passed
    an_incident(by=maya, severity="P1")
    false = an_incident(by=maya, severity="P1")
    actions.resolve(false, by=maya.as_actor(), reason="a test", outcome="false_alarm")
    an_incident(by=maya, severity="P1", is_drill=True)
    db.session.commit()

    _heads, *rows = table_of(client, "load", "&since=2026-11-16&until=2026-11-22")
    today = table_of(client, "load", "&since=2026-11-23")[1:]

    # each had days of 24 hours in turn, and eight of them at night wherever one lives
    assert [row[0] for row in rows] == ["Ken", "Maya"]
    assert [int(row[1]) + int(row[2]) > 0 for row in rows] == [True, True]
    assert (
        sum(int(row[1]) for row in rows) == 6 * 86400 + 16 * 3600
    )  # from 09:00 in Berlin to midnight in UTC, the page's zone
    assert sum(int(row[3]) for row in today) == 2
    called = next(row for row in today if row[3] == "2")
    assert called[3:] == (["2", "2", "1"] if called[0] == "Maya" else ["2", "0", "1"])


def test_a_review_tells_what_happened_and_what_is_late(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    incident = over(clock, maya, title="Payments fail")
    action_items.add(
        incident, title="Queue for batches", kind="prevent", owner=maya, due_on=date(2026, 11, 25), by=maya.as_actor()
    )
    an_incident(by=maya, title="A rehearsal", is_drill=True)
    clock.forward(days=7)
    client = sign_in(app.test_client(), maya)

    week, month = (main_of(client.get(f"{PAGE}/reviews/{name}")) for name in ("2026-W48", "2026-11"))

    for page in (week, month):
        assert "1 incident; 0 in the" in page
        assert "Payments fail" in page
        assert re.search(r"A rehearsal.*?<td>Drill</td>", page, re.DOTALL)
        late = page.partition("Post-mortems that are late today")[2]
        assert "Payments fail" in late
        assert "Queue for batches" in late
    assert "It is not over yet." in month
    assert "It is not over yet." not in week
    assert [client.get(f"{PAGE}/reviews/{name}").status_code for name in ("2026-W54", "2026-13", "x")] == [404] * 3


def test_programs_get_the_same_figures_in_seconds(app: Flask, clock: WoundClock) -> None:
    maya = make_person()
    over(clock, maya, answered=5, lasts=60)
    over(clock, maya, answered=7, lasts=30, severity="P2")
    program = Program(app, scope="read")

    found = program.get("/insights").get_json()

    assert found["acknowledge"] == {
        "n": 2,
        "median": 360,
        "p90": 420,
        "pending": 0,
        "not_applicable": 0,
        "invalid": 0,
    }
    assert (found["resolve"]["median"], found["by_severity"]["P1"]["resolve"]["median"]) == (2700, 3600)
    assert found["answered_in_time"] == {"met": 2, "of": 2}
    assert program.get("/insights?severity=P2&since=2026-11-01T00:00:00Z").get_json()["incidents"] == 1
    assert program.get("/insights?until=2026-11-01T00:00:00Z").get_json()["acknowledge"]["median"] is None
    rows = list(csv.reader(io.StringIO(program.get("/insights?format=csv").text)))
    assert ["", "acknowledge", "2", "360", "420", "0", "0", "0"] in rows
    backwards = program.get("/insights?since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z")
    assert backwards.status_code == 422


def test_prometheus_reads_histograms_that_the_tables_alone_make(
    environ: dict[str, str], app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya = make_person()
    for visible_by in (maya, maya):
        incident = over(clock, visible_by, answered=5, lasts=60)
        actions.post_update(incident, by=maya.as_actor(), body="It was brief.", audience="public")
    db.session.commit()
    wants = {"Accept": "application/openmetrics-text;version=1.0.0"}

    figures = client.get("/metrics", headers=wants).text

    assert figures.endswith("# EOF\n")
    for line in (
        'incidents_opened_total{severity="P1"} 2.0',
        'incident_time_to_ack_seconds_bucket{le="60.0",severity="P1"} 0.0',
        'incident_time_to_ack_seconds_bucket{le="300.0",severity="P1"} 2.0',
        'incident_time_to_ack_seconds_sum{severity="P1"} 600.0',
        'incident_time_to_resolve_seconds_bucket{le="3600.0",severity="P1"} 2.0',
        'incident_time_to_resolve_seconds_bucket{le="+Inf",severity="P4"} 0.0',
        'incident_time_to_resolve_seconds_count{severity="P1"} 2.0',
    ):
        assert line in figures, line
    third = over(clock, maya)
    actions.post_update(third, by=maya.as_actor(), body="It was brief.", audience="public")
    db.session.commit()
    assert 'incidents_opened_total{severity="P1"} 3.0' in client.get("/metrics", headers=wants).text


def test_the_page_asks_as_often_for_many_incidents_as_for_one(
    app: Flask, clock: WoundClock, count_queries: list[str]
) -> None:
    client, maya = browser_of(app)
    a_rotation(maya)
    over(clock, maya, components={a_component("API"): "major_outage"})
    paths = (PAGE, f"{PAGE}/reviews/2026-W48")

    def asked() -> list[int]:
        found = []
        for path in (*paths, *paths):  # the first round also says that the browser was seen
            count_queries.clear()
            assert client.get(path).status_code == 200
            found.append(len(count_queries))
        return found[2:]

    before = asked()
    for number in range(8):
        over(clock, maya, severity=f"P{number % 4 + 1}", components={a_component(f"Part {number}"): "major_outage"})

    assert asked() == before
    assert max(before) <= 60
