"""Resolving, calling it a false alarm, reopening, merging, and the last step."""

from __future__ import annotations

from typing import Any

from flask import Flask

from incidents import actions
from incidents.actions import updates
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.browsing import words
from tests.factories import a_component, an_incident
from tests.factories_people import make_person


def _published(maya: Person, *, status: str = "partial_outage", **more: Any) -> Incident:
    incident = an_incident(by=maya, **more)
    api = a_component(f"API of {incident.ref}")
    actions.acknowledge(incident, by=maya.as_actor())
    actions.post_update(
        incident, by=maya.as_actor(), body="Requests fail.", audience="public", components={api: status}
    )
    db.session.commit()
    return incident


def test_resolving_asks_one_question_that_states_the_consequence(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _published(maya)

    page = client.get(f"{room(incident)}/resolution")

    assert f"<h1>Resolve {incident.ref}?</h1>" in page.text
    assert "The status page goes back to operational" in page.text
    assert "A post-mortem is owed by" in page.text
    assert "Resolve and tell everyone" in page.text


def test_the_consequence_says_what_another_incident_keeps_on_the_page(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _published(maya)
    _published(maya, status="degraded_performance")

    page = client.get(f"{room(incident)}/resolution")

    assert "The page goes on saying “Some systems are degraded”." in page.text


def test_the_consequence_of_an_unpublished_one_is_that_no_page_changes(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya, severity="P3")

    page = main_of(client.get(f"{room(incident)}/resolution"))

    assert "Nothing of it is on the status page" in page
    assert "post-mortem" not in page
    assert "What the public reads" not in page


def test_the_preview_of_the_ending_is_what_the_public_will_read_and_records_nothing(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _published(maya)
    path = f"{room(incident)}/resolution"
    form = opened(client, path)

    page = send(client, path, form, act="preview", public_body="It **works** <script>", summary="kept")
    fragment = send(client, f"{path}/preview", form, public_body="It **works** <script>")

    for answer in (page, fragment):
        assert answer.status_code == 200
        assert "It <strong>works</strong>" in answer.text
        assert "<script>" not in answer.text.partition("<main")[2].partition("</main>")[0] or answer is not page
        assert "Resolved" in answer.text
    assert "kept" in page.text
    assert incident.is_open


def test_resolving_publishes_the_public_text_and_keeps_the_summary_inside(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _published(maya)
    actions.advance(incident, to="mitigation", by=maya.as_actor(), note="Failing over", reason="Known")
    path = f"{room(incident)}/resolution"
    form = opened(client, path)

    answers = [
        send(client, path, form, summary="Vendor raised the limit", public_body="All is well.", cause="dependency")
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert (incident.outcome, incident.cause, incident.resolution_summary) == (
        "resolved",
        "dependency",
        "Vendor raised the limit",
    )
    assert [update.body for update in updates.updates_of(incident)] == ["Requests fail.", "All is well."]
    assert len(entries(incident, "resolved")) == 1


def test_a_missing_summary_and_a_missing_reason_are_said_beside_their_fields_and_everything_typed_is_kept(
    app: Flask,
) -> None:
    client, maya = browser_of(app)
    incident = _published(maya)
    path = f"{room(incident)}/resolution"

    without_summary = act(client, path, public_body="All is <well>.")
    without_reason = act(client, path, summary="Vendor raised the limit")

    assert (without_summary.status_code, without_reason.status_code) == (409, 409)
    assert 'href="#summary"' in without_summary.text
    assert "All is &lt;well&gt;." in without_summary.text
    assert 'href="#reason"' in without_reason.text
    assert "Vendor raised the limit" in without_reason.text
    assert incident.is_open


def test_an_ending_that_somebody_wrote_meanwhile_stands_beside_ones_own(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = _published(maya)
    path = f"{room(incident)}/resolution"
    form = opened(client, path)
    actions.resolve(incident, by=jonas.as_actor(), summary="Jonas restarted it", reason="quick")

    refused = send(client, path, form, summary="I raised the limit", reason="known")

    assert refused.status_code == 409
    assert "somebody ended it meanwhile" in refused.text
    assert "Jonas restarted it" in refused.text
    assert "I raised the limit" in refused.text
    assert incident.resolution_summary == "Jonas restarted it"


def test_a_false_alarm_asks_why_and_owes_no_postmortem(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    path = f"{room(incident)}/resolution?outcome=false_alarm"

    page = client.get(path)
    refused = act(client, path)
    answer = act(client, path, reason="A test of the monitor")

    assert f"Call {incident.ref} a false alarm?" in page.text
    assert refused.status_code == 422
    assert f"Call {incident.ref} a false alarm?" in refused.text
    assert 'href="#reason"' in refused.text
    assert answer.status_code == 303
    assert (incident.outcome, incident.outcome_reason) == ("false_alarm", "A test of the monitor")
    assert incident.closed_at is not None


def _over(maya: Person, **more: Any) -> Incident:
    incident = _published(maya, **more)
    actions.resolve(incident, by=maya.as_actor(), summary="Fixed", reason="quick")
    db.session.commit()
    return incident


def test_reopening_tells_the_public_and_begins_one_new_cycle(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _over(maya)
    path = f"{room(incident)}/reopening"
    form = opened(client, path)

    answers = [
        send(client, path, form, reason="It is back", step="mitigation", public_body="Requests fail again.")
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert (incident.is_open, incident.step, incident.cycle) == (True, "mitigation", 2)
    assert updates.updates_of(incident)[-1].body == "Requests fail again."
    assert len(entries(incident, "reopened")) == 1


def test_a_published_incident_is_not_reopened_in_silence_without_a_reason(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _over(maya)
    path = f"{room(incident)}/reopening"

    nothing = act(client, path, reason="It is <back>")
    silent = act(client, path, reason="It is back", say_nothing="1")

    assert (nothing.status_code, silent.status_code) == (422, 422)
    assert 'href="#public_body"' in nothing.text
    assert "It is &lt;back&gt;" in nothing.text
    assert 'href="#silence"' in silent.text
    assert not incident.is_open
    said = act(client, path, reason="It is back", say_nothing="1", silence="Nobody noticed")
    assert said.status_code == 303
    assert entries(incident, "reopened")[0].body == "It is back\n\nNothing is said to the public: Nobody noticed"
    assert len(updates.updates_of(incident)) == 2


def test_the_preview_of_reopening_shows_the_words_and_records_nothing(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _over(maya)
    path = f"{room(incident)}/reopening"
    form = opened(client, path)

    page = send(client, path, form, act="preview", public_body="It is *back*.")

    assert page.status_code == 200
    assert "It is <em>back</em>." in page.text
    assert "It is <em>back</em>." in send(client, f"{path}/preview", form, public_body="It is *back*.").text
    assert not incident.is_open


def test_an_open_incident_cannot_be_reopened(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _over(maya)
    form = opened(client, f"{room(incident)}/reopening")
    actions.reopen(incident, by=make_person("jonas@example.com").as_actor(), reason="It is back", public_body="Again.")

    answer = send(client, f"{room(incident)}/reopening", form, reason="It is back", public_body="Again")

    assert answer.status_code == 409
    assert "is open" in answer.text
    assert incident.cycle == 2


def test_merging_goes_on_in_the_other_room_and_is_done_once(app: Flask) -> None:
    client, maya = browser_of(app)
    one, other = an_incident(by=maya, title="API slow"), an_incident(by=maya, title="Vendor down")
    path = f"{room(one)}/merge"
    form = opened(client, path)

    page = client.get(path)
    answers = [send(client, path, form, into=other.ref.lower()) for _ in range(2)]

    assert f"{other.ref} Vendor down" in words(page)
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, room(other))] * 2
    assert (one.outcome, one.merged_into_id) == ("merged", other.id)
    assert len(entries(other, "merged_here")) == 1


def test_merging_into_itself_into_nothing_or_hiding_a_published_one_is_refused(app: Flask) -> None:
    client, maya = browser_of(app)
    one, other = _published(maya), an_incident(by=maya)
    path = f"{room(one)}/merge"

    for into, status in ((one.ref, 422), ("", 422), ("INC-999", 422), ("<b>", 422), (other.ref, 409)):
        answer = act(client, path, into=into)
        assert answer.status_code == status, into
        assert "<b>" not in answer.text.partition('id="into"')[2][:80]
    assert "Publish" in answer.text
    assert one.is_open
    assert publishing.find(one.id) is not None


def test_too_many_words_for_the_public_are_said_beside_their_field(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = _published(maya)

    answer = act(client, f"{room(incident)}/resolution", summary="Fixed", reason="quick", public_body="x" * 20_001)

    assert answer.status_code == 422
    assert 'href="#public_body"' in answer.text
    assert incident.is_open
