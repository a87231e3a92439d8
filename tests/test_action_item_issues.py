"""An action item becomes an issue in GitHub, GitLab or Jira: once, its address comes back, and failures are said."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from incidents import actions
from incidents.actions import action_items, issues
from incidents.jobs.action_items import take_over_issues
from incidents.jobs.deliveries import send_due_messages
from incidents.kernel.database import db
from incidents.kernel.errors import NotAllowed
from incidents.kernel.outbox import OutboxMessage
from incidents.policy.trackers import recognise, short_name
from incidents.records.action_items import ActionItem
from incidents.records.incidents import Incident
from incidents.records.people import Person
from tests.acting import browser_of, entries, main_of, opened, send
from tests.conftest import WoundClock
from tests.factories import an_incident
from tests.factories_people import make_person
from tests.receivers import Receiver, answer, answer_json, receiver, vanish

__all__ = ["receiver"]
URL = "https://github.com/acme/shop/issues/7"


class GitHub:
    """Keeps the issues that were made; ``forgets_to_answer`` makes the next one and hangs up."""

    def __init__(self, server: Receiver) -> None:
        self.server, self.made = server, []  # type: ignore[var-annotated]
        self.forgets_to_answer = False
        server.says(self.answer)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = self.server.asked[-1]
        if asked.method == "GET":
            answer_json([{"body": each["body"], "html_url": URL} for each in self.made])(handler)
            return
        self.made.append(asked.json)
        if self.forgets_to_answer:
            self.forgets_to_answer = False
            vanish(handler)
        else:
            answer_json({"html_url": URL}, 201)(handler)


@pytest.fixture
def environ(environ: dict[str, str], receiver: Receiver) -> dict[str, str]:
    return environ | {
        "GITHUB_TOKEN": "ghp_1",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_API_URL": receiver.url,
        "GITLAB_TOKEN": "glpat-1",
        "GITLAB_PROJECT": "acme/web shop",
        "GITLAB_URL": receiver.url,
        "JIRA_URL": receiver.url,
        "JIRA_USER": "maya@example.com",
        "JIRA_TOKEN": "secret",
        "JIRA_PROJECT": "OPS",
    }


@pytest.fixture
def item(app: Flask) -> ActionItem:
    maya = make_person()
    return action_items.add(an_incident(by=maya), title="Alert <early>", kind="detect", by=maya.as_actor())


def maya() -> Person:
    return db.session.scalars(select(Person)).first()  # type: ignore[return-value]


def ask(item: ActionItem, tracker: str = "github") -> None:
    issues.ask_for_issue(item, tracker=tracker, by=maya().as_actor())
    db.session.commit()
    send_due_messages()


def test_an_issue_is_made_and_its_address_comes_back_to_the_item(item: ActionItem, receiver: Receiver) -> None:
    github = GitHub(receiver)
    ask(item)
    ask_again = issues.asked_for(item)

    assert (item.link, item.tracker_event, ask_again) == (URL, None, None)
    assert [(each.method, each.path.partition("?")[0]) for each in receiver.asked] == [
        ("GET", "/repos/acme/shop/issues"),
        ("POST", "/repos/acme/shop/issues"),
    ]
    assert receiver.asked[1].headers["authorization"] == "Bearer ghp_1"
    (made,) = github.made
    assert made["title"] == "Alert <early>"
    assert f"/console/action-items/{item.id}" in made["body"]
    incident = db.session.get_one(Incident, item.incident_id)
    assert [entry.detail["did"] for entry in entries(incident, "action_item")] == ["added", "issue", "linked"]
    with pytest.raises(NotAllowed, match="a link already"):
        issues.ask_for_issue(item, tracker="github", by=maya().as_actor())


def test_an_issue_whose_making_was_not_answered_is_found_and_not_made_twice(
    item: ActionItem, receiver: Receiver, clock: WoundClock
) -> None:
    github = GitHub(receiver)
    github.forgets_to_answer = True
    ask(item)
    assert (item.link, len(github.made)) == (None, 1)
    waiting = issues.asked_for(item)
    assert waiting is not None
    assert (waiting.state, bool(waiting.reason)) == ("waiting", True)

    clock.forward(minutes=1)
    send_due_messages()
    assert (item.link, len(github.made)) == (URL, 1)


def test_an_answer_that_was_written_down_just_before_a_crash_is_taken_over_by_the_clock(
    item: ActionItem, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    GitHub(receiver)
    with monkeypatch.context() as crash:
        crash.setattr("incidents.jobs.action_items.take_over_issues", lambda: None)
        ask(item)
    assert item.link is None

    take_over_issues()

    assert item.link == URL


def test_what_somebody_must_mend_is_said_on_the_item_and_tried_again_at_a_press(
    app: Flask, item: ActionItem, receiver: Receiver
) -> None:
    client, _bob = browser_of(app, "bob")
    path = f"/console/action-items/{item.id}"
    receiver.says(answer_json({"message": "Bad credentials"}, 401))
    form = opened(client, path, holding="Make an issue in")
    assert send(client, f"{path}/issue", form, tracker="github").status_code == 303
    assert "An issue in GitHub is on its way." in client.get(path).text
    send_due_messages()
    page = main_of(client.get(path))
    assert "No issue was made in GitHub. GitHub does not accept the token (status 401)." in page
    assert "Try again in GitHub" in page

    GitHub(receiver)
    send(client, f"{path}/issue", form, tracker="github")
    send_due_messages()
    assert "acme/shop#7" in main_of(client.get(path))
    assert len(list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "tracker")))) == 1


def test_gitlab_and_jira_are_asked_in_their_own_ways(item: ActionItem, receiver: Receiver) -> None:
    gitlab = "https://gitlab.com/acme/shop/-/issues/3"
    receiver.says(answer_json([]), answer_json({"web_url": gitlab}, 201))
    ask(item, "gitlab")
    look, make = receiver.asked
    assert (look.method, make.method, make.headers["private-token"]) == ("GET", "POST", "glpat-1")
    assert make.path == "/api/v4/projects/acme%2Fweb%20shop/issues"
    assert "search=sevenbells-" in look.path
    assert "sevenbells-" in make.json["description"]
    assert item.link == gitlab

    action_items.change(item, by=maya().as_actor(), link=None)
    receiver.asked.clear()
    # Data Center knows the older search alone
    receiver.says(answer(404), answer_json({"issues": []}), answer_json({"key": "OPS-12"}, 201))
    ask(item, "jira")
    assert [each.path.partition("?")[0] for each in receiver.asked] == [
        *("/rest/api/3/search/jql", "/rest/api/2/search", "/rest/api/2/issue"),
    ]
    made = receiver.asked[2]
    assert made.headers["authorization"] == f"Basic {base64.b64encode(b'maya@example.com:secret').decode()}"
    assert made.json["fields"]["project"] == {"key": "OPS"}
    assert json.dumps(made.json["fields"]["labels"][0]).startswith('"sevenbells-')
    assert item.link == f"{receiver.url}/browse/OPS-12"


@pytest.mark.parametrize(
    ("script", "state", "reason"),
    [
        (answer(404), "failed", "GitHub knows no such place, or the token may not see it: acme/shop (status 404)"),
        (answer_json({"message": "Validation Failed", "errors": ["title\nis long"]}, 422), "failed", "title is long"),
        (answer(503), "waiting", "GitHub answered with status 503"),
        (answer(403, headers={"Retry-After": "60"}), "waiting", "GitHub asks us to wait (status 403)"),
        (answer(200, b"<html>"), "waiting", "GitHub answered with something that cannot be read"),
        (answer_json([{"body": "sevenbells-", "html_url": "javascript:1"}, 7]), "waiting", "cannot be read"),
    ],
)
def test_whatever_is_answered_is_told_in_one_plain_sentence(
    item: ActionItem, receiver: Receiver, script: Any, state: str, reason: str
) -> None:
    receiver.says(script)
    ask(item)
    asked = issues.asked_for(item)
    assert asked is not None
    assert (asked.state, reason in asked.reason, item.link) == (state, True, None)


def test_an_address_that_would_run_in_a_browser_is_not_taken_over(item: ActionItem, receiver: Receiver) -> None:
    receiver.says(answer_json([]), answer_json({"html_url": "javascript:alert(1)"}, 201))
    ask(item)
    assert item.link is None


def test_nothing_of_a_restricted_incident_and_nothing_that_was_removed_leaves(
    item: ActionItem, receiver: Receiver
) -> None:
    incident = db.session.get_one(Incident, item.incident_id)
    other = action_items.add(incident, title="Two", kind="prevent", by=maya().as_actor())
    for each in (item, other):
        issues.ask_for_issue(each, tracker="github", by=maya().as_actor())
    action_items.remove(other, by=maya().as_actor())
    db.session.commit()
    actions.change_visibility(incident, to="restricted", by=maya().as_actor(), viewer_person=maya())
    db.session.commit()
    send_due_messages()

    assert receiver.asked == []
    with pytest.raises(NotAllowed, match="restricted"):
        issues.ask_for_issue(item, tracker="gitlab", by=maya().as_actor())


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://github.com/acme/shop/issues/12", "acme/shop#12"),
        ("https://git.example.com/acme/shop/pull/3?w=1", "acme/shop#3"),
        ("https://gitlab.com/a/b/c/-/issues/4", "a/b/c#4"),
        ("https://gitlab.com/a/b/-/merge_requests/5#note", "a/b!5"),
        ("https://acme.atlassian.net/browse/PROJ-7", "PROJ-7"),
        ("https://jira.example.com/jira/browse/PROJ-7/", "PROJ-7"),
        ("https://example.com/browse/notes", "example.com"),
        ("https://github.com/acme/shop/issues", "github.com"),
    ],
)
def test_an_issue_is_known_by_its_address(link: str, name: str) -> None:
    assert short_name(link) == name
    assert (recognise(link) is None) == ("." in name and "#" not in name)
