"""Notes, corrections, details and relations: written once, never lost, never run as code."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from incidents import actions
from incidents.kernel.database import db
from incidents.records.incidents import Incident
from incidents.records.people import Person
from incidents.records.timeline import TimelineEntry
from tests.acting import act, browser_of, entries, main_of, opened, room, send
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"


def test_a_note_bears_its_time_in_the_writers_zone_and_its_link(app: Flask) -> None:
    client, maya = browser_of(app, zone="Europe/Berlin")
    incident = an_incident(by=maya)

    answer = act(
        client,
        f"{room(incident)}/notes",
        kind="decision",
        body="Fail over\r\nto the second region",
        at="2026-11-23T02:30",
        link="https://graphs.example.com/d/1",
    )

    assert (answer.status_code, answer.location) == (303, room(incident))
    (entry,) = entries(incident, "decision")
    assert (entry.body, entry.at, entry.link) == (
        "Fail over\nto the second region",
        datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
        "https://graphs.example.com/d/1",
    )


def test_a_double_click_writes_one_note_and_the_same_words_later_another(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    form = opened(client, f"{room(incident)}/notes")

    for _ in range(2):
        assert send(client, f"{room(incident)}/notes", form, body="Still slow").status_code == 303
    assert len(entries(incident, "note")) == 1
    assert act(client, f"{room(incident)}/notes", body="Still slow").status_code == 303
    assert len(entries(incident, "note")) == 2


def test_the_rooms_quick_form_that_does_not_say_when_it_was_opened_is_sent_once_within_ten_seconds(
    app: Flask, clock: WoundClock
) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    token = {"csrf_token": opened(client, f"{room(incident)}/notes")["csrf_token"]}

    for _ in range(2):
        send(client, f"{room(incident)}/notes", token, body="Still slow")
    assert len(entries(incident, "note")) == 1
    clock.forward(seconds=11)
    send(client, f"{room(incident)}/notes", token, body="Still slow")
    assert len(entries(incident, "note")) == 2


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"body": " "}, "body"),
        ({"body": "x" * 20_001}, "body"),
        ({"body": "kept", "at": "yesterday"}, "at"),
        ({"body": "kept", "at": "2027-01-01T00:00"}, "at"),
        ({"body": "kept", "at": "0001-01-01T00:00"}, "at"),
        ({"body": "kept", "link": "javascript:alert(1)"}, "link"),
        ({"body": "kept", "link": "https://"}, "link"),
    ],
)
def test_what_is_wrong_with_a_note_stands_beside_its_field_and_the_words_are_kept(
    app: Flask, typed: dict[str, str], field: str
) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)

    answer = act(client, f"{room(incident)}/notes", **typed)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert "<title>Error: " in answer.text
    assert typed["body"].strip()[:100] in answer.text
    assert not entries(incident, "note")


def test_hostile_words_are_text_on_every_form_that_shows_them(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya, title=HOSTILE, impact=HOSTILE)
    other = an_incident(by=maya, title=HOSTILE)
    actions.add_note(incident, by=maya.as_actor(), body=HOSTILE)
    actions.relate(incident, to=other, kind="caused_by", by=maya.as_actor())
    (note,) = entries(incident, "note")

    for noun in (
        "details",
        "relations",
        "merge",
        "notes",
        f"timeline/{note.id}",
        "roles",
        "deliveries",
        "communication",
    ):
        page = client.get(f"{room(incident)}/{noun}")
        assert "<img src=x" not in page.text, noun
        assert ESCAPED in page.text, noun
    refused = act(client, f"{room(incident)}/notes", body=HOSTILE, link=HOSTILE)
    assert refused.status_code == 422
    assert "<img src=x" not in refused.text


def test_the_template_is_plain_text_whatever_is_in_it(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya, title=HOSTILE)

    answer = client.get(f"{room(incident)}/communication.txt")

    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text.startswith(f"INCIDENT: {HOSTILE}\nSEVERITY: P1\n")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_template_for_the_public_holds_no_internal_words(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    actions.post_update(incident, by=maya.as_actor(), body="Public words", audience="public")
    actions.post_update(incident, by=maya.as_actor(), body="Inside words", audience="internal")

    page = client.get(f"{room(incident)}/communication")
    public = client.get(f"{room(incident)}/communication.txt?for=public")

    assert "CURRENT STATUS: Inside words" in page.text
    assert "CURRENT STATUS: Public words" in page.text
    assert "Inside words" not in public.text


def _a_note(incident: Incident, by: Person, body: str = "Restarted the pool") -> TimelineEntry:
    entry = actions.add_note(incident, by=by.as_actor(), body=body)
    db.session.commit()
    return entry


def test_a_correction_keeps_the_original_and_shows_it(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    entry = _a_note(incident, maya)
    path = f"{room(incident)}/timeline/{entry.id}"

    answer = act(client, path, body="Restarted the <second> pool", at="2026-11-23T02:00")

    assert (answer.status_code, answer.location) == (303, room(incident))
    assert (entry.body, entry.at) == ("Restarted the <second> pool", datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    page = client.get(path).text
    assert "What it said before" in page
    assert "Restarted the pool" in page
    assert "see original" in client.get(room(incident)).text


def test_a_correction_sent_twice_is_one_and_an_untouched_form_is_none(app: Flask, clock: WoundClock) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    clock.forward(seconds=17)
    entry = _a_note(incident, maya)
    path = f"{room(incident)}/timeline/{entry.id}"
    form = opened(client, path)

    assert send(client, path, form, body="Restarted the pool", at="2026-11-23T02:14").status_code == 303
    assert entry.corrected_at is None
    for _ in range(2):
        assert send(client, path, form, body="Restarted it", at="2026-11-23T02:14").status_code == 303
    assert main_of(client.get(path)).count("corrected by") == 1


def test_two_corrections_at_once_show_both_texts(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya)
    entry = _a_note(incident, maya)
    path = f"{room(incident)}/timeline/{entry.id}"
    form = opened(client, path)
    actions.correct_entry(entry, incident, by=jonas.as_actor(), body="Jonas: restarted two pools")

    refused = send(client, path, form, body="Maya: restarted one pool", at="2026-11-23T02:14")

    assert refused.status_code == 409
    assert "Jonas: restarted two pools" in refused.text
    assert "Maya: restarted one pool" in refused.text
    assert entry.body == "Jonas: restarted two pools"


def test_what_sevenbells_wrote_itself_keeps_its_words(app: Flask) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya)
    (declared,) = entries(incident, "declared")
    path = f"{room(incident)}/timeline/{declared.id}"

    assert '<textarea id="body"' not in client.get(path).text
    assert act(client, path, body="Something else", at="2026-11-23T02:00").status_code == 303
    assert (declared.body, declared.at.minute) == ("", 0)


def test_an_entry_of_another_incident_is_not_found_and_neither_is_a_number_without_end(app: Flask) -> None:
    client, maya = browser_of(app)
    incident, other = an_incident(by=maya), an_incident(by=maya)
    (entry,) = entries(other, "declared")

    for number in (entry.id, 999_999, 10**30):
        assert client.get(f"{room(incident)}/timeline/{number}").status_code == 404, number


def test_details_change_once_each_with_one_line_on_the_timeline(app: Flask) -> None:
    client, maya = browser_of(app, zone="Europe/Berlin")
    incident = an_incident(by=maya)
    path = f"{room(incident)}/details"
    form = opened(client, path)
    typed = {
        "title": "AI provider limits us",
        "impact": "400 users\r\nsee errors",
        "detected_at": "2026-11-23T03:10",
        "impact_started_at": "2026-11-23T03:00",
        "cause": "dependency",
    }

    for _ in range(2):
        assert send(client, path, form, **typed).status_code == 303

    assert (incident.title, incident.impact, incident.cause) == (
        "AI provider limits us",
        "400 users\nsee errors",
        "dependency",
    )
    assert incident.detected_at == datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
    assert incident.impact_started_at == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert [len(entries(incident, kind)) for kind in ("title", "impact", "cause", "event")] == [1, 1, 1, 2]


def test_a_time_that_the_clocks_leave_out_is_the_first_instant_after_the_gap(app: Flask, clock: WoundClock) -> None:
    clock.set(datetime(2027, 4, 1, 12, 0, tzinfo=UTC))
    client, maya = browser_of(app, zone="Europe/Berlin")
    incident = an_incident(by=maya)

    act(client, f"{room(incident)}/details", title=incident.title, impact_started_at="2027-03-28T02:30")

    assert incident.impact_started_at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_two_people_who_change_the_same_text_see_both_and_different_texts_both_stand(app: Flask) -> None:
    client, maya = browser_of(app)
    jonas = make_person("jonas@example.com")
    incident = an_incident(by=maya, impact="Some users")
    path = f"{room(incident)}/details"
    form = opened(client, path)
    actions.describe_impact(incident, impact="Jonas: 400 users", by=jonas.as_actor())

    refused = send(client, path, form, title="A better title", impact="Maya: half of all users")

    assert refused.status_code == 409
    assert "Jonas: 400 users" in refused.text
    assert "Maya: half of all users" in refused.text
    assert "A better title" in refused.text
    assert (incident.title, incident.impact) == ("AI provider rate limited", "Jonas: 400 users")
    # what she left as it was shown does not put the older text back
    assert send(client, path, form, title="A better title", impact="Some users").status_code == 303
    assert (incident.title, incident.impact) == ("A better title", "Jonas: 400 users")
    # and after she saw both, she decides
    assert act(client, path, title="A better title", impact="Half of all users").status_code == 303
    assert incident.impact == "Half of all users"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"impact": ""}, "impact"),
        ({"detected_at": "2027-01-01T00:00"}, "detected_at"),
        ({"impact_started_at": "99999-01-01"}, "impact_started_at"),
        ({"cause": "gremlins"}, "cause"),
    ],
)
def test_what_is_wrong_with_a_detail_stands_beside_its_field_and_nothing_is_changed(
    app: Flask, typed: dict[str, str], field: str
) -> None:
    client, maya = browser_of(app)
    incident = an_incident(by=maya, impact="Some users")

    answer = act(client, f"{room(incident)}/details", **{"title": "Changed too", **typed})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert (incident.title, incident.impact) == ("AI provider rate limited", "Some users")


def test_a_relation_is_said_once_and_taken_back_from_either_side(app: Flask) -> None:
    client, maya = browser_of(app)
    one, other = an_incident(by=maya, title="API slow"), an_incident(by=maya, title="Vendor down")
    form = opened(client, f"{room(one)}/relations")

    for _ in range(2):
        assert send(client, f"{room(one)}/relations", form, kind="caused_by", to=other.ref).status_code == 303
    assert "Vendor down" in client.get(f"{room(one)}/relations").text
    back = client.get(f"{room(other)}/relations").text
    assert "It caused" in back
    assert "API slow" in back
    number = back.partition('name="remove" value="')[2].partition('"')[0]
    form = opened(client, f"{room(other)}/relations", holding="remove")
    for _ in range(2):
        assert send(client, f"{room(other)}/relations", form, remove=number).status_code == 303
    assert "None yet." in client.get(f"{room(one)}/relations").text
    assert (len(entries(one, "related")), len(entries(one, "unrelated"))) == (1, 1)


def test_a_relation_to_itself_of_no_kind_or_to_nothing_is_refused(app: Flask) -> None:
    client, maya = browser_of(app)
    one, other = an_incident(by=maya), an_incident(by=maya)

    for typed in (
        {"kind": "caused_by", "to": one.ref},
        {"kind": "enemy_of", "to": other.ref},
        {"kind": "caused_by", "to": "7; DROP TABLE"},
    ):
        assert act(client, f"{room(one)}/relations", **typed).status_code == 422
    assert not entries(one, "related")
