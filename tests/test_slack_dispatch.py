"""Buttons, forms and shortcuts go to whoever said that they are theirs; what was typed into a form is not lost."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from incidents.kernel.database import db
from incidents.kernel.errors import Malformed, NotAllowed
from incidents.records.slack_requests import SlackRequest
from incidents.slack import interactions
from tests.slack_door import KEY, interact


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SLACK_SIGNING_SECRET": KEY}


FORM = {
    "id": "V1",
    "callback_id": "trial",
    "title": {"type": "plain_text", "text": "Trial"},
    "blocks": [{"type": "section"}, {"type": "input", "block_id": "title"}, {"type": "input", "block_id": "impact"}],
}


def test_each_kind_reaches_who_registered_for_it(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def hear(acted: Any) -> None:
        heard.append(f"{acted.kind} {acted.name}")

    for known, name in (
        (interactions.PRESSED, "try:"),
        (interactions.SHORTCUTS, "trial"),
        (interactions.CLOSED, "trial"),
    ):
        monkeypatch.setitem(known, name, hear)
    monkeypatch.setitem(interactions.SUBMITTED, "trial", lambda _acted: {"response_action": "clear"})
    monkeypatch.setitem(interactions.SUGGESTED, "find:", lambda acted: {"options": [acted.name]})

    interact(client, "block_actions", actions=[{"action_id": "try:INC-4"}])
    interact(client, "shortcut", callback_id="trial")
    interact(client, "message_action", callback_id="trial")
    interact(client, "view_closed", view=FORM)

    assert heard == ["block_actions INC-4", "shortcut trial", "message_action trial", "view_closed trial"]
    assert interact(client, "view_submission", view=FORM).json == {"response_action": "clear"}
    assert interact(client, "block_suggestion", action_id="find:api", value="a").json == {"options": ["api"]}


def test_what_is_nobodys_is_answered_quietly(client: FlaskClient) -> None:
    strange: list[Any] = [None, 1, [], {}, "\x00\ud800", "nothing"]
    for odd in strange:
        assert interact(client, odd).data == b""
        assert interact(client, "block_actions", actions=[{"action_id": odd}]).data == b""
        assert interact(client, "shortcut", callback_id=odd).data == b""
        assert interact(client, "view_submission", view={"callback_id": odd}).data == b""
        assert interact(client, "view_closed", view=odd).data == b""
        assert interact(client, "block_suggestion", action_id=odd).json == {"options": []}


def test_a_refusal_stands_at_its_field_and_undoes_all(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from incidents.records import slack_requests

    def refuse(error: Exception) -> Any:
        def submitted(_acted: Any) -> None:
            slack_requests.remember("trace")
            raise error

        monkeypatch.setitem(interactions.SUBMITTED, "trial", submitted)
        return interact(client, "view_submission", view=FORM).json["errors"]

    assert refuse(Malformed({"impact": "Say it.", "other": "And this."})) == {"impact": "Say it.", "title": "And this."}
    assert refuse(NotAllowed("It is over.")) == {"title": "It is over."}
    assert db.session.scalar(select(func.count()).where(SlackRequest.name == "trace")) == 0
    bare = interact(client, "view_submission", view={**FORM, "blocks": []}).json
    assert bare["response_action"] == "update"
    assert bare["view"]["blocks"][0]["text"]["text"] == "It is over."


def test_what_broke_is_told_with_its_reference(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_acted: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(client.application.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(interactions.SUBMITTED, "trial", breaks)
    answer = interact(client, "view_submission", view=FORM)

    said = answer.json["errors"]["title"]
    assert said.startswith("Something broke on our side.")
    assert answer.headers["X-Request-ID"] in said


def test_what_is_left_to_do_is_done_once_all_is_committed(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setitem(
        interactions.PRESSED, "try:", lambda _acted: lambda: seen.append(bool(db.session().in_transaction()))
    )

    interact(client, "block_actions", actions=[{"action_id": "try:"}])

    assert seen == [False]
