"""Roles with their hand-over, who may see an incident, and who was told of it."""

from __future__ import annotations

from flask import Flask

from incidents import actions
from incidents.actions import roles
from incidents.actions.visibility import named_people
from incidents.kernel import outbox
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.published import publishing
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.factories import an_incident
from tests.factories_people import form_token, make_person


def test_a_role_is_given_once_taken_over_and_the_history_stays(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas, priya = make_person("jonas@example.com"), make_person("priya@example.com")
    incident = an_incident(by=maya)
    path = f"{room(incident)}/roles"
    form = opened(client, path, holding="scribe")

    for _ in range(2):
        assert send(client, path, form, person=jonas.email).status_code == 303
    assert act(client, path, holding="scribe", person=priya.email).status_code == 303

    assert roles.holder(incident, "scribe") == priya
    assert [entry.detail["person"] for entry in entries(incident, "role")] == ["Jonas", "Priya"]
    history = main_of(client.get(path)).partition("Hand-overs")[2]
    assert history.count("given by Maya") == 2


def test_a_role_is_accepted_by_its_holder_alone_and_once(app: Flask) -> None:
    (maya_client, maya), (jonas_client, jonas) = browser_of(app), browser_of(app, "jonas")
    incident = an_incident(by=maya)
    actions.assign_role(incident, role="scribe", person=jonas, by=maya.as_actor())
    path = f"{room(incident)}/roles"

    assert "I have it" not in main_of(maya_client.get(path)).partition("has not accepted yet")[0][-400:]
    assert "I have it</button>" in jonas_client.get(path).text
    for client, status in ((maya_client, 409), (jonas_client, 303), (jonas_client, 303)):
        form = {"csrf_token": form_token(client)}
        assert send(client, f"{path}/scribe/acceptance", form).status_code == status
    assert [entry.by_name for entry in entries(incident, "role_accepted")] == ["Jonas"]


def test_a_role_is_left_with_nobody(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    form = opened(client, f"{room(incident)}/roles", holding="commander")

    for _ in range(2):
        assert send(client, f"{room(incident)}/roles", form, person="").status_code == 303

    assert roles.holder(incident, "commander") is None
    assert len(entries(incident, "role")) == 2


def test_two_who_hand_over_the_same_role_see_each_other(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas, priya = make_person("jonas@example.com"), make_person("priya@example.com")
    incident = an_incident(by=maya)
    path = f"{room(incident)}/roles"
    form = opened(client, path, holding="commander")
    actions.assign_role(incident, role="commander", person=jonas, by=priya.as_actor())

    refused = send(client, path, form, person=priya.email)

    assert refused.status_code == 409
    assert "Jonas has this role now." in refused.text
    assert roles.holder(incident, "commander") == jonas
    assert act(client, path, holding="commander", person=priya.email).status_code == 303
    assert roles.holder(incident, "commander") == priya


def test_a_viewer_a_stranger_and_an_unknown_role_are_refused(app: Flask) -> None:
    client, maya = browser_of(app)
    viewer = make_person("vic@example.com", role="viewer")
    incident = an_incident(by=maya)
    path = f"{room(incident)}/roles"
    form = opened(client, path, holding="scribe")

    assert viewer.email not in client.get(path).text
    for typed in ({"person": viewer.email}, {"person": "no@example.com"}, {"role": "king", "person": maya.email}):
        answer = send(client, path, form, **typed)
        assert answer.status_code == 422, typed
    assert not entries(incident, "role")


def test_making_it_internal_takes_it_off_the_page_and_the_form_says_so_before(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.post_update(incident, by=maya.as_actor(), body="Requests fail.", audience="public")
    path = f"{room(incident)}/visibility"
    form = opened(client, path)

    page = client.get(path)
    answers = [send(client, path, form, visibility="internal", reason="A customer asked") for _ in range(2)]

    assert "This incident is on the status page." in page.text
    assert [answer.status_code for answer in answers] == [303, 303]
    assert publishing.find(incident.id) is None
    assert [entry.body for entry in entries(incident, "visibility")] == ["A customer asked"]


def test_a_visibility_that_somebody_changed_meanwhile_is_decided_anew(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya)
    form = opened(client, f"{room(incident)}/visibility")
    actions.change_visibility(incident, to="internal", by=jonas.as_actor(), viewer_person=jonas)

    refused = send(client, f"{room(incident)}/visibility", form, visibility="restricted")

    assert refused.status_code == 409
    assert "Somebody made it internal meanwhile." in refused.text
    assert incident.visibility == "internal"


def test_who_is_named_sees_a_restricted_incident_and_who_is_removed_does_not(app: Flask) -> None:
    (client, maya), (jonas_client, jonas) = browser_of(app), browser_of(app, "jonas")
    incident = an_incident(by=maya, is_security=True)
    path = f"{room(incident)}/people"
    assert jonas_client.get(room(incident)).status_code == 404

    without_reason = act(client, path, holding="reason", person=jonas.email)
    assert without_reason.status_code == 422
    assert f'value="{jonas.email}" selected' in without_reason.text
    form = opened(client, path, holding="reason")
    for _ in range(2):
        assert send(client, path, form, person=jonas.email, reason="Knows the vault").status_code == 303
    assert jonas_client.get(room(incident)).status_code == 200
    assert [entry.body for entry in entries(incident, "named")] == ["declared it", "Knows the vault"]

    gone = act(client, path, holding=jonas.email, person=jonas.email, act="unname")
    assert (gone.status_code, gone.location) == (303, room(incident))
    assert jonas_client.get(room(incident)).status_code == 404


def test_who_removes_himself_goes_to_the_list_and_the_last_one_stays(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya, is_security=True)
    path = f"{room(incident)}/people"

    last = act(client, path, holding="unname", person=maya.email, act="unname")
    assert last.status_code == 409
    assert "Name somebody else first." in last.text
    act(client, path, holding="reason", person=jonas.email, reason="Takes over")
    gone = act(client, path, holding="unname", person=maya.email, act="unname")
    assert (gone.status_code, gone.location) == (303, "/console/incidents")
    assert [person.id for person in named_people(incident)] == [jonas.id]
    assert client.get(path).status_code == 404


def test_nobody_is_named_in_an_incident_that_everybody_sees(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)

    assert "Every colleague sees this incident." in client.get(f"{room(incident)}/people").text
    form = {"csrf_token": form_token(client)}
    assert send(client, f"{room(incident)}/people", form, person=maya.email, reason="x").status_code == 409


def test_the_deliveries_say_who_was_told_and_why_not_and_an_admin_tries_again_once(app: Flask) -> None:
    (admin, _), (client, jonas) = browser_of(app, "ada", role="admin"), browser_of(app, "jonas")
    incident = an_incident(by=jonas, title="API <slow>")
    db.session.commit()
    (message,) = db.session.query(OutboxMessage).filter_by(incident_id=incident.id)
    message.state, message.reason, message.attempts = outbox.FAILED, "The mail server does not know <b>him</b>", 5
    db.session.commit()
    path = f"{room(incident)}/deliveries"
    retry = f"{path}/{message.id}/retry"

    page = admin.get(path).text
    assert "Jonas" in page
    assert "jonas@example.com" in page
    assert "does not know &lt;b&gt;him&lt;/b&gt;" in page
    assert "API &lt;slow&gt;" in page
    assert retry in page
    assert retry not in client.get(path).text
    assert send(client, retry, {"csrf_token": form_token(client)}).status_code == 403
    for _ in range(2):
        answer = send(admin, retry, {"csrf_token": form_token(admin)})
        assert (answer.status_code, answer.location) == (303, path)
    db.session.expire_all()
    assert (message.state, message.attempts) == (outbox.WAITING, 0)


def test_a_delivery_of_another_incident_is_not_tried_again_from_here(app: Flask) -> None:
    admin, ada = browser_of(app, "ada", role="admin")
    one, other = an_incident(by=ada), an_incident(by=ada)
    (message,) = db.session.query(OutboxMessage).filter_by(incident_id=other.id)

    for number in (message.id, 999_999, 10**30):
        answer = send(admin, f"{room(one)}/deliveries/{number}/retry", {"csrf_token": form_token(admin)})
        assert answer.status_code == 404, number
