"""Who may act on an incident, and what a hidden one answers."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from incidents import actions
from incidents.actions.visibility import named_people
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.factories import an_incident
from tests.factories_people import form_token, make_person

ACTS = (
    "acknowledgement",
    "steps",
    "severity",
    "resolution",
    "reopening",
    "roles",
    "notes",
    "snoozes",
    "cadence",
    "escalations",
    "components",
    "merge",
    "relations",
    "visibility",
    "people",
    "details",
    "postmortem/rca",
    "timeline/1",
)
POSTS_ONLY = ("resolution/preview", "reopening/preview", "roles/commander/acceptance", "deliveries/1/retry")
LOOKS = ("deliveries", "communication", "communication.txt")


def _without_reference(answer: TestResponse) -> str:
    return re.sub(r"Reference \S+", "", answer.text.replace(answer.request.path, ""))


def test_a_viewer_may_look_but_neither_open_nor_send_the_form_of_an_act(app: Flask) -> None:
    declarer = make_person("jonas@example.com")
    incident = an_incident(by=declarer)
    viewer, _ = browser_of(app, "vic", role="viewer")
    token = {"csrf_token": form_token(viewer)}

    for noun in ACTS:
        assert viewer.get(f"{room(incident)}/{noun}").status_code == 403, noun
    for noun in (*ACTS, *POSTS_ONLY):
        assert viewer.post(f"{room(incident)}/{noun}", data=token).status_code == 403, noun
    for noun in LOOKS:
        assert viewer.get(f"{room(incident)}/{noun}").status_code == 200, noun
    assert "<form" not in main_of(viewer.get(f"{room(incident)}/deliveries"))
    assert len(entries(incident, "declared")) == 1
    assert not entries(incident, "acknowledged")


def test_a_hidden_incident_answers_every_address_exactly_as_a_missing_one(app: Flask) -> None:
    declarer = make_person("jonas@example.com")
    hidden = an_incident(by=declarer, title="Leaked token", is_security=True)
    admin, _ = browser_of(app, "ada", role="admin")
    token = {"csrf_token": form_token(admin), "reason": "x", "body": "x"}

    for noun in (*ACTS, *LOOKS):
        there, missing = (admin.get(f"/console/incidents/{ref}/{noun}") for ref in (hidden.ref, "INC-999"))
        assert (there.status_code, missing.status_code) == (404, 404), noun
        assert _without_reference(there) == _without_reference(missing), noun
    for noun in (*ACTS, *POSTS_ONLY):
        there, missing = (admin.post(f"/console/incidents/{ref}/{noun}", data=token) for ref in (hidden.ref, "INC-999"))
        assert (there.status_code, missing.status_code) == (404, 404), noun
        assert _without_reference(there) == _without_reference(missing), noun


def test_nobody_can_name_a_hidden_incident_to_merge_or_relate_and_its_title_stands_nowhere(app: Flask) -> None:
    declarer = make_person("jonas@example.com")
    hidden = an_incident(by=declarer, title="Leaked token", is_security=True)
    open_one = an_incident(by=declarer)
    actions.relate(open_one, to=hidden, kind="caused_by", by=declarer.as_actor())
    client, _ = browser_of(app)

    for noun, field in (("merge", "into"), ("relations", "to")):
        page = client.get(f"{room(open_one)}/{noun}")
        assert "Leaked token" not in page.text
        answers = [
            act(client, f"{room(open_one)}/{noun}", **{field: ref, "kind": "caused_by"})
            for ref in (hidden.ref, "INC-999")
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert all("There is no such incident." in answer.text for answer in answers)
        assert "Leaked token" not in answers[0].text


def test_a_form_without_its_token_is_refused(app: Flask) -> None:
    client, person = browser_of(app)
    incident = an_incident(by=person)

    answer = client.post(f"{room(incident)}/acknowledgement")

    assert answer.status_code == 400
    assert not entries(incident, "acknowledged")


@pytest.mark.parametrize("typed", [{"ref": "INC-999", "reason": "audit"}, {"ref": "INC-2", "reason": "audit"}])
def test_an_admin_who_asks_for_what_is_not_there_learns_only_that(app: Flask, typed: dict[str, str]) -> None:
    admin, _ = browser_of(app, "ada", role="admin")

    answer = act(admin, "/console/restricted", **typed)

    assert answer.status_code == 404
    assert "There is no incident with this number." in answer.text
    assert "audit" in answer.text


def test_what_is_wrong_with_the_form_is_said_before_anything_is_looked_up(app: Flask) -> None:
    declarer = make_person("jonas@example.com")
    hidden = an_incident(by=declarer, title="Leaked token", is_security=True)
    admin, _ = browser_of(app, "ada", role="admin")

    answers = [act(admin, "/console/restricted", ref=ref, reason="") for ref in (hidden.ref, "INC-999")]

    assert [answer.status_code for answer in answers] == [422, 422]
    bodies = [
        re.sub(r"INC-\d+|csrf_token\" value=\"[^\"]+|data-[a-z]+=\"[^\"]+\"", "", main_of(each)) for each in answers
    ]
    assert bodies[0] == bodies[1]
    assert "Say why you need to see this incident." in bodies[0]


def test_an_admin_names_himself_with_a_reason_and_the_others_are_told(app: Flask) -> None:
    declarer = make_person("jonas@example.com")
    hidden = an_incident(by=declarer, title="Leaked token", is_security=True)
    admin, ada = browser_of(app, "ada", role="admin")

    first = act(admin, "/console/restricted", ref=hidden.ref, reason="The auditor asks")
    again = act(admin, "/console/restricted", ref=hidden.ref, reason="The auditor asks")

    assert (first.status_code, first.location) == (303, room(hidden))
    assert again.status_code == 303
    assert admin.get(room(hidden)).status_code == 200
    assert {person.id for person in named_people(hidden)} == {declarer.id, ada.id}
    told = [row for row in db.session.query(OutboxMessage) if row.event.startswith("named/")]
    assert [(row.destination, "The auditor asks" in row.payload["text"]) for row in told] == [
        ("jonas@example.com", True)
    ]


def test_a_responder_cannot_name_himself(app: Flask) -> None:
    client, _ = browser_of(app)

    assert client.get("/console/restricted").status_code == 403


def test_a_form_that_was_kept_open_while_the_incident_was_hidden_reveals_nothing(app: Flask) -> None:
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=jonas)
    client, _ = browser_of(app)
    form = opened(client, f"{room(incident)}/notes")
    actions.change_visibility(incident, to="restricted", by=jonas.as_actor(), viewer_person=jonas)

    assert send(client, f"{room(incident)}/notes", form, body="hello").status_code == 404
    assert not entries(incident, "note")
