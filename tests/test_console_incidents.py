"""The list of incidents with its filters, and declaring one."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents import actions
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in


def last_incident() -> Incident:
    return db.session.scalars(select(Incident).order_by(Incident.id.desc()).limit(1)).one()


def test_the_list_shows_open_ones_first_and_the_past_by_month(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    maya = make_person(zone="Europe/Berlin")
    old = an_incident(by=maya, severity="P3", title="Old trouble")
    actions.resolve(old, by=maya.as_actor(), summary="Fixed", reason="small")
    db.session.commit()
    an_incident(by=maya, severity="P3", title="New trouble")
    sign_in(client, maya)

    page = words(client.get("/console/incidents"))

    assert page.index("Open 1") < page.index("New trouble") < page.index("November 2026 1") < page.index("Old trouble")


def test_filters_stand_in_the_address(app: Flask, client: FlaskClient) -> None:
    maya = make_person()
    api = a_component("API")
    an_incident(by=maya, severity="P1", title="Database down")
    an_incident(by=maya, severity="P3", title="Slow answers", components={api: "degraded_performance"})
    sign_in(client, maya)

    def titles(query: str) -> list[str]:
        page = client.get(f"/console/incidents?{query}").text
        return [title for title in ("Database down", "Slow answers") if f">{title}</a>" in page]

    assert titles("severity=P3") == ["Slow answers"]
    assert titles(f"component={api}") == ["Slow answers"]
    assert titles("q=database") == ["Database down"]
    assert titles("q=api") == ["Slow answers"]
    assert titles("q=INC-1") == ["Database down"]
    assert titles("q=100%25") == []
    assert titles("severity=P9&days=never&before=x") == ["Database down", "Slow answers"]


def test_a_filter_that_fits_nothing_says_so(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    assert "No incident fits" in words(client.get("/console/incidents?q=nothing"))
    assert "No incidents in the last 90 days" in words(client.get("/console/incidents"))


def test_a_long_past_is_turned_page_by_page(app: Flask, client: FlaskClient) -> None:
    maya = make_person()
    for number in range(103):
        an_incident(by=maya, severity="P4", title=f"Past {number}", resolved_at=None)
    for incident in db.session.scalars(select(Incident)):
        actions.resolve(incident, by=maya.as_actor(), summary="Fixed", reason="small")
    db.session.commit()
    sign_in(client, maya)

    first = client.get("/console/incidents").text
    older = first.rpartition('href="/console/incidents?')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(f"/console/incidents?{older}").text

    assert first.count("data-row") == 100
    assert second.count("data-row") == 3


def test_declaring_needs_only_a_title_and_a_severity_and_opens_the_composer(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    answer = send(client, "/console/incidents/new", {"title": "AI provider rate limited", "severity": "P1"})

    incident = last_incident()
    assert answer.status_code == 303
    assert answer.location == f"/console/incidents/{incident.ref}?compose=1#update"
    assert incident.title == "AI provider rate limited"
    assert incident.components_answered is False
    assert '<details class="cmp" id="update" open>' in client.get(answer.location).text


def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    answer = send(
        client, "/console/incidents/new", {"title": "", "impact": "Nobody can sign in", "impact_started_at": "soon"}
    )

    assert answer.status_code == 422
    assert "Error: Declare incident" in answer.text
    assert 'href="#title"' in answer.text
    assert 'href="#severity"' in answer.text
    assert "Nobody can sign in" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Incident)) == 0


def test_a_time_that_is_no_time_is_said_beside_its_field(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    answer = send(client, "/console/incidents/new", {"title": "x", "severity": "P1", "impact_started_at": "soon"})

    assert answer.status_code == 422
    assert 'href="#impact_started_at"' in answer.text


def test_everything_declared_is_kept_with_times_of_the_declarers_zone(
    app: Flask, client: FlaskClient, clock: WoundClock
) -> None:
    sign_in(client, make_person(zone="Europe/Berlin"))
    api, web = a_component("API"), a_component("Web")
    db.session.commit()

    send(
        client,
        "/console/incidents/new",
        {
            "title": "  Database   down ",
            "severity": "P2",
            f"component-{api}": "major_outage",
            f"component-{web}": "",
            "impact": "Nobody can sign in",
            "impact_started_at": "2026-11-23T03:10",
            "detected_by": "A customer",
            "visibility": "internal",
        },
    )

    incident = last_incident()
    assert incident.title == "Database down"
    assert incident.impact_started_at is not None
    assert incident.impact_started_at.isoformat() == "2026-11-23T02:10:00+00:00"
    assert incident.detected_by == "A customer"
    assert incident.visibility == "internal"
    assert "API" in words(client.get(f"/console/incidents/{incident.ref}"))


def test_none_affected_is_an_answer(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())
    a_component("API")
    db.session.commit()

    send(client, "/console/incidents/new", {"title": "x", "severity": "P3", "none_affected": "1"})

    assert last_incident().components_answered is True


def test_a_security_matter_is_restricted_from_the_start(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())

    send(client, "/console/incidents/new", {"title": "Stolen keys", "severity": "P1", "security": "1"})
    ref = last_incident().ref
    other = sign_in(app.test_client(), make_person("jonas@example.com"))

    assert last_incident().visibility == "restricted"
    assert client.get(f"/console/incidents/{ref}").status_code == 200
    assert other.get(f"/console/incidents/{ref}").status_code == 404
    assert "Stolen" not in other.get(f"/console/incidents/{ref}").text


def test_a_double_click_declares_one_incident(app: Flask, client: FlaskClient, clock: WoundClock) -> None:
    sign_in(client, make_person())
    typed = {"title": "Database down", "severity": "P1"}

    first = send(client, "/console/incidents/new", typed)
    second = send(client, "/console/incidents/new", typed)
    clock.forward(seconds=11)
    asked = send(client, "/console/incidents/new", typed)
    send(client, "/console/incidents/new", {**typed, "different": "1"})

    assert asked.status_code == 409
    assert first.location == second.location
    assert db.session.scalar(select(func.count()).select_from(Incident)) == 2


def test_the_page_says_beforehand_whom_the_button_tells_and_when(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person(zone="Europe/Berlin"))
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    actions.matrix.change_levels(
        "P1",
        by=jonas.as_actor(),
        levels=[
            {"label": "Lead", "after_minutes": 0, "tell": ["person:jonas@example.com"]},
            {"label": "Everybody", "after_minutes": 15, "tell": ["responders"]},
        ],
    )
    db.session.commit()

    page = words(client.get("/console/incidents/new?severity=P1"))
    fragment = client.get("/console/incidents/new/consequences?severity=P1").text
    nothing = words(client.get("/console/incidents/new"))

    assert "Lead Jonas Weber now" in page
    assert "Everybody Jonas Weber, you, if not acknowledged 03:29" in page
    assert "Update due If acknowledged now, then every 30 min 03:44" in page
    assert "Declare and page Jonas Weber" in page
    assert 'hx-swap-oob="innerHTML">Declare and page Jonas Weber' in fragment
    assert "Choose how bad it is" in nothing


def test_the_page_to_declare_says_that_a_p3_wakes_nobody(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person())
    make_person("jonas@example.com", name="Jonas Weber")

    page = words(client.get("/console/incidents/new?severity=P3"))

    assert "P3 and P4 wake nobody: they come by e-mail and Slack, unless somebody asked for more." in page
    assert "Declare and page" not in page
    assert "wake nobody" not in words(client.get("/console/incidents/new?severity=P1"))


def test_an_open_incident_asks_whether_it_is_the_same(app: Flask, client: FlaskClient) -> None:
    maya = make_person()
    an_incident(by=maya, title="Database down")
    sign_in(client, maya)

    assert "Same problem?" not in words(client.get("/console/incidents/new"))
    asked = words(client.get("/console/incidents/new?title=The+database+is+down"))
    assert "Same problem? INC-1 Database down is already open, at detection." in asked
