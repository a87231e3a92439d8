"""The record of targets: on track, at risk, breached or met, kept for ever, said once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.actions import matrix, oncall_roles, targets
from incidents.console import sla_badges
from incidents.jobs import bells
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.policy.severity import SlaState
from incidents.records.actors import Actor
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import browser_of, entries, main_of, room
from tests.factories import a_person, an_incident
from tests.programs import Program

MONITOR = Actor("token", 1, "a monitor")


@pytest.fixture
def maya(app: Flask) -> Person:
    """On call; nobody else is told of anything."""
    maya = a_person("Maya")
    oncall_roles.assign("on_call_engineer", by=maya.as_actor(), tell=["person:maya@example.com"])
    for severity in ("P1", "P2"):
        matrix.change_levels(severity, by=maya.as_actor(), levels=[{"after_minutes": 0, "tell": ["on_call"]}])
    db.session.commit()
    return maya


def wind(clock: Any, **amount: float) -> None:
    clock.forward(**amount)
    db.session.commit()
    while bells.strike_due_bells():
        pass
    db.session.expire_all()


def notices() -> list[tuple[str, str]]:
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.purpose == outbox.NOTICE))
    return [(row.destination.split("@")[0], row.payload["subject"].partition(": ")[2]) for row in rows]


def states(incident: Incident) -> dict[str, str]:
    return {kind: str(targets.state_of(target)) for kind, target in targets.current(incident).items()}


def test_at_80_percent_it_is_at_risk_which_is_said_once_and_then_breached(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)

    wind(clock, minutes=11, seconds=59)
    assert states(incident) == {"respond": "on_track", "resolve": "on_track"}
    wind(clock, seconds=1)
    wind(clock, seconds=30)
    assert states(incident)["respond"] == "at_risk"
    assert notices() == [("maya", "3 min left to acknowledge it")]
    assert len(entries(incident, "target_at_risk")) == 1
    assert targets.current(incident)["respond"].at_risk_at == incident.declared_at + timedelta(minutes=12)

    wind(clock, minutes=3)
    wind(clock, minutes=3)
    assert states(incident)["respond"] == "breached"
    assert len(entries(incident, "target_missed")) == 1


def test_while_a_level_is_told_by_the_deadline_anyway_the_timeline_alone_says_so(maya: Person, clock: Any) -> None:
    lead = a_person("Lena")
    levels = [{"after_minutes": 0, "tell": ["on_call"]}, {"after_minutes": 15, "tell": [f"person:{lead.email}"]}]
    matrix.change_levels("P1", by=MONITOR, levels=levels)
    incident = an_incident(by=MONITOR)

    wind(clock, minutes=12)

    assert entries(incident, "target_at_risk")[0].detail["people"] == []
    assert notices() == []


def test_the_commander_hears_that_the_resolve_target_is_at_risk(maya: Person, clock: Any) -> None:
    ravi = a_person("Ravi")
    incident = an_incident(by=MONITOR, severity="P2")
    actions.acknowledge(incident, by=ravi.as_actor())
    for _ in range(12):  # ten hours of twelve; somebody writes each hour
        actions.add_note(incident, by=ravi.as_actor(), body="at it")
        wind(clock, minutes=50)

    assert states(incident)["resolve"] == "at_risk"
    assert [entry.detail["people"] for entry in entries(incident, "target_at_risk")] == [["Ravi"]]


def test_a_breach_of_the_response_does_not_end_the_watch_on_the_resolution(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)
    wind(clock, minutes=16)
    actions.acknowledge(incident, by=maya.as_actor())
    assert states(incident) == {"respond": "breached", "resolve": "on_track"}

    wind(clock, minutes=176)
    assert states(incident)["resolve"] == "at_risk"
    wind(clock, minutes=48)

    missed = [entry.detail["target"] for entry in entries(incident, "target_missed")]
    assert missed == ["respond", "resolve"]
    assert states(incident) == {"respond": "breached", "resolve": "breached"}


def test_a_target_that_was_missed_while_nobody_looked_was_never_at_risk(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)

    wind(clock, hours=2)

    assert entries(incident, "target_at_risk") == []
    assert [entry.detail["target"] for entry in entries(incident, "target_missed")] == ["respond"]


def test_a_notice_that_comes_late_does_not_say_that_the_clock_stood(maya: Person, clock: Any) -> None:
    an_incident(by=MONITOR)

    wind(clock, minutes=13)

    last = db.session.scalars(select(OutboxMessage).where(OutboxMessage.purpose == outbox.NOTICE)).one()
    assert "2 min left" in last.payload["subject"]
    assert "was not running" not in last.payload["text"]


def test_lowering_the_severity_unbreaches_nothing_not_even_by_way_of_no_target(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)
    wind(clock, hours=5)
    assert states(incident) == {"respond": "breached", "resolve": "breached"}

    for severity in ("P2", "P4", "P1"):
        actions.change_severity(incident, to=severity, by=maya.as_actor())

    assert states(incident) == {"respond": "breached", "resolve": "breached"}


def test_raising_the_severity_judges_by_the_earlier_deadline_at_once(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR, severity="P2")
    wind(clock, minutes=20)
    actions.acknowledge(incident, by=maya.as_actor())
    assert states(incident)["respond"] == "met"

    actions.change_severity(incident, to="P1", by=maya.as_actor())

    assert states(incident)["respond"] == "breached"  # taken after 20 min, and a P1 is to be taken within 15


def test_reopening_starts_a_new_record_and_keeps_the_old_one(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)
    wind(clock, minutes=20)
    actions.resolve(incident, by=maya.as_actor(), summary="Done", reason="quick")
    wind(clock, hours=1)
    actions.reopen(incident, by=maya.as_actor(), reason="Back")

    assert states(incident) == {"respond": "on_track", "resolve": "on_track"}
    assert targets.current(incident)["respond"].deadline_at == clock.moment + timedelta(minutes=15)
    before = [target for target in targets.history(incident) if not targets.counts(target, incident)]
    assert [(target.kind, targets.state_of(target)) for target in before] == [
        ("respond", SlaState.BREACHED),
        ("resolve", SlaState.MET),
    ]


def test_a_merged_incident_breaches_nothing_any_more(maya: Person, clock: Any) -> None:
    incident, other = an_incident(by=MONITOR), an_incident(by=MONITOR, title="Same")
    actions.merge(incident, into=other, by=maya.as_actor())

    wind(clock, days=1)

    assert states(incident) == {"respond": "met", "resolve": "met"}


def test_a_row_says_how_much_is_left_and_by_how_much_it_is_breached(maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)

    def badge() -> tuple[str, str] | None:
        found = sla_badges.of([incident]).get(incident.id)
        return (found.text, found.tone) if found else None

    assert badge() is None
    wind(clock, minutes=12)
    assert badge() == ("Acknowledge: 3 min left", "warn")
    wind(clock, minutes=8)
    assert badge() == ("Acknowledge: breached by 5 min", "bad")
    actions.acknowledge(incident, by=maya.as_actor())
    assert badge() is None
    wind(clock, minutes=180)
    assert badge() == ("Resolve: 40 min left", "warn")


def test_the_room_and_the_list_show_the_targets_and_what_they_replaced(
    app: Flask, maya: Person, client: FlaskClient, clock: Any
) -> None:
    browser, ravi = browser_of(app, "ravi")
    incident = an_incident(by=MONITOR, severity="P2")
    wind(clock, minutes=20)
    actions.change_severity(incident, to="P1", by=ravi.as_actor())

    page = main_of(browser.get(room(incident)))
    assert "Acknowledge by" in page
    assert "2 before" in page
    assert "P2: acknowledge by" in page
    assert "Acknowledge: breached by 5 min" in browser.get("/console/incidents").text
    assert "Acknowledge: breached by 5 min" in browser.get("/console/").text


def test_programs_read_both_targets_with_their_states(app: Flask, maya: Person, clock: Any) -> None:
    incident = an_incident(by=MONITOR)
    wind(clock, minutes=12)

    answer = Program(app).get(f"/incidents/{incident.ref}").get_json()

    assert answer["sla"]["respond"] == {
        "severity": "P1",
        "state": "at_risk",
        "started_at": "2026-11-23T02:14:00Z",
        "at_risk_at": "2026-11-23T02:26:00Z",
        "deadline_at": "2026-11-23T02:29:00Z",
        "met_at": None,
        "breached_at": None,
    }
    assert answer["sla"]["resolve"]["state"] == "on_track"
