"""The room: what it says, what it offers to whom, and how an open page hears of news."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents import actions
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.browsing import send, words
from tests.conftest import WoundClock
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in
from tests.outgoing import Outgoing, run_due_jobs


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya Lindqvist", zone="Europe/Berlin")


def room(incident: Incident) -> str:
    return f"/console/incidents/{incident.ref}"


def investigated(clock: WoundClock, by: Person) -> Incident:
    """Declared at 02:14, acknowledged after 3 min, told after 8, under investigation since 02:30."""
    api = a_component("API")
    incident = an_incident(by=by, severity="P2", impact="Slow answers", components={api: "degraded_performance"})
    clock.forward(minutes=3)
    actions.acknowledge(incident, by=by.as_actor())
    clock.forward(minutes=5)
    actions.advance(incident, to="communication", by=by.as_actor())
    actions.post_update(
        incident, by=by.as_actor(), body="We look into it.", audience="public", components={api: "degraded_performance"}
    )
    clock.forward(minutes=8)
    actions.advance(incident, to="investigation", by=by.as_actor())
    db.session.commit()
    return incident


def test_the_first_screen_says_severity_step_what_is_affected_and_when_the_next_update_is_due(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = investigated(clock, maya)
    clock.forward(minutes=4)
    sign_in(client, maya)

    page = words(client.get(room(incident)))

    assert "P2 High AI provider rate limited" in page
    assert "API degraded" in page
    assert "Open for 20 min" in page
    assert "Commander you" in page
    assert "Detection 03:14, 3 min" in page
    assert "Investigation 4 min so far" in page
    assert "Start mitigation" in page
    assert "Due at 03:52, in 18:00" in page


def test_a_step_that_asks_for_nothing_more_is_one_press(app: Flask, client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya, impact="Slow", components={})
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    sign_in(client, maya)

    answer = send(client, f"{room(incident)}/steps", {"step": "communication"}, page=room(incident))

    db.session.refresh(incident)
    assert answer.status_code == 303
    assert incident.step == "communication"


def test_a_step_that_asks_for_more_opens_its_form(app: Flask, client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    sign_in(client, maya)

    assert f'href="{room(incident)}/steps?step=communication"' in client.get(room(incident)).text


def test_the_composer_opens_by_itself_when_the_update_is_nearly_due(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = investigated(clock, maya)
    sign_in(client, maya)

    early = client.get(room(incident)).text
    clock.forward(minutes=18)
    pressing = client.get(room(incident)).text

    assert '<details class="cmp desk" id="update" open>' not in early
    assert '<details class="cmp desk" id="update" open>' in pressing


def test_the_story_is_told_newest_first_with_the_readers_own_deeds_as_you(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    jonas = make_person("jonas@example.com", name="Jonas Weber")
    incident = investigated(clock, maya)
    clock.forward(minutes=1)
    actions.add_note(incident, by=jonas.as_actor(), body="Queue falls to **1,610**", kind="decision")
    db.session.commit()
    sign_in(client, maya)

    page = client.get(room(incident))
    said = words(page)

    assert (
        said.index("Jonas Weber recorded a decision")
        < said.index("You began Investigation")
        < said.index("You acknowledged")
    )
    assert "You told the public: Investigating Public" in said
    assert "<strong>1,610</strong>" in page.text


def test_what_people_write_is_never_markup_of_ours(app: Flask, client: FlaskClient, maya: Person) -> None:
    evil = '<script>alert(1)</script>"onload=x'
    incident = an_incident(by=maya, title=evil, impact=evil, detected_by=evil)
    actions.acknowledge(incident, by=maya.as_actor())
    actions.add_note(incident, by=maya.as_actor(), body=evil)
    actions.post_update(incident, by=maya.as_actor(), body=evil, audience="public")
    actions.rename(incident, title=evil + "2", by=maya.as_actor())
    db.session.commit()
    sign_in(client, maya)

    for path in (
        room(incident),
        f"{room(incident)}/updates",
        "/console/",
        "/console/incidents",
        f"{room(incident)}/timeline?after=0",
    ):
        assert "<script>alert" not in client.get(path).text, path


def test_the_timeline_can_be_narrowed(app: Flask, client: FlaskClient, clock: WoundClock, maya: Person) -> None:
    incident = investigated(clock, maya)
    actions.add_note(incident, by=maya.as_actor(), body="A thought")
    db.session.commit()
    sign_in(client, maya)

    notes = words(client.get(f"{room(incident)}?show=notes"))
    updates = words(client.get(f"{room(incident)}?show=updates"))

    assert "A thought" in notes
    assert "You acknowledged" not in notes
    assert "You told the public" in updates
    assert "A thought" not in updates


def test_a_long_story_is_turned_page_by_page(app: Flask, client: FlaskClient, maya: Person) -> None:
    incident = an_incident(by=maya)
    for number in range(105):
        actions.add_note(incident, by=maya.as_actor(), body=f"note {number}.")
    db.session.commit()
    sign_in(client, maya)

    first = client.get(room(incident)).text
    before = re.search(r"\?before=(\d+)", first)
    assert before is not None
    second = client.get(f"{room(incident)}?before={before[1]}").text

    assert "note 104." in first
    assert "note 2." not in first
    assert "note 2." in second


def test_an_open_page_hears_only_what_is_new(app: Flask, client: FlaskClient, clock: WoundClock, maya: Person) -> None:
    incident = investigated(clock, maya)
    sign_in(client, maya)
    address = re.search(r'id="news" hx-get="([^"]+)"', client.get(room(incident)).text)
    assert address is not None
    asked = address[1].replace("&amp;", "&")

    silence = client.get(asked)
    actions.add_note(incident, by=maya.as_actor(), body="Something new")
    db.session.commit()
    news = client.get(asked)

    assert silence.status_code == 204
    assert silence.data == b""
    assert news.status_code == 200
    assert "Something new" in news.text
    assert "You acknowledged" not in news.text
    assert 'hx-swap-oob="outerHTML:#room-head"' in news.text
    assert "<html" not in news.text


def test_an_entry_from_the_past_that_is_new_is_heard_too(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = investigated(clock, maya)
    sign_in(client, maya)
    after = re.search(r"timeline\?after=(\d+)", client.get(room(incident)).text)
    assert after is not None
    actions.add_note(incident, by=maya.as_actor(), body="It began earlier", at=clock.moment.replace(minute=1))
    db.session.commit()

    assert "It began earlier" in client.get(f"{room(incident)}/timeline?after={after[1]}").text


def test_a_viewer_reads_everything_and_is_offered_nothing(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = investigated(clock, maya)
    sign_in(client, make_person("vera@example.com", role="viewer"))

    page = client.get(room(incident))

    assert "We look into it." in words(page)
    assert 'method="post"' not in page.text
    assert f"{room(incident)}/escalations" not in page.text


def test_a_guessed_room_answers_as_a_missing_one(app: Flask, client: FlaskClient, maya: Person) -> None:
    secret = an_incident(by=maya, title="Stolen keys", is_security=True)
    sign_in(client, make_person("jonas@example.com"))

    for path in ("", "/timeline?after=0", "/updates", "/updates/no-change", "/communication.txt", "/deliveries"):
        guessed, missing = client.get(room(secret) + path), client.get("/console/incidents/INC-999" + path)
        assert (guessed.status_code, missing.status_code) == (404, 404), path
        assert "Stolen" not in guessed.text
    for nonsense in ("INC-0", "INC-99999999999999999999", "inc-x", "1"):
        assert client.get(f"/console/incidents/{nonsense}").status_code == 404


def test_the_ladder_says_who_is_told_when_and_where_it_stopped(
    app: Flask, client: FlaskClient, maya: Person, outgoing: Outgoing
) -> None:
    make_person("jonas@example.com", name="Jonas Weber")
    actions.matrix.change_levels(
        "P1",
        by=maya.as_actor(),
        levels=[
            {"label": "On call", "after_minutes": 0, "tell": ["on_call"]},
            {"label": "Lead", "after_minutes": 15, "tell": ["person:jonas@example.com"]},
            {"label": "CTO", "after_minutes": 30, "tell": ["role:cto"]},
        ],
    )
    incident = an_incident(by=maya, severity="P1")
    run_due_jobs()
    sign_in(client, maya)

    before = words(client.get(room(incident)))
    actions.acknowledge(incident, by=maya.as_actor())
    db.session.commit()
    after = words(client.get(room(incident)))

    assert "On call Maya Lindqvist 03:14" in before
    assert "Lead Jonas Weber 03:29" in before
    assert "CTO Nobody is named for this 03:44" in before
    assert "Lead Jonas Weber Call in Jonas Weber CTO" in after
    assert "Stopped where it stands: acknowledged 03:14." in after


def test_a_relation_shows_no_title_to_who_may_not_see_it(app: Flask, client: FlaskClient, maya: Person) -> None:
    secret = an_incident(by=maya, title="Stolen keys", is_security=True)
    incident = an_incident(by=maya)
    actions.relate(incident, to=secret, kind="caused_by", by=maya.as_actor())
    db.session.commit()

    mine = words(sign_in(client, maya).get(room(incident)))
    others = words(sign_in(app.test_client(), make_person("jonas@example.com")).get(room(incident)))

    assert "Stolen keys" in mine
    assert f"caused by {secret.ref}" in mine
    assert "Stolen keys" not in others
    assert secret.ref not in others
    assert "caused by another incident" in others


def test_what_it_was_merged_into_is_not_named_to_who_may_not_see_that(
    app: Flask, client: FlaskClient, maya: Person
) -> None:
    incident, into = an_incident(by=maya), an_incident(by=maya)
    actions.merge(incident, into=into, by=maya.as_actor())
    actions.change_visibility(into, to="restricted", by=maya.as_actor(), viewer_person=maya)
    db.session.commit()
    sign_in(client, maya)
    other = sign_in(app.test_client(), make_person("jonas@example.com"))

    for page, goes_on in (("", "It goes on in"), ("/reopening", "Go on in")):
        assert f"{goes_on} {into.ref}" in words(client.get(room(incident) + page))
        assert into.ref not in other.get(room(incident) + page).text
    assert "merged it into another incident" in words(other.get(room(incident)))


def test_every_kind_of_entry_has_a_sentence_of_its_own() -> None:
    from incidents.console.entry_sentences import _SENTENCES
    from incidents.records.timeline import KINDS

    assert sorted(set(KINDS) - set(_SENTENCES)) == []


def test_no_page_carries_a_style_or_a_handler_of_its_own(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = investigated(clock, maya)
    sign_in(client, maya)

    for path in (
        "/console/",
        "/console/incidents",
        "/console/incidents/new",
        room(incident),
        f"{room(incident)}/updates",
    ):
        page = client.get(path).text
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]* src=)", page), path


def test_the_room_asks_a_fixed_number_of_questions_however_long_its_story(
    app: Flask, client: FlaskClient, maya: Person, count_queries: list[str]
) -> None:
    incident = an_incident(by=maya)
    actions.acknowledge(incident, by=maya.as_actor())
    actions.add_note(incident, by=maya.as_actor(), body="one")
    db.session.commit()
    sign_in(client, maya)
    client.get(room(incident))
    count_queries.clear()
    client.get(room(incident))
    few = len(count_queries)
    for number in range(50):
        actions.add_note(incident, by=maya.as_actor(), body=f"note {number}")
    db.session.commit()
    count_queries.clear()
    client.get(room(incident))

    assert len(count_queries) == few
    assert few <= 64


def test_a_step_that_was_jumped_over_is_called_skipped_and_not_done(
    app: Flask, client: FlaskClient, clock: WoundClock, maya: Person
) -> None:
    incident = investigated(clock, maya)
    actions.resolve(incident, by=maya.as_actor(), summary="Failover", reason="It was quick")
    db.session.commit()
    sign_in(client, maya)

    page = words(client.get(room(incident)))

    assert "Mitigation skipped" in page
    assert "Resolved 03:30 CET (02:30 UTC), lasted 16 min" in page
    assert "API was degraded" in page
    assert f'href="{room(incident)}/steps?step=postmortem"' in client.get(room(incident)).text


def test_the_console_bears_our_name_until_the_page_has_one(app: Flask, client: FlaskClient, maya: Person) -> None:
    from incidents.published.page_settings import change_page_settings

    sign_in(client, maya)
    before = client.get("/console/").text
    change_page_settings(name="AI Perception")
    db.session.commit()

    assert "Now · Sevenbells</title>" in before
    assert "Now · AI Perception</title>" in client.get("/console/").text
