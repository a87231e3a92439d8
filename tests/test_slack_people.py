"""Who somebody in Slack is here: by e-mail, or by a page; one Slack user is one person's, and other workspaces are nobody's."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.access import slack_links
from incidents.actions import addresses, slack_people
from incidents.kernel import clock as clock_module
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.records.addresses import addresses_of
from incidents.records.people import Person
from incidents.records.slack_users import SlackUser, keep_workspace, slack_user
from tests.conftest import WoundClock
from tests.factories_people import an_address, make_person, post, sign_in

TEAM, USER = "T0ACME", "U0MAYA"


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya")


def our_workspace(team_id: str = TEAM) -> None:
    keep_workspace(team_id, "Acme", token_hash="0" * 64)
    db.session.commit()


def token_of(address: str) -> str:
    return address.rpartition("/")[2]


def link(person: Person, user: str = USER, team: str = TEAM) -> None:
    found = slack_links.read(token_of(slack_people.link_for(team, user, "https://in.example.com")))
    assert found is not None
    slack_people.link(found, person)
    db.session.commit()


def waiting() -> list[str]:
    return list(db.session.scalars(select(SlackUser.user_id).where(SlackUser.due_at.is_not(None))))


def test_who_has_the_address_is_meant_and_another_workspace_is_nobodys(maya: Person) -> None:
    an_address(maya, "slack", USER)

    assert slack_people.person_of("T0OTHER", USER) is maya
    our_workspace()

    assert slack_people.person_of(TEAM, USER) is maya
    assert slack_people.person_of("T0OTHER", USER) is None
    assert slack_people.person_of("", USER) is None
    assert waiting() == []


def test_an_address_of_two_people_or_of_a_closed_account_is_nobodys(maya: Person) -> None:
    an_address(maya, "slack", USER)
    an_address(make_person("mallory@example.com"), "slack", USER)
    an_address(make_person("gone@example.com", disabled_at=clock_module.now()), "slack", "U0GONE")

    assert slack_people.person_of(TEAM, USER) is None
    assert slack_people.person_of(TEAM, "U0GONE") is None


def test_who_is_unknown_is_asked_about_once_and_again_after_an_hour(maya: Person, clock: WoundClock) -> None:
    for _ in range(3):
        assert slack_people.person_of(TEAM, USER) is None
    assert waiting() == [USER]
    known = slack_user(TEAM, USER)
    assert known is not None
    known.settle("maya", slack_people.NOBODY)

    slack_people.person_of(TEAM, USER)
    assert waiting() == []
    clock.forward(hours=1)
    slack_people.person_of(TEAM, USER)

    assert waiting() == [USER]


@pytest.mark.parametrize(("team", "user"), [("", USER), (TEAM, ""), (TEAM, "u\x00"), ("T" * 40, USER), (TEAM, "é" * 5)])
def test_what_is_no_id_is_nobody_and_is_not_asked_about(maya: Person, team: str, user: str) -> None:
    assert slack_people.person_of(team, user) is None
    assert waiting() == []
    assert slack_people.link_for(team, user, "https://in.example.com").endswith("/console/me/notifications")


def test_the_page_links_for_a_quarter_of_an_hour_and_a_second_time_changes_nothing(
    maya: Person, clock: WoundClock
) -> None:
    found = slack_links.read(token_of(slack_people.link_for(TEAM, USER, "https://in.example.com")))
    assert found is not None
    assert (found.team_id, found.user_id) == (TEAM, USER)
    slack_people.link(found, maya)
    slack_people.link(found, maya)

    assert [each.value for each in addresses_of(maya.id)] == [USER]
    assert slack_people.person_of(TEAM, USER) is maya
    clock.forward(minutes=15)
    with pytest.raises(NotAllowed, match="expired"):
        slack_people.link(found, maya)


def test_a_slack_user_is_one_persons(maya: Person) -> None:
    other = make_person("daniel@example.com")
    link(maya)

    with pytest.raises(NotAllowed, match="Somebody else"):
        link(other)
    assert slack_people.match(TEAM, USER, other.email).startswith("Somebody else")
    assert slack_people.person_of(TEAM, USER) is maya


def test_another_workspace_links_nobody(maya: Person) -> None:
    our_workspace("T0OTHER")

    with pytest.raises(NotAllowed, match="another workspace"):
        link(maya)
    assert slack_people.match(TEAM, USER, maya.email) == slack_people.OTHER_WORKSPACE


def test_a_match_by_e_mail_is_not_made_again_once_it_was_taken_back(maya: Person) -> None:
    assert slack_people.match(TEAM, USER, "Maya@Example.com") == ""
    assert slack_people.match(TEAM, USER, maya.email) == ""
    [address] = addresses_of(maya.id)
    addresses.remove_address(maya, address, by=maya.as_actor())

    assert slack_people.person_of(TEAM, USER) is None
    assert slack_people.match(TEAM, USER, maya.email) == slack_people.TAKEN_BACK
    link(maya)
    assert slack_people.person_of(TEAM, USER) is maya


def test_a_closed_account_and_an_unknown_e_mail_match_nobody(maya: Person) -> None:
    maya.disabled_at = clock_module.now()

    assert slack_people.match(TEAM, USER, maya.email) == slack_people.NOBODY
    assert slack_people.match(TEAM, USER, "nobody@example.com") == slack_people.NOBODY
    assert slack_people.match(TEAM, USER, "") == slack_people.NOBODY


# ---- the page ----


@pytest.fixture
def browser(client: FlaskClient, maya: Person) -> FlaskClient:
    return sign_in(client, maya)


def page_for(user: str = USER) -> str:
    return slack_people.link_for(TEAM, user, "")


def test_the_page_shows_and_the_button_links(browser: FlaskClient, maya: Person) -> None:
    page = page_for()

    shown = browser.get(page)
    assert shown.status_code == 200
    assert USER in shown.text
    assert maya.email in shown.text
    assert addresses_of(maya.id) == []
    assert post(browser, page, page=page).status_code == 303

    assert [(each.kind, each.value) for each in addresses_of(maya.id)] == [("slack", USER)]
    [letter] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.person_id == maya.id))
    assert letter.payload["subject"].startswith("A Slack user was linked")
    assert USER in letter.payload["text"]
    assert browser.get(page).headers["Location"] == "/console/me/notifications"
    assert "Slack is linked." in browser.get("/console/me/notifications").text


def test_the_page_asks_to_sign_in_first_and_refuses_a_forged_form(
    client: FlaskClient, browser: FlaskClient, app: Flask, maya: Person
) -> None:
    page = page_for()

    stranger = app.test_client()
    assert stranger.get(page).headers["Location"].startswith("/login?next=%2Fconsole%2Fme%2Fslack%2F")
    assert stranger.post(page).status_code in (302, 303, 401, 403)
    assert browser.post(page).status_code == 400
    assert addresses_of(maya.id) == []


def test_a_link_that_is_not_ours_expired_or_for_somebody_elses_user_links_nobody(
    browser: FlaskClient, maya: Person, clock: WoundClock
) -> None:
    an_address(make_person("daniel@example.com"), "slack", "U0DAN")
    theirs, mine = page_for("U0DAN"), page_for()
    forged = mine[:-4] + ("AAAA" if not mine.endswith("AAAA") else "BBBB")

    assert browser.get(forged).status_code == 404
    assert post(browser, forged).status_code == 404
    assert browser.get("/console/me/slack/x").status_code == 404
    assert browser.get(theirs).status_code == 409
    assert post(browser, theirs).status_code == 409
    clock.forward(minutes=15)
    assert browser.get(mine).status_code == 410
    assert post(browser, mine).status_code == 410
    assert addresses_of(maya.id) == []


def test_unlinking_is_done_in_my_notifications(browser: FlaskClient, maya: Person) -> None:
    link(maya)
    [address] = addresses_of(maya.id)
    assert "Unlink" in browser.get("/console/me/notifications").text

    answer = post(browser, f"/console/me/notifications/{address.id}/removed")

    assert answer.status_code == 303
    assert slack_people.person_of(TEAM, USER) is None
