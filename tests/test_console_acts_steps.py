"""Moving through the steps and naming components: what is missing is asked for, and nobody moves it unseen."""

from __future__ import annotations

from typing import Any

from flask import Flask

from incidents import actions
from incidents.actions.components import statuses_of
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.factories import a_component, an_incident
from tests.factories_people import make_person


def _in_triage(maya: Person, **more: Any) -> Incident:
    incident = an_incident(by=maya, **more)
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    return incident


def test_the_seven_steps_stand_on_the_page_with_what_each_button_does(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya)

    page = main_of(client.get(f"{room(incident)}/steps"))

    for step in ("Detection", "Triage", "Communication", "Investigation", "Mitigation", "Resolution", "Post-mortem"):
        assert f"<b>{step}</b>" in page
    assert "Here now" in page
    assert f"{room(incident)}/postmortem" not in page


def test_a_step_says_what_it_asks_for_and_takes_all_answers_in_one_form(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya)
    api = a_component("API")
    path = f"{room(incident)}/steps?step=communication"

    page = client.get(path)
    answer = act(client, path, note="400 users see errors", **{f"component-{api}": "partial_outage"})

    assert "Say in words who is affected." in page.text
    assert "Name the affected components, or none." in page.text
    assert (answer.status_code, answer.location) == (303, room(incident))
    assert (incident.step, incident.impact, statuses_of(incident)) == (
        "communication",
        "400 users see errors",
        {api: "partial_outage"},
    )


def test_what_is_missing_is_refused_with_what_was_typed_and_a_reason_goes_on_all_the_same(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya)
    path = f"{room(incident)}/steps?step=communication"

    refused = act(client, path, note="400 <users>")

    assert refused.status_code == 409
    assert "Name the affected components, or none." in refused.text
    assert "400 &lt;users&gt;" in refused.text
    assert (incident.step, incident.impact) == ("triage", None)
    assert act(client, path, reason="No time").status_code == 303
    assert incident.step == "communication"
    detail = entries(incident, "step")[-1].detail
    assert (detail["reason"], detail["overridden"]) == ("No time", ["impact", "components"])


def test_skipping_and_going_back_ask_for_a_reason_beside_the_field(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya, impact="All", components={})

    for step in ("mitigation", "detection"):
        path = f"{room(incident)}/steps?step={step}"
        assert 'name="reason"' in main_of(client.get(path))
        refused = act(client, path, note="Restarting")
        assert refused.status_code == 409
        assert incident.step == "triage"
    assert 'href="#reason"' in refused.text
    assert act(client, f"{room(incident)}/steps?step=mitigation", note="Restarting", reason="Known").status_code == 303
    assert (incident.step, incident.attempt) == ("mitigation", "Restarting")


def test_the_buttons_of_the_room_move_on_once_however_often_they_are_pressed(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya, impact="All", components={})
    token = opened(client, f"{room(incident)}/notes")

    answers = [
        send(client, f"{room(incident)}/steps", {"csrf_token": token["csrf_token"]}, step="communication") for _ in "12"
    ]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert incident.step == "communication"
    assert len(entries(incident, "step")) == 2


