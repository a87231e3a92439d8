"""Rotations: the list, the month of each, and an editor that shows the next four weeks before it saves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from incidents.actions import handovers, matrix, oncall, oncall_roles, rotations
from incidents.actions import words as policy_words
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.oncall import Rotation, layers_of, members_of
from incidents.records.people import Person
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories_people import make_person, post, sign_in
from tests.on_call import letters, the_engineers

LIST = "/console/on-call/rotations"


@pytest.fixture
def team(client: FlaskClient) -> dict[str, Person]:
    """Helena, an administrator, signed in, and two who take turns."""
    found = {
        name: make_person(f"{name}@example.com", name=name.title(), role=role, zone="Europe/Berlin")
        for name, role in (("maya", "responder"), ("priya", "responder"), ("helena", "admin"))
    }
    sign_in(client, found["helena"])
    return found


def typed(**more: Any) -> dict[str, Any]:
    """A whole form: Maya and Priya, weekly."""
    return {
        "name": "Primary",
        "zone": "Europe/Berlin",
        "announces": "1",
        "kept": "here",
        "layers": "1",
        "layer-1-person": ["maya@example.com", "priya@example.com"],
        "layer-1-every": "week",
        "layer-1-count": "1",
        "layer-1-weekday": "0",
        "layer-1-at": "09:00",
        "layer-1-starts_on": "2026-11-23",
        **more,
    }


def only() -> Rotation:
    db.session.commit()
    return db.session.query(Rotation).one()


def test_a_rotation_is_made_by_its_form(client: FlaskClient, team: dict[str, Person]) -> None:
    answer = post(client, LIST, typed())

    assert answer.status_code == 303, answer.text
    rotation = only()
    (layer,) = layers_of(rotation.id)
    assert (rotation.name, rotation.zone, layer.every, layer.weekday, layer.at) == (
        "Primary",
        "Europe/Berlin",
        "week",
        0,
        "09:00",
    )
    assert members_of(rotation.id)[layer.id] == [team["maya"].id, team["priya"].id]
    assert "Maya, Priya; changing Mondays at 09:00 in Berlin." in words(client.get(LIST))
    assert "No rotation is the on-call engineer's." in words(client.get("/console/on-call"))


def test_the_first_rotation_becomes_the_on_call_engineers(client: FlaskClient, team: dict[str, Person]) -> None:
    assert "P1 and P2 page whoever has the turn here" in words(client.get(f"{LIST}/new"))
    post(client, LIST, typed(engages="1"))
    assert oncall.words_of_role("on_call_engineer") == [f"rotation:{only().id}"]

    assert "P1 and P2 page" not in words(client.get(f"{LIST}/new"))
    post(client, LIST, typed(name="Secondary", engages="1"))
    assert len(oncall.words_of_role("on_call_engineer")) == 1


def test_the_next_weeks_are_shown_before_anything_is_saved(client: FlaskClient, team: dict[str, Person]) -> None:
    shown = post(client, LIST, typed(act="preview"))

    assert shown.status_code == 200
    assert "09:00 Maya" in shown.text
    assert "Mon 30 Nov, 09:00" in words(shown)
    assert "1 time without anybody" in words(shown)  # from midnight to the first hand-over
    assert db.session.query(Rotation).count() == 0


def test_people_and_layers_are_moved_by_buttons(client: FlaskClient, team: dict[str, Person]) -> None:
    moved = post(client, LIST, typed(act="down-1-1")).text
    assert moved.index('value="priya@example.com"><span class="no"') < moved.index(
        'value="maya@example.com"><span class="no"'
    )

    added = post(client, LIST, typed(act="add-1", **{"layer-1-new": "helena@example.com"})).text
    assert added.count('name="layer-1-person"') == 3

    removed = post(client, LIST, typed(act="remove-1-2")).text
    assert removed.count('name="layer-1-person"') == 1

    layered = post(client, LIST, typed(act="layer-add")).text
    assert 'name="layers" value="2"' in layered
    assert "Layer 2" in layered
    for nonsense in ("up-9-9", "down-1-77", "layer-up-x", "remove-1", "add-", "layer-", "🔥", "up-1-²"):
        assert post(client, LIST, typed(act=nonsense)).text.count('name="layer-1-person"') == 2
    assert db.session.query(Rotation).count() == 0


def test_the_focus_goes_with_whoever_was_moved(client: FlaskClient, team: dict[str, Person]) -> None:
    three = {"layer-1-person": ["maya@example.com", "priya@example.com", "helena@example.com"]}
    for act, focused in (
        ("down-1-1", "down-1-2"),
        ("down-1-2", "up-1-3"),
        ("up-1-2", "down-1-1"),
        ("up-1-3", "up-1-2"),
        ("layer-add", "layer-add"),
        ("layer-remove-1", "layer-add"),
    ):
        page = post(client, LIST, typed(act=act, **three)).text

        assert re.findall(r'name="act" value="([^"]+)"[^>]* data-focus', page) == [focused], act
    for act in ("add-1", "remove-1-2"):
        page = post(client, LIST, typed(act=act, **three)).text

        assert 'name="layer-1-new" data-focus' in page, act


def test_what_is_wrong_stands_beside_its_field(client: FlaskClient, team: dict[str, Person]) -> None:
    wrong = typed(
        name="",
        **{"layer-1-person": [], "layer-1-count": "many", "layer-1-starts_on": "soon", "layer-1-hours_from": "09:00"},
    )

    answer = post(client, LIST, wrong)

    assert answer.status_code == 422
    assert "Error: New rotation" in answer.text
    for anchor in ("layer-1-count", "layer-1-starts_on", "layer-1-hours_from"):
        assert f'href="#{anchor}"' in answer.text
        assert f'id="{anchor}"' in answer.text
    assert 'value="many"' in answer.text
    empty = post(client, LIST, typed(**{"layer-1-person": []}))
    assert 'href="#layer-1-people"' in empty.text
    assert "Put at least one person into the rotation." in words(empty)


def test_nonsense_is_refused_and_changes_nothing(client: FlaskClient, team: dict[str, Person]) -> None:
    for more in (
        {"zone": "Mars/Olympus"},
        {"layers": "999999999999"},
        {"layer-1-at": "25:99"},
        {"layer-1-count": "0"},
        {"layer-1-every": "fortnight"},
        {"layer-1-starts_on": "9999-12-31"},
        {"layer-1-person": ["nobody@example.com"]},
        {"layer-1-weekdays": ["8"]},
        {"kept": "elsewhere", "source_url": "javascript:alert(1)"},
        {"kept": "elsewhere", "source_url": ""},
        {"name": "x" * 200},
    ):
        answer = post(client, LIST, typed(**more))

        assert answer.status_code == 422, more
        assert "There is a problem" in answer.text
    assert db.session.query(Rotation).count() == 0


def test_a_calendar_kept_elsewhere_is_shown_masked(client: FlaskClient, team: dict[str, Person]) -> None:
    secret = "https://calendars.example.com/private-4f1c/on-call.ics"
    assert post(client, LIST, typed(kept="elsewhere", source_url=secret, layers="0")).status_code == 303
    rotation = only()
    rotation.source_problem = "The calendar answered 404."

    page = client.get(f"{LIST}/{rotation.id}/edit")

    assert "https://calendars.example.com/…" in words(page)
    assert "private-4f1c" not in page.text
    assert "The calendar answered 404." in words(page)
    kept = typed(kept="elsewhere", source_url="", layers="0", name="Renamed", version=rotation.version)
    assert post(client, f"{LIST}/{rotation.id}/edit", kept).status_code == 303
    assert only().source_url == secret


def test_only_a_calendar_that_was_read_once_is_said_to_hold_still(
    client: FlaskClient, team: dict[str, Person], clock: WoundClock
) -> None:
    source = "https://calendars.example.com/on-call.ics"
    post(client, LIST, typed(kept="elsewhere", source_url=source, layers="0"))
    only().source_problem = "The calendar answered 404."
    db.session.commit()

    page = f"{LIST}/{only().id}"
    assert "404. Nothing was read from it yet." in words(client.get(page))

    only().source_read_at = clock()
    db.session.commit()
    assert "404. What was read last still holds." in words(client.get(page))


def test_a_place_that_names_nobody_is_said_to_want_a_person(client: FlaskClient, team: dict[str, Person]) -> None:
    answer = post(client, LIST, typed(**{"layer-1-person": ["maya@example.com", ""]}))

    assert answer.status_code == 422
    assert "One place names nobody: choose a person there, or remove it." in words(answer)


def test_a_name_cannot_turn_the_letters_around_it(app: Flask, team: dict[str, Person]) -> None:
    rotation = the_engineers(team["maya"])
    rotations.change_rotation(rotation, by=COMMAND_LINE, name="\u202eevil\u202c \u2067 night")
    levels = [{"label": "\u202eevil", "after_minutes": 0, "tell": ["responders"]}]
    (level,) = matrix.change_levels("P1", by=COMMAND_LINE, levels=levels)

    assert rotation.name == "evil night"
    assert level.label == "evil"


def test_the_second_of_two_editors_sees_both(client: FlaskClient, team: dict[str, Person]) -> None:
    rotation = the_engineers(team["maya"], team["priya"])
    seen = rotation.version
    rotations.change_rotation(rotation, by=COMMAND_LINE, name="Renamed by another")
    db.session.commit()
    path, mine = f"{LIST}/{rotation.id}/edit", typed(version=seen, **{"layer-1-person": ["helena@example.com"]})

    told = post(client, path, mine)

    assert told.status_code == 409
    assert "Somebody was faster" in words(told)
    assert "Maya, Priya; changing Mondays at 09:00 in Berlin." in words(told)
    assert 'value="helena@example.com"' in told.text
    assert only().name == "Renamed by another"
    assert post(client, path, {**mine, "version": only().version}).status_code == 303
    assert only().name == "Primary"


def test_a_month_says_who_comes_when(client: FlaskClient, team: dict[str, Person], clock: WoundClock) -> None:
    rotation = the_engineers(team["maya"], team["priya"])

    page = client.get(f"{LIST}/{rotation.id}")

    assert "November 2026" in words(page)
    assert "09:00 Priya" in page.text
    assert "Priya Mon 16 Nov, 09:00 to Mon 23 Nov, 09:00" in words(page)
    assert "Priya Mon 30 Nov, 09:00 to Mon 7 Dec, 09:00" in words(page)
    assert f"{LIST}/{rotation.id}?month=2026-12" in page.text
    assert f"/console/on-call/overrides/new?rotation={rotation.id}&amp;from=2026-11-30T09:00" in page.text
    december = words(client.get(f"{LIST}/{rotation.id}?month=2026-12"))
    assert "December 2026" in december
    assert "This month" in december
    assert "November 2026" in words(client.get(f"{LIST}/{rotation.id}?month=nonsense"))


def test_a_rotation_in_use_is_not_archived(client: FlaskClient, team: dict[str, Person]) -> None:
    rotation = the_engineers(team["maya"])
    path = f"{LIST}/{rotation.id}/archived"

    refused = post(client, path)
    assert refused.status_code == 409
    assert "Primary is used by On-call engineer." in words(refused)

    oncall_roles.assign("on_call_engineer", by=COMMAND_LINE, tell=["person:maya@example.com"])
    assert post(client, path).status_code == 303
    assert client.get(f"{LIST}/{rotation.id}/edit").status_code == 404
    assert "Archived" in words(client.get(f"{LIST}/{rotation.id}"))


def test_an_archived_rotation_is_restored_as_it_was_planned_and_pages_nobody_by_itself(
    client: FlaskClient, team: dict[str, Person], clock: WoundClock
) -> None:
    rotation = the_engineers(team["maya"], team["priya"], role=None)
    post(client, f"{LIST}/{rotation.id}/archived")
    assert f'action="{LIST}/{rotation.id}/restored"' in client.get(LIST).text
    clock.forward(days=14)
    sign_in(client, team["helena"])

    answer = post(client, f"{LIST}/{rotation.id}/restored")

    assert answer.headers["Location"] == f"{LIST}/{rotation.id}"
    page = words(client.get(f"{LIST}/{rotation.id}"))
    assert "Primary is back. No role points to it yet, so nobody is paged by it." in page
    assert "Priya until Mon 7 Dec, 09:00, then Maya" in page
    assert "Archived" not in words(client.get(LIST))
    assert handovers.announce() == 0
    assert letters() == []


def test_a_policy_of_a_running_incident_says_that_the_rotation_it_names_is_archived(
    client: FlaskClient, team: dict[str, Person]
) -> None:
    rotation = the_engineers(team["maya"], role=None)
    word = f"rotation:{rotation.id}"
    rotations.archive_rotation(rotation, by=COMMAND_LINE)

    assert policy_words.labels([word], policy_words.choices()) == {word: "Primary, which is archived"}


def test_only_an_administrator_edits(client: FlaskClient, team: dict[str, Person]) -> None:
    rotation = the_engineers(team["maya"])
    sign_in(client, team["maya"])

    assert client.get(f"{LIST}/{rotation.id}").status_code == 200
    assert client.get(f"{LIST}/{rotation.id}/edit").status_code == 403
    assert post(client, f"{LIST}/{rotation.id}/edit", typed()).status_code == 403
