"""The clock asks Slack who wrote: by e-mail a Slack user becomes somebody's address; whatever goes wrong is tried again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.actions import addresses, slack_people
from incidents.channels import slack_questions
from incidents.jobs import slack_people as jobs
from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.records.addresses import addresses_of
from incidents.records.people import Person
from incidents.records.slack_users import SlackUser, slack_user, workspace
from tests import slack_door
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person, post, sign_in
from tests.receivers import Receiver, Script, answer, half, receiver
from tests.slack_api import TEAM, SlackApi, asked_to_wait, slack_error

__all__ = ["receiver"]
USER = "U0MAYA"


@pytest.fixture
def slack(receiver: Receiver) -> SlackApi:
    api = SlackApi(receiver)
    api.knows(USER, "Maya@example.com", name="maya.b")
    return api


@pytest.fixture
def environ(environ: dict[str, str], slack: SlackApi) -> dict[str, str]:
    return {
        **environ,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": slack_door.KEY,
        "SLACK_API_BASE_URL": slack.url,
    }


@pytest.fixture
def maya(app: Flask) -> Person:
    return make_person(name="Maya")


def writes(user: str = USER, team: str = TEAM) -> Person | None:
    found = slack_people.person_of(team, user)
    db.session.commit()
    return found


def row(user: str = USER) -> SlackUser:
    found = slack_user(TEAM, user)
    assert found is not None
    return found


def test_who_wrote_is_found_by_e_mail_and_hears_of_it(maya: Person, slack: SlackApi) -> None:
    assert writes() is None

    jobs.find_out_who_wrote()
    jobs.find_out_who_wrote()

    assert slack.methods == ["users.info"]
    assert writes() is maya
    assert [(each.kind, each.value) for each in addresses_of(maya.id)] == [("slack", USER)]
    assert (row().name, row().outcome) == ("maya.b", "")
    [letter] = db.session.scalars(select(OutboxMessage).where(OutboxMessage.person_id == maya.id))
    assert "An address was added" in letter.payload["subject"]


def test_no_transaction_is_open_while_slack_is_asked(
    maya: Person, slack: SlackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bool] = []

    def who_is(*words: Any) -> Any:
        opened.append(db.session().in_transaction())
        return ask(*words)

    ask = slack_questions.who_is
    monkeypatch.setattr(slack_questions, "who_is", who_is)
    writes()
    jobs.find_out_who_wrote()

    assert opened == [False]
    assert writes() is maya


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"is_bot": True}, "bot"),
        ({"deleted": True}, "deactivated"),
        ({"is_stranger": True}, "another workspace"),
        ({"team_id": "T0OTHER"}, "another workspace"),
        ({"is_email_confirmed": False}, "not confirmed"),
        ({"profile": {"display_name": "m"}}, "no e-mail"),
        ({"profile": {"email": ["maya@example.com"]}}, "no e-mail"),
        ({"profile": None}, "no e-mail"),
        ({"profile": {"email": "nobody@example.com"}}, "Nobody here"),
    ],
)
def test_whoever_is_nobody_here_stays_nobody(maya: Person, slack: SlackApi, more: dict[str, Any], why: str) -> None:
    slack.users[USER] |= more
    writes()

    jobs.find_out_who_wrote()

    assert writes() is None
    assert why in row().outcome
    assert row().due_at is None
    assert addresses_of(maya.id) == []


def test_a_user_of_a_grid_counts_in_each_of_its_workspaces(maya: Person, slack: SlackApi) -> None:
    slack.users[USER] |= {"team_id": "E0GRID", "enterprise_user": {"teams": ["T0OTHER", TEAM]}}
    writes()
    jobs.find_out_who_wrote()

    assert writes() is maya


@pytest.mark.parametrize(
    "fault",
    [
        asked_to_wait(40),
        slack_error("missing_scope", needed="users:read"),
        slack_error("invalid_auth"),
        answer(503, b"<html>"),
        half,
    ],
)
def test_what_goes_wrong_is_tried_again_later_and_stops_the_round(
    maya: Person, slack: SlackApi, clock: WoundClock, fault: Script
) -> None:
    writes()
    writes("U0OTHER")
    slack.faults["users.info"] = [fault]

    jobs.find_out_who_wrote()
    assert slack.methods == ["users.info"]
    assert row().outcome
    clock.forward(seconds=60)
    jobs.find_out_who_wrote()

    assert writes() is maya
    assert row("U0OTHER").due_at is None


def test_slacks_pause_is_kept(maya: Person, slack: SlackApi, clock: WoundClock) -> None:
    writes()
    slack.faults["users.info"] = [asked_to_wait(40)]
    jobs.find_out_who_wrote()
    clock.forward(seconds=39)
    jobs.find_out_who_wrote()
    assert len(slack.methods) == 1

    clock.forward(seconds=1)
    jobs.find_out_who_wrote()

    assert writes() is maya


def test_who_was_unlinked_is_not_linked_again_by_the_clock(maya: Person, slack: SlackApi, clock: WoundClock) -> None:
    writes()
    jobs.find_out_who_wrote()
    [address] = addresses_of(maya.id)
    addresses.remove_address(maya, address, by=maya.as_actor())
    clock.forward(hours=2)
    assert writes() is None

    jobs.find_out_who_wrote()

    assert len(slack.methods) == 2
    assert writes() is None
    assert row().outcome == slack_people.TAKEN_BACK


def test_our_workspace_is_learnt_once_a_day_and_for_each_token(
    app: Flask, slack: SlackApi, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    slack.faults["auth.test"] = [slack_error("internal_error")]
    for _ in range(3):
        jobs.learn_our_workspace()
    found = workspace()
    assert found is not None
    assert (found.team_id, found.name) == (TEAM, "Acme")
    assert len(slack.methods) == 2
    assert slack_people.is_our_workspace(TEAM)
    assert not slack_people.is_our_workspace("T0OTHER")

    slack.team_id = "T0NEW"
    other = dataclasses.replace(app.extensions["sevenbells.settings"], slack_bot_token="xoxb-2")
    monkeypatch.setitem(app.extensions, "sevenbells.settings", other)
    jobs.learn_our_workspace()
    assert slack_people.is_our_workspace("T0NEW")
    clock.forward(hours=24)
    jobs.learn_our_workspace()
    assert len(slack.methods) == 4


def test_without_a_token_nobody_is_asked(app: Flask, slack: SlackApi, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    bare = dataclasses.replace(app.extensions["sevenbells.settings"], slack_bot_token=None)
    monkeypatch.setitem(app.extensions, "sevenbells.settings", bare)
    writes()

    jobs.learn_our_workspace()
    jobs.find_out_who_wrote()

    assert slack.methods == []


# ---- from the first word in Slack to acting as oneself ----


def test_a_first_word_in_slack_is_enough_to_be_matched(maya: Person, client: FlaskClient, slack: SlackApi) -> None:
    incident = an_incident(by=maya)
    words = {"user": USER, "team_id": TEAM}
    slack_door.say(client, f"ack {incident.ref}", **words)
    assert not incident.is_acknowledged

    jobs.find_out_who_wrote()
    slack_door.say(client, f"ack {incident.ref}", **words)

    assert incident.acknowledgement_by is not None
    assert incident.acknowledgement_by.endswith(":Maya")


def test_the_link_that_slack_shows_makes_one_oneself(app: Flask, maya: Person, client: FlaskClient) -> None:
    incident = an_incident(by=maya)
    words = {"user": "U0OTHER", "team_id": TEAM}
    content = slack_door.command_body(f"ack {incident.ref}", **words)
    answer = slack_door.post(client, "/slack/commands", content)
    [page] = re.findall(r"/console/me/slack/[\w-]+", answer.text)

    assert post(sign_in(app.test_client(), maya), page, page=page).status_code == 303
    slack_door.say(client, f"ack {incident.ref}", **words)

    assert incident.is_acknowledged
