"""The library: what is found by which words, in which order, by whom, and that it is current in every transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents import actions
from incidents.access.visibility import visible_incidents, visible_to
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.policy import asked_words
from incidents.policy.asked_words import excerpt
from incidents.records import library
from incidents.records.people import Person
from incidents.records.tags import IncidentTag
from incidents.reports import search
from incidents.reports.search import Hit, Kind, Narrowing
from tests.factories import a_component, an_incident
from tests.factories_people import make_person, sign_in
from tests.programs import Program


def found(words: str, viewer: Person, *, sees_drafts: bool = True, **more: Any) -> list[Hit]:
    db.session.flush()
    asked = asked_words.read(words)
    return search.find(asked, seen=visible_to(viewer), sees_drafts=sees_drafts, **more).hits


def told(words: str, viewer: Person, **more: Any) -> list[tuple[str, str]]:
    return [(str(hit.kind), hit.incident.ref) for hit in found(words, viewer, **more)]


def test_words_are_found_whatever_their_accents_case_and_script(app: Flask) -> None:
    maya = make_person()
    incident = an_incident(by=maya, title="Zürich: Straßen-Dienst fällt aus")
    actions.add_note(incident, by=maya.as_actor(), body="支付系统故障, Łódź is fine")

    for words in ("zurich", "ZÜRICH strasse", "fallt au", '"strassen dienst"', "dienst"):
        assert told(words, maya) == [("incident", incident.ref)], words
    for words in ("系统", "障", "lodz", "付系"):
        assert told(words, maya) == [("timeline", incident.ref)], words
    for words in ('"strassen aus"', "urich", "系障", '"diens"'):
        assert told(words, maya) == [], words


def test_a_number_comes_first_then_titles_then_what_was_said_and_the_newest_of_each(app: Flask) -> None:
    maya = make_person()
    said = an_incident(by=maya, title="Checkout", impact="The queue is full")
    older, newer = (an_incident(by=maya, title=f"Queue {name}") for name in ("north", "south"))
    actions.add_note(older, by=maya.as_actor(), body="queue drained")
    actions.post_update(older, by=maya.as_actor(), body="The queue is slow", audience="internal")

    whole = [
        ("incident", newer.ref),
        ("incident", older.ref),
        ("incident", said.ref),
        ("update", older.ref),
        ("timeline", older.ref),
    ]
    assert told("queue", maya) == whole
    assert told(newer.ref, maya)[0] == ("incident", newer.ref)
    assert told("queue", maya, narrowing=Narrowing(kinds=[Kind.TIMELINE])) == whole[-1:]

    paged, after = [], None
    while True:
        page = search.find(asked_words.read("queue"), seen=visible_to(maya), sees_drafts=True, limit=2, after=after)
        paged += [(str(hit.kind), hit.incident.ref) for hit in page.hits]
        after = page.last
        if after is None:
            break
    assert paged == whole


def test_only_what_a_text_says_now_is_found(app: Flask) -> None:
    maya = make_person()
    by = maya.as_actor()
    incident = an_incident(by=maya, title="Cache cold")
    entry = actions.add_note(incident, by=by, body="Redis is evicting")
    update = actions.post_update(incident, by=by, body="Sessions are lost", audience="internal")
    draft = actions.post_update(incident, by=by, body="Maybe a sabotage", audience="internal", draft=True)
    assert told("redis", maya)
    assert told("sessions", maya)

    actions.correct_entry(entry, incident, by=by, body="Memcached is evicting")
    actions.revise_update(incident, update, by=by, body="Logins are lost")
    actions.rename(incident, title="Store cold", by=by)
    assert [told(words, maya) for words in ("redis", "sessions", "cache")] == [[], [], []]
    assert [len(told(words, maya)) for words in ("memcached", "logins", "store")] == [1, 1, 1]

    assert told("sabotage", maya)
    assert not told("sabotage", maya, sees_drafts=False)
    actions.withdraw_update(incident, draft, by=by)
    actions.withdraw_update(incident, update, by=by)
    assert told("sabotage", maya) == told("logins", maya) == []

    db.session.rollback()
    assert told("memcached", maya) == []
    assert told("cache", maya) == [("incident", incident.ref)]


def test_a_search_is_narrowed_by_severity_component_tag_and_time(app: Flask) -> None:
    maya = make_person()
    billing = a_component("Billing")
    old = an_incident(
        by=maya,
        title="Queue old",
        severity="P3",
        detected_at=clock.now() - timedelta(days=3),
        components={billing: "major_outage"},
    )
    new = an_incident(by=maya, title="Queue new")
    actions.set_tags(new, ["Kafka"], by=maya.as_actor())
    day_ago = clock.now() - timedelta(days=1)

    def narrowed(**by: Any) -> list[str]:
        return [hit.incident.ref for hit in found("queue", maya, narrowing=Narrowing(**by))]

    assert narrowed(severities=["P3"]) == narrowed(component=billing) == narrowed(until=day_ago) == [old.ref]
    assert narrowed(tag="kafka") == narrowed(since=day_ago) == [new.ref]
    # its component and its tag are words of it too
    assert told("queue billing", maya) == [("incident", old.ref)]
    assert told("queue kafka", maya) == [("incident", new.ref)]


def test_the_catalogue_made_anew_finds_the_same(app: Flask) -> None:
    maya = make_person()
    incident = an_incident(by=maya, title="Disk full", impact="Nothing is saved")
    actions.add_note(incident, by=maya.as_actor(), body="Inodes are gone")
    before = [told(words, maya) for words in ("disk", "saved", "inodes")]
    db.session.execute(library.ENTRIES.delete())
    assert told("inodes", maya) == []

    assert library.rebuild(db.session.connection()) == 2

    assert [told(words, maya) for words in ("disk", "saved", "inodes")] == before


_WORDS = ("queue", "disk", "kafka", "full", "cold", "zürich")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4),
            st.sampled_from(["title", "note", "update", "tag"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=2),
)
def test_a_search_never_shows_what_is_hidden(
    app: Flask, texts: list[tuple[list[str], str, bool]], wanted: list[str]
) -> None:
    owner = db.session.query(Person).filter_by(email="owner@example.com").first() or make_person("owner@example.com")
    other = db.session.query(Person).filter_by(email="other@example.com").first() or make_person(
        "other@example.com", role="admin"
    )
    by = owner.as_actor()
    for words, where, is_secret in texts:
        body = " ".join(words)
        incident = actions.declare(
            title=body if where == "title" else "Trouble", severity="P3", by=by, is_security=is_secret
        )
        if where == "note":
            actions.add_note(incident, by=by, body=body)
        elif where == "update":
            actions.post_update(incident, by=by, body=body, audience="internal")
        elif where == "tag":
            actions.set_tags(incident, words, by=by)
    db.session.commit()
    may_see = {incident.id for incident in db.session.scalars(visible_incidents(other))}

    theirs = found(" ".join(wanted), other, limit=500)
    all_of_it = found(" ".join(wanted), owner, limit=500)

    assert {hit.incident.id for hit in theirs} == {hit.incident.id for hit in all_of_it} & may_see


def test_a_snippet_shows_the_words_where_they_stand() -> None:
    asked = asked_words.read('pool "of the" zur')
    text = "x " * 200 + "The connection pool of the Zürich database is exhausted. " + "y " * 200

    parts = excerpt(text, asked)

    assert [part.text for part in parts if part.is_found] == ["pool", "of the", "Zürich"]
    assert (parts[0].text, parts[-1].text) == ("…", "…")
    assert sum(len(part.text) for part in parts) < 200


def test_programs_search_with_pages_and_filters(app: Flask) -> None:
    maya = make_person()
    first = an_incident(by=maya, title="Queue <b>one</b>")
    actions.add_note(first, by=maya.as_actor(), body="the queue again")
    an_incident(by=maya, title="Queue hidden", is_security=True)
    program = Program(app, scope="read")

    page = program.get("/search?q=queue&limit=1")
    (hit,) = page.get_json()["items"]
    assert (hit["kind"], hit["ref"], hit["title"]) == ("incident", first.ref, "Queue <b>one</b>")
    following = page.headers["Link"].split(">")[0].lstrip("<").partition("/api/")[2]
    (said,) = program.get(f"/api/{following}").get_json()["items"]
    assert (said["kind"], said["snippet"], said["source"]) == ("timeline", "the queue again", "Note, Maya")
    assert f"/console/incidents/{first.ref}?entry=" in said["url"]

    assert program.get("/search?q=queue&what=update").json == {"items": []}
    assert program.get("/search?q=queue&what=everything").status_code == 422
    assert program.get("/search", query_string={"q": '"(' * 50_000}).json == {"items": []}


def test_the_page_marks_what_was_found_and_keeps_its_filters(app: Flask, client: FlaskClient) -> None:
    maya = make_person(role="responder")
    for number in range(22):
        an_incident(by=maya, title=f"<i>Queue</i> {number}", severity="P3")
    db.session.add(IncidentTag(incident_id=1, tag="kafka", at=clock.now(), by_name="Maya"))
    db.session.commit()
    sign_in(client, maya)

    page = client.get("/console/search?q=que&severity=P3&what=incident").text
    assert "&lt;i&gt;<mark>Queue</mark>&lt;/i&gt; 21" in page
    assert "/console/search?q=que&amp;what=incident&amp;severity=P3&amp;after=0-3" in page
    assert "<mark>Queue</mark>&lt;/i&gt; 0" in client.get("/console/search?q=que&severity=P3&after=0-3").text
    assert "Nothing with these words fits" in client.get("/console/search?q=que&severity=P1").text
    assert "Give a day" in client.get("/console/search?q=que&since=yesterday").text
    assert "Queue</mark>&lt;/i&gt; 0" in client.get("/console/search?q=que&tag=KAFKA").text
