"""Acknowledging, judging, calling in, snoozing, agreeing: the acts of whoever answers."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from incidents import actions
from incidents.actions import matrix
from incidents.kernel.database import db
from incidents.records.people import Person
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person


def test_acknowledging_has_one_button_takes_the_incident_and_leads_to_the_room(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    page = client.get(f"{room(incident)}/acknowledgement")

    answer = act(client, f"{room(incident)}/acknowledgement")

    assert main_of(page).count("<button") == 1
    assert (answer.status_code, answer.location) == (303, room(incident))
    assert incident.is_acknowledged
    assert incident.step == "triage"


def test_a_double_click_acknowledges_once_for_the_first_person_and_for_a_second(app: Flask) -> None:
    jonas, maya = browser_of(app, "jonas"), browser_of(app)
    incident = an_incident(by=maya[1])
    for client, _ in (jonas, maya):
        form = opened(client, f"{room(incident)}/acknowledgement")
        assert send(client, f"{room(incident)}/acknowledgement", form).status_code == 303
        assert send(client, f"{room(incident)}/acknowledgement", form).status_code == 303

    assert [entry.by_name for entry in entries(incident, "acknowledged")] == ["Jonas", "Maya"]


def test_an_acknowledgement_is_taken_back_once_and_the_reason_is_kept(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    form = opened(client, f"{room(incident)}/acknowledgement", holding="take_back")

    answers = [send(client, f"{room(incident)}/acknowledgement", form, reason="Wrong team") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert not incident.is_acknowledged
    assert [entry.body for entry in entries(incident, "acknowledgement_taken_back")] == ["Wrong team"]


def test_an_acknowledgement_by_somebody_else_meanwhile_is_not_taken_back_unseen(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    form = opened(client, f"{room(incident)}/acknowledgement", holding="take_back")
    clock.forward(minutes=1)
    actions.take_back_acknowledgement(incident, by=maya.as_actor())
    actions.acknowledge(incident, by=jonas.as_actor())

    answer = send(client, f"{room(incident)}/acknowledgement", form, reason="Wrong team")

    assert answer.status_code == 409
    assert "Somebody else has acknowledged it meanwhile." in answer.text
    assert "Wrong team" in answer.text
    assert incident.is_acknowledged


def test_what_is_over_cannot_be_acknowledged(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    form = opened(client, f"{room(incident)}/acknowledgement")
    actions.resolve(incident, by=maya.as_actor(), summary="Fixed", reason="quick")

    answer = send(client, f"{room(incident)}/acknowledgement", form)

    assert answer.status_code == 409
    assert "Reopen it to go on." in answer.text
    assert "over" in client.get(f"{room(incident)}/acknowledgement").text


def test_a_severity_is_judged_anew_with_its_reason(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya, severity="P3")
    form = opened(client, f"{room(incident)}/severity")

    answers = [send(client, f"{room(incident)}/severity", form, severity="P1", reason="Payments too") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert incident.severity == "P1"
    assert [entry.body for entry in entries(incident, "severity")] == ["Payments too"]


def test_a_severity_that_somebody_changed_meanwhile_is_shown_and_decided_anew(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya, severity="P3")
    form = opened(client, f"{room(incident)}/severity")
    actions.change_severity(incident, to="P1", by=jonas.as_actor())

    refused = send(client, f"{room(incident)}/severity", form, severity="P2", reason="I think so")

    assert refused.status_code == 409
    assert "Somebody changed the severity to P1 meanwhile." in refused.text
    assert "<b>Jonas</b> changed the severity from P3 to" in refused.text
    assert "I think so" in refused.text
    assert incident.severity == "P1"
    assert act(client, f"{room(incident)}/severity", severity="P2").status_code == 303
    assert incident.severity == "P2"


def test_an_unknown_severity_is_said_beside_the_field(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)

    answer = act(client, f"{room(incident)}/severity", severity="P9", reason="typed")

    assert answer.status_code == 422
    assert 'href="#severity"' in answer.text
    assert "typed" in answer.text


def _with_a_lead(maya: Person) -> None:
    matrix.change_levels(
        "P1",
        by=maya.as_actor(),
        levels=[
            {"after_minutes": 0, "tell": ["on_call"], "label": "On call"},
            {"after_minutes": 15, "tell": ["person:lea@example.com"], "label": "Engineering lead"},
        ],
    )


def test_escalating_names_who_is_told_and_a_double_click_calls_one_level(app: Flask) -> None:
    client, maya = browser_of(app, role="admin")
    make_person("lea@example.com", name="Lea Lead")
    _with_a_lead(maya)
    incident = an_incident(by=maya)
    page = client.get(f"{room(incident)}/escalations")
    form = opened(client, f"{room(incident)}/escalations")

    answers = [
        send(client, f"{room(incident)}/escalations", form, reason="customer", note="The bank calls") for _ in range(2)
    ]

    assert "<b>Lea Lead</b> (Engineering lead) is told at once" in page.text
    assert "Call in Lea Lead" in page.text
    assert [answer.status_code for answer in answers] == [303, 303]
    assert [(entry.detail["reason"], entry.body) for entry in entries(incident, "escalated")] == [
        ("customer", "The bank calls")
    ]
    assert [entry.detail["people"] for entry in entries(incident, "told")] == [["Maya"], ["Lea Lead"]]


def test_escalating_asks_for_one_of_five_reasons_and_keeps_the_note(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)

    answer = act(client, f"{room(incident)}/escalations", note="The bank calls")

    assert answer.status_code == 422
    assert 'href="#reason"' in answer.text
    assert "The bank calls" in answer.text
    assert main_of(client.get(f"{room(incident)}/escalations")).count('name="reason"') == 5


def test_a_reminder_is_snoozed_once_however_often_the_button_is_pressed(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    due_at = incident.next_update_due_at
    form = opened(client, f"{room(incident)}/snoozes")

    answers = [send(client, f"{room(incident)}/snoozes", form, minutes="10", reason="On the phone") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert incident.snoozes_in_a_row == 1
    assert incident.next_update_due_at == due_at
    assert len(entries(incident, "snooze")) == 1


def test_a_snooze_without_a_reason_says_so_and_keeps_the_choice(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())

    answer = act(client, f"{room(incident)}/snoozes", minutes="15", reason=" ")

    assert answer.status_code == 422
    assert "Give a reason in one line." in answer.text
    assert 'value="15" checked' in answer.text


def test_the_third_snooze_in_a_row_is_refused_with_the_way_out(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    form = opened(client, f"{room(incident)}/snoozes")
    for reason in ("one", "two"):
        actions.snooze(incident, by=maya.as_actor(), minutes=10, reason=reason)

    page = client.get(f"{room(incident)}/snoozes")
    answer = send(client, f"{room(incident)}/snoozes", form, minutes="10", reason="three")

    assert "It has been snoozed twice in a row." in page.text
    assert f'{room(incident)}/updates"' in page.text
    assert answer.status_code == 409
    assert "It has been snoozed twice in a row." in answer.text


def test_nothing_is_snoozed_where_no_update_is_due(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya, severity="P4")

    assert "No update is due" in client.get(f"{room(incident)}/snoozes").text


def test_the_commander_agrees_a_slower_cadence_after_two_hours_once(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    early = client.get(f"{room(incident)}/cadence")
    clock.forward(hours=2, minutes=1)
    actions.post_update(incident, by=maya.as_actor(), body="Still looking", audience="internal")
    form = opened(client, f"{room(incident)}/cadence")

    answers = [
        send(client, f"{room(incident)}/cadence", form, minutes="60", reason="Waiting for a vendor") for _ in "12"
    ]

    assert "A slower cadence can be agreed after 2 hours." in early.text
    assert "<form" not in main_of(early)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert incident.agreed_cadence_minutes == 60
    assert incident.next_update_due_at == clock.moment + timedelta(minutes=60)
    assert len(entries(incident, "cadence")) == 1


def test_somebody_who_is_not_commander_agrees_nothing(app: Flask, clock: WoundClock) -> None:
    client, _ = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=jonas)
    actions.acknowledge(incident, by=jonas.as_actor())
    clock.forward(hours=3)
    db.session.commit()

    assert "Only the commander agrees a slower cadence." in client.get(f"{room(incident)}/cadence").text
