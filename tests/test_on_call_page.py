"""On call: what the first line says about me, the drawn week, who is paged, and what is not covered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from incidents.actions import oncall, oncall_roles, overrides, people, rotations, vacancies
from incidents.console.on_call.week import fitting
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.people import Person, find_person
from tests.browsing import words
from tests.conftest import WoundClock
from tests.factories_people import make_person, post, sign_in
from tests.on_call import the_engineers

PAGE = "/console/on-call"


@pytest.fixture
def team(client: FlaskClient) -> dict[str, Person]:
    """Maya, signed in, and two colleagues, all in Berlin."""
    found = {
        name: make_person(f"{name}@example.com", name=full, role=role, zone="Europe/Berlin")
        for name, full, role in (
            ("maya", "Maya Lindqvist", "responder"),
            ("priya", "Priya Raman", "responder"),
            ("helena", "Helena Okafor", "admin"),
        )
    }
    sign_in(client, found["maya"])
    return found


def test_who_is_on_call_reads_so_first(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["priya"], team["maya"])

    said = words(client.get(PAGE))

    assert "You are on call until 09:00 Then Priya Raman. Your next shift starts Mon 30 Nov, 09:00." in said
    assert "Maya Lindqvist On call to 09:00" in said
    assert "Shifts change Mondays at 09:00." in said


def test_a_layer_for_the_nights_changes_more_often_than_turns_do(client: FlaskClient, team: dict[str, Person]) -> None:
    rotation = the_engineers(team["priya"], team["maya"])
    days = rotations.layers_given(rotation)[0]
    nights = replace(days, people=[team["helena"]], hours=("22:00", "06:00"))
    rotations.change_rotation(rotation, by=COMMAND_LINE, layers=[days, nights])
    db.session.commit()

    assert "Shifts change" not in words(client.get(PAGE))


def test_who_is_not_on_call_reads_who_is(client: FlaskClient, team: dict[str, Person], clock: WoundClock) -> None:
    the_engineers(team["priya"], team["maya"])
    clock.forward(hours=12)
    sign_in(client, team["maya"])

    said = words(client.get(PAGE))

    assert "You are not on call Priya Raman is, until Mon 30 Nov, 09:00. Then you." in said
    assert "On call to" not in said


def test_nobody_on_call_is_the_first_thing_said(
    client: FlaskClient, team: dict[str, Person], clock: WoundClock
) -> None:
    rotation = the_engineers(team["maya"], team["priya"], hours=("09:00", "17:00"))

    page = client.get(PAGE)

    assert "Nobody is on call until 09:00 Then you." in words(page)
    assert "Nobody is on call. A P1 would reach nobody." in words(page)
    oncall_roles.assign("cto", by=COMMAND_LINE, tell=["person:helena@example.com"])
    db.session.commit()
    assert "Nobody is on call. P1 goes straight to the CTO." in words(client.get(PAGE))
    oncall_roles.assign("engineering_lead", by=COMMAND_LINE, tell=["person:priya@example.com"])
    db.session.commit()
    assert "Nobody is on call. P1 goes straight to the engineering lead." in words(client.get(PAGE))
    assert f"/console/on-call/overrides/new?rotation={rotation.id}&amp;from=2026-11-23T03:14" in page.text


def test_the_first_days_say_what_happens_and_what_to_do(client: FlaskClient, team: dict[str, Person]) -> None:
    assert "Nobody takes turns yet" in words(client.get(PAGE))
    assert "New rotation" not in words(client.get(PAGE))
    assert "Whoever declares it, at once" in words(client.get(PAGE))

    sign_in(client, team["helena"])

    assert "Make a rotation" in words(client.get(PAGE))


def test_the_week_is_drawn_said_and_listed(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["priya"], team["maya"])
    oncall_roles.assign("cto", by=COMMAND_LINE, tell=["person:helena@example.com"])

    page = client.get(PAGE).text

    assert (
        'aria-label="On-call engineer: You until Mon 23 Nov, 09:00, then Priya Raman until Mon 30 Nov, 00:00. '
        'CTO: Helena Okafor until Mon 30 Nov, 00:00."'
    ) in page
    assert page.count('<svg class="bar me"') == 1
    assert page.count('<svg class="bar other"') == 2
    assert "Now, 03:14" in page
    assert "<td>Sun 22 Nov, 00:00 to Mon 23 Nov, 09:00</td>" in page


def test_other_weeks_are_a_link_away(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["priya"], team["maya"])
    usual = client.get(PAGE).text
    assert f'href="{PAGE}?from=2026-11-15"' in usual
    assert f'href="{PAGE}?from=2026-11-29"' in usual

    later = client.get(f"{PAGE}?from=2026-11-29")

    assert "Sun 29 Nov to Sun 6 Dec" in words(later)
    assert "Now, " not in later.text


def test_a_week_that_is_none_is_this_week(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["priya"])

    for asked in ("yesterday", "0001-01-01", "9999-12-31", "2026-02-30"):
        assert "This week" in words(client.get(f"{PAGE}?from={asked}")), asked


def test_who_is_paged_is_a_table_with_names_of_now(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["priya"], team["maya"])
    oncall_roles.assign("engineering_lead", by=COMMAND_LINE, tell=["person:priya@example.com"])

    said = words(client.get(PAGE))

    assert "P1 Critical 15 min On-call engineer Maya Lindqvist, at once Engineering lead at 15 min Priya Raman" in said
    assert "CTO at 30 min Nobody now Every 30 min" in said


def test_a_disabled_person_leaves_a_gap_that_is_named(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["maya"], team["priya"])
    people.disable(team["priya"], by=COMMAND_LINE)

    said = words(client.get(PAGE))

    assert "Nobody (Priya Raman: the account is disabled)" in said
    assert "Nobody is on call until 09:00" in said


def test_whoever_closes_an_account_reads_what_it_leaves_behind(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["maya"], team["priya"])
    oncall_roles.assign("cto", by=COMMAND_LINE, tell=["person:priya@example.com"])
    people.disable(team["priya"], by=COMMAND_LINE)

    assert vacancies.left_by(team["priya"]) == (
        "Primary has turns of Priya Raman that nobody takes any more: change the rotation, or let somebody cover them. "
        "Nobody is on call in Primary at this moment. CTO names Priya Raman, who is told nothing: choose another there."
    )
    team["priya"].disabled_at = None
    admin = make_person("admin@example.com", role="admin")
    sign_in(client, admin)
    post(client, f"/console/settings/people/{team['priya'].id}/disabled")
    assert "The account is disabled. Primary has turns of Priya Raman" in words(client.get("/console/settings/people"))
    assert vacancies.left_by(admin) == ""


def test_a_cover_stands_there_and_can_be_undone(
    client: FlaskClient, team: dict[str, Person], clock: WoundClock
) -> None:
    rotation = the_engineers(team["priya"], team["maya"])
    made = overrides.add_override(
        rotation,
        by=COMMAND_LINE,
        person=team["maya"],
        instead_of=team["priya"],
        starts_at=clock() + timedelta(days=2, hours=14, minutes=46),
        ends_at=clock() + timedelta(days=2, hours=18, minutes=46),
    )
    assert "Wed 25 Nov, 18:00 to 22:00 You cover for Priya Raman" in words(client.get(PAGE))

    assert post(client, f"{PAGE}/overrides/{made.id}/removal").status_code == 303

    assert "You cover for" not in words(client.get(PAGE))


def test_a_viewer_reads_and_has_no_buttons(client: FlaskClient, team: dict[str, Person]) -> None:
    the_engineers(team["priya"], hours=("09:00", "17:00"))
    sign_in(client, make_person("amira@example.com", role="viewer"))

    page = client.get(PAGE)

    assert page.status_code == 200
    assert "Cover it" not in page.text
    assert "Swap or cover" not in page.text


def test_every_page_asks_little_about_on_call_however_many_rotations_there_are(
    client: FlaskClient, team: dict[str, Person], count_queries: list[str]
) -> None:
    for number in range(4):
        the_engineers(team["priya"], name=f"Rotation {number}", role="on_call_engineer" if number == 0 else None)
    client.get("/console/me")
    count_queries.clear()

    client.get("/console/me")

    # has she a place in one; and who has the one of the on-call engineer
    assert len([said for said in count_queries if "rotation" in said or "on_call" in said]) <= 8


def test_a_rotation_costs_the_same_however_often_it_changes(
    team: dict[str, Person], clock: WoundClock, count_queries: list[str]
) -> None:
    rotation = the_engineers(*team.values(), every="hour", weekday=None)
    count_queries.clear()

    found = oncall.shifts(rotation, since=clock(), until=clock() + timedelta(weeks=4))

    assert len(found) > 600
    assert len([said for said in count_queries if said.startswith("SELECT")]) <= 5


def test_names_are_cut_to_fit() -> None:
    cuts = [
        ("Priya Raman", 300, "Priya Raman"),
        ("Priya Raman", 70, "Priya"),
        ("Maximiliane von Hohenstein", 80, "Maximil…"),
        ("Priya Raman", 28, "PR"),
        ("Priya Raman", 10, ""),
        ("王小明", 70, "王小明"),
        ("", 100, ""),
    ]
    assert [fitting(name, pixels) for name, pixels, _shown in cuts] == [shown for *_given, shown in cuts]


def test_twelve_people_with_long_names_fit_on_one_page(client: FlaskClient, team: dict[str, Person]) -> None:
    crowd = [
        make_person(f"person{number}@example.com", name=f"Person {'With A Very Long Name ' * 3}{number}", password=None)
        for number in range(12)
    ]
    the_engineers(*crowd, every="day", weekday=None)
    for slug in ("engineering_lead", "cto", "security", "legal"):
        oncall_roles.assign(slug, by=COMMAND_LINE, tell=[f"person:{person.email}" for person in crowd[:3]])
    db.session.commit()

    page = client.get(PAGE)

    assert page.status_code == 200
    assert find_person("person11@example.com") is not None
    assert "and 9 more" not in page.text
