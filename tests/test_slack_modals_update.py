"""Writing an update by a form in Slack: a true preview before the public reads it, and no text is ever lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents import actions
from incidents.actions import components as incident_components
from incidents.actions import message_templates
from incidents.kernel.database import db
from incidents.published import publishing
from incidents.published.page_settings import change_page_settings
from incidents.records.actors import CLOCK
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.updates import Update
from incidents.slack import door, opening
from tests.conftest import WoundClock
from tests.factories import a_component, a_person, an_incident
from tests.receivers import Receiver
from tests.slack_api import SlackApi
from tests.slack_door import command_body, interact, linked, locked, post
from tests.slack_forms import Form, api, command, messages, opened, pressed, receiver, with_slack

__all__ = ["api", "receiver"]


@pytest.fixture
def environ(environ: dict[str, str], api: SlackApi) -> dict[str, str]:
    return with_slack(environ, api)


@pytest.fixture
def ada(app: Flask) -> Person:
    return linked(a_person("Ada"))


@pytest.fixture
def component(app: Flask) -> str:
    return a_component("API")


@pytest.fixture
def incident(ada: Person, component: str) -> Incident:
    found = an_incident(by=ada, title="Checkout fails", components={component: "major_outage"})
    actions.acknowledge(found, by=ada.as_actor())
    db.session.commit()
    return found


def bodies(incident: Incident) -> list[tuple[str, str, str]]:
    db.session.rollback()
    wanted = select(Update).where(Update.incident_id == incident.id).order_by(Update.id)
    return [(update.audience, update.state, update.body) for update in db.session.scalars(wanted)]


def test_what_the_public_reads_is_previewed_published_and_taken_back(
    client: FlaskClient, api: SlackApi, incident: Incident, component: str, clock: WoundClock
) -> None:
    form = command(client, api, "update INC-1")
    assert form.value("audience") == "public"
    assert form.value("major_outage") == [component]

    preview = form.then(body="We *know* <why> & _work_ on it.", status="identified", next_update_at="10")

    assert preview.title == "What the public will see"
    for words in (
        "The service is down",
        "Checkout fails",
        "Identified",
        "<why> & ",
        "Next update by 02:24 UTC.",
        "Affects API",
    ):
        assert words in preview.words
    assert "INC-1 on the status page and its feeds, for the first time" in preview.words
    assert bodies(incident) == []
    done = preview.then()

    assert bodies(incident) == [("public", "published", "We *know* <why> & _work_ on it.")]
    shown = publishing.find(incident.id)
    assert shown is not None
    assert (shown.newest.public_status, shown.newest.components) == ("identified", {component: "major_outage"})
    page = client.get(f"/incidents/{shown.public_id}").text
    assert "We <em>know</em> &lt;why&gt; &amp; <em>work</em> on it." in page
    assert any("&lt;why&gt; &amp; work on it." in message for message in messages())
    assert incident.next_update_due_at == clock.forward(minutes=0).replace(minute=24)
    assert "is published" in done.words
    assert preview.then().words.startswith("This form was sent already")
    assert form.then().words.startswith("This form was sent already")

    done.press("Undo")
    back = opened(client, api)
    assert [state for _audience, state, _body in bodies(incident)] == ["undone"]
    assert publishing.find(incident.id) is None
    assert back.words.startswith("Taken back. The page and the promise are as before.")
    assert back.value("body") == "We *know* <why> & _work_ on it."
    back.then().then()
    assert [state for _audience, state, _body in bodies(incident)] == ["undone", "published"]


def test_undo_comes_too_late_after_ten_seconds(
    client: FlaskClient, api: SlackApi, incident: Incident, clock: WoundClock
) -> None:
    done = command(client, api, "update INC-1").then(audience="internal", body="For us")
    assert "for colleagues only" in done.words
    clock.forward(seconds=11)

    done.press("Undo")

    assert opened(client, api).words.startswith("The ten seconds are over.")
    assert bodies(incident) == [("internal", "published", "For us")]


def test_internal_words_never_fill_a_public_field(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    answer = post(client, "/slack/commands", command_body("update INC-1 The <!channel> secret cause")).json
    [publish] = [each for each in answer["blocks"][-1]["elements"] if each["text"]["text"] == "Publish…"]
    assert pressed(client, api, publish["action_id"]).value("body") == ""

    message_templates.add_ours(by=CLOCK)
    db.session.commit()
    begun = pressed(client, api, "open/update:INC-1")
    assert begun.value("body") == "We are looking into a problem with API. We do not know the cause yet."

    actions.post_update(incident, by=ada.as_actor(), body="The public text", audience="public")
    assert pressed(client, api, "open/update:INC-1").value("body") == "The public text"


def test_who_does_not_lead_says_once_more_that_it_is_meant(
    client: FlaskClient, api: SlackApi, incident: Incident
) -> None:
    linked(a_person("Bob"), "U8")
    preview = command(client, api, "update INC-1", user="U8").then(body="It is us.")

    assert preview.errors() == {"confirmed": "Tick this to publish all the same."}
    preview.then(confirmed=["1"])
    assert bodies(incident) == [("public", "published", "It is us.")]


def test_a_second_pair_of_eyes_is_asked_where_the_page_wants_one(
    client: FlaskClient, api: SlackApi, incident: Incident
) -> None:
    change_page_settings(needs_second_eyes=True)
    bob = linked(a_person("Bob"), "U8")
    preview = command(client, api, "update INC-1", user="U8").then(body="It is us.")

    assert preview.view["submit"]["text"] == "Ask for approval"
    assert preview.errors(ask_of=str(bob.id))
    done = preview.then(ask_of="anybody")

    assert done.words.startswith("Asked. It goes out once somebody approves it.")
    assert bodies(incident) == [("public", "draft", "It is us.")]
    assert publishing.find(incident.id) is None


def test_two_who_write_at_once_lose_no_text(
    client: FlaskClient, api: SlackApi, incident: Incident, component: str, ada: Person
) -> None:
    linked(a_person("Bob"), "U8")
    web = a_component("Web")
    mine, other = command(client, api, "update INC-1"), command(client, api, "update INC-1", user="U8")
    preview = mine.then(body="Mine\nof two lines", major_outage=[], status="identified")
    other.then(body="Bob's <b> words", partial_outage=[web]).then(confirmed=["1"])

    again = preview.then()

    assert again.words.startswith("Bob posted an update for the public at 02:14 UTC, after you opened this form.")
    assert "> Bob's &lt;b&gt; words" in again.words
    assert (again.value("body"), again.value("status")) == ("Mine\nof two lines", "identified")
    assert bodies(incident) == [("public", "published", "Bob's <b> words")]
    again.then().then()
    assert bodies(incident)[1:] == [("public", "published", "Mine\nof two lines")]
    assert incident_components.statuses_of(incident) == {component: "operational", web: "partial_outage"}


def test_what_nobody_touched_in_the_form_stays_as_others_set_it(
    client: FlaskClient, api: SlackApi, incident: Incident, component: str, ada: Person
) -> None:
    web = a_component("Web")
    form = command(client, api, "update INC-1")
    actions.set_components(incident, {component: "partial_outage"}, by=ada.as_actor())
    db.session.commit()

    form.then(audience="internal", body="x", degraded_performance=[web])

    assert incident_components.statuses_of(incident) == {component: "partial_outage", web: "degraded_performance"}
    twice = command(client, api, "update INC-1").errors(major_outage=[web])
    assert twice == {"major_outage": "A component stands in two of these menus. Leave it in one."}


def test_what_cannot_be_is_said_at_its_field(
    client: FlaskClient, api: SlackApi, incident: Incident, ada: Person
) -> None:
    form = command(client, api, "update INC-1")

    assert form.errors(body=" \n ")["body"].startswith("Say what people notice")
    assert form.errors(body="x", status="resolved")["audience"].endswith("Resolve it for that.")
    assert form.errors(status="nonsense")["status"]
    assert form.errors(status="identified", next_update_at="1440")["next_update_at"].startswith(
        "An update is owed every"
    )
    assert form.errors(next_update_at="x")["next_update_at"]
    assert form.errors(audience="all", next_update_at="10")["audience"]
    assert form.errors(audience="public", major_outage=["nonsense"])
    assert bodies(incident) == []


def test_hidden_incidents_are_missing_and_viewers_are_refused(
    client: FlaskClient, api: SlackApi, incident: Incident
) -> None:
    other = a_person("Bob")
    an_incident(by=other, visibility_wanted="restricted")
    linked(a_person("Vic", role="viewer"), "U7")
    form = command(client, api, "update INC-1")
    mine = {**form.view, "private_metadata": '{"ref":"INC-2","after":0,"once":"a"}'}

    assert Form(client, mine).errors(body="x")["audience"] == "There is no INC-2 that you can see."
    assert Form(client, form.view, user="U7").errors(body="x")["audience"].startswith("Only responders can do this.")
    assert Form(client, form.view, user="U99").errors(body="x")["audience"].startswith("Sevenbells does not know who")
    for odd in ("[", "[]", '{"ref":[1],"after":"x","once":null}', '{"ref":"INC-1","after":-1,"works":{}}'):
        assert "audience" in Form(client, {**form.view, "private_metadata": odd}).errors(body=" ") or odd
    interact(client, "block_actions", user="U7", channel={"id": "C42"}, actions=[{"action_id": "open/update:INC-1"}])
    interact(client, "block_actions", channel={"id": "C42"}, actions=[{"action_id": "open/update:INC-2"}])
    assert len(api.views) == 1


def test_while_the_database_is_locked_the_text_stays_in_the_form(
    client: FlaskClient, app: Flask, api: SlackApi, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = command(client, api, "update INC-1").fill(audience="internal", body="Kept")

    with monkeypatch.context() as hurried, locked():
        hurried.setattr(door, "PATIENCE", timedelta(milliseconds=50))
        assert form.errors()["audience"].endswith("Nothing was recorded, try again.")
    form.then()
    assert bodies(incident) == [("internal", "published", "Kept")]


def test_a_text_too_long_for_slack_is_not_cut_by_the_way(
    client: FlaskClient,
    api: SlackApi,
    incident: Incident,
    ada: Person,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions.post_update(incident, by=ada.as_actor(), body="long " * 1000, audience="public")
    form = command(client, api, "update INC-1")
    assert form.value("body") == ""
    assert "longer than a field in Slack takes" in str(form.view)

    preview = form.then(body="&<*`" * 750)
    assert preview.then().words

    monkeypatch.setattr(opening, "PATIENCE", 0.2)
    api.faults["views.open"].append(receiver.hang)
    said = post(client, "/slack/commands", command_body("update INC-1")).json
    assert said["blocks"][-1]["elements"][0]["url"].endswith("/console/incidents/INC-1/updates")


def test_more_components_than_a_menu_takes_lose_nothing(client: FlaskClient, api: SlackApi, ada: Person) -> None:
    ids = [a_component(f"Component {number:03}") for number in range(150)]
    found = an_incident(by=ada, components=dict.fromkeys(ids, "major_outage"), visibility_wanted="internal")
    form = command(client, api, "update INC-1")
    assert len(form.value("major_outage")) == 100

    form.then(body="x", major_outage=[*ids[1:100], ids[149]], partial_outage=[ids[148]])

    stands = incident_components.statuses_of(found)
    assert (stands[ids[0]], stands[ids[1]], stands[ids[120]]) == ("operational", "major_outage", "major_outage")
    assert (stands[ids[148]], stands[ids[149]]) == ("partial_outage", "major_outage")


def test_forms_sent_at_the_same_moment_act_once_and_lose_no_text(
    client: FlaskClient, app: Flask, api: SlackApi, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PATIENCE", timedelta(seconds=30))
    linked(a_person("Bob"), "U8")
    mine = command(client, api, "update INC-1").fill(audience="internal", body="Mine")
    other = command(client, api, "update INC-1", user="U8").fill(audience="internal", body="Bob's")
    db.session.commit()

    def send(form: Form) -> dict[str, Any]:
        with app.app_context():
            return form.by(app.test_client()).send()

    with ThreadPoolExecutor(4) as together:
        said = list(together.map(send, [mine, mine, other, other]))

    posted = bodies(incident)
    assert len(posted) == 1
    late, lost = (other, "Bob's") if posted[0][2] == "Mine" else (mine, "Mine")
    told = [Form(client, each["view"], user=late.user) for each in said if each["view"]["callback_id"] == "update"]
    assert [form.value("body") for form in told] == [lost, lost]
    assert all("after you opened this form" in form.words for form in told)