def test_a_step_that_somebody_took_meanwhile_is_shown_before_anything_is_decided(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = _in_triage(maya, impact="All", components={})
    form = opened(client, f"{room(incident)}/steps?step=communication")
    actions.advance(incident, to="mitigation", by=jonas.as_actor(), note="Failing over", reason="Known cause")

    refused = send(client, f"{room(incident)}/steps", form, note="Everybody")

    assert refused.status_code == 409
    assert "It is at Mitigation now" in refused.text
    assert "<b>Jonas</b> skipped to <b>Mitigation</b>" in refused.text
    assert incident.step == "mitigation"
    again = act(client, f"{room(incident)}/steps?step=communication", reason="We have told nobody yet")
    assert again.status_code == 303
    assert incident.step == "communication"


def test_the_same_step_taken_by_two_people_is_taken_once(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = _in_triage(maya, impact="All", components={})
    form = opened(client, f"{room(incident)}/steps?step=communication")
    actions.advance(incident, to="communication", by=jonas.as_actor())

    assert send(client, f"{room(incident)}/steps", form).status_code == 303
    assert [entry.by_name for entry in entries(incident, "step")] == ["Maya", "Jonas"]


def test_the_fix_is_said_to_be_in_place_once(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya)
    actions.advance(incident, to="mitigation", by=maya.as_actor(), note="Failing over", reason="Known cause")
    token = opened(client, f"{room(incident)}/notes")

    for _ in range(2):
        answer = send(
            client, f"{room(incident)}/steps", {"csrf_token": token["csrf_token"]}, step="mitigation", in_place="1"
        )
        assert answer.status_code == 303

    assert incident.mitigated_at is not None
    assert len(entries(incident, "mitigated")) == 1


def test_steps_with_a_form_of_their_own_lead_to_it_and_an_unknown_one_is_refused(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _in_triage(maya)

    assert client.get(f"{room(incident)}/steps?step=resolution").location == f"{room(incident)}/resolution"
    assert client.get(f"{room(incident)}/steps?step=postmortem").location == f"{room(incident)}/postmortem/edit"
    form = opened(client, f"{room(incident)}/steps?step=communication")
    assert send(client, f"{room(incident)}/steps", {**form, "step": "lunch"}).status_code == 422


def test_components_are_named_or_said_to_be_none(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    api, web = a_component("API"), a_component("Web <app>")
    path = f"{room(incident)}/components"

    page = client.get(path)
    empty = act(client, path)
    both = act(client, path, none_affected="1", **{f"component-{api}": "major_outage"})

    assert "Web &lt;app&gt;" in page.text
    assert (empty.status_code, both.status_code) == (422, 422)
    assert "Name the affected components, or say that none is." in empty.text
    assert 'value="major_outage" selected' in both.text
    assert not incident.components_answered
    form = opened(client, path)
    typed = {f"component-{api}": "major_outage", f"component-{web}": ""}
    assert [send(client, path, form, **typed).status_code for _ in "12"] == [303, 303]
    assert statuses_of(incident) == {api: "major_outage"}
    assert len(entries(incident, "component")) == 1
    assert act(client, path, none_affected="1").status_code == 303
    assert statuses_of(incident) == {}


def test_components_that_somebody_changed_meanwhile_are_shown_beside_what_was_chosen(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya)
    api, web = a_component("API"), a_component("Web")
    path = f"{room(incident)}/components"
    form = opened(client, path)
    actions.set_components(incident, {web: "major_outage"}, by=jonas.as_actor())

    refused = send(client, path, form, **{f"component-{api}": "degraded_performance"})

    assert refused.status_code == 409
    assert "Somebody changed the components meanwhile." in refused.text
    assert "now: Major outage" in refused.text
    assert 'value="degraded_performance" selected' in refused.text
    assert statuses_of(incident) == {web: "major_outage"}


def test_an_unknown_component_or_status_is_refused_in_words(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    api = a_component("API")

    for typed in ({"component-nothing": "major_outage"}, {f"component-{api}": "on_fire"}):
        answer = act(client, f"{room(incident)}/components", **typed)
        assert answer.status_code == 422
    assert not incident.components_answered


def test_the_rooms_button_for_the_next_step_is_not_a_step_back_once_somebody_went_further(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = _in_triage(maya, impact="All", components={})
    form = opened(client, room(incident), holding="/steps")
    actions.advance(incident, to="mitigation", by=jonas.as_actor(), note="Failing over", reason="Known cause")

    refused = send(client, f"{room(incident)}/steps", form)

    assert form["step"] == "communication"
    assert refused.status_code == 409
    assert "It is at Mitigation now" in refused.text
    assert "<b>Jonas</b> skipped to <b>Mitigation</b>" in refused.text
