"""A form as its user has it before them: opened by Slack's API, filled in, and sent off signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from incidents.kernel.database import db
from incidents.kernel.outbox import OutboxMessage
from incidents.slack import opening
from tests.receivers import Receiver, receiver
from tests.slack_api import SlackApi, checked_view
from tests.slack_door import KEY, command_body, interact, post

__all__ = ["api", "receiver"]


@pytest.fixture
def api(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> SlackApi:
    """Slack, for which the door waits as long as a busy machine takes."""
    monkeypatch.setattr(opening, "PATIENCE", 20.0)
    monkeypatch.setattr(opening, "WHOLE", 60.0)
    return SlackApi(receiver)


def with_slack(environ: dict[str, str], slack: SlackApi) -> dict[str, str]:
    """An installation whose Slack is this one."""
    ours = {"SLACK_SIGNING_SECRET": KEY, "SLACK_BOT_TOKEN": "xoxb-trial", "SLACK_API_BASE_URL": slack.url}
    return {**environ, **ours}


def command(client: FlaskClient, slack: SlackApi, words: str, *, user: str = "U42") -> Form:
    """The form that a command opens, which then says nothing else."""
    answer = post(client, "/slack/commands", command_body(words, user=user))
    assert (answer.status_code, answer.data) == (200, b""), answer.text
    return opened(client, slack, user=user)


def pressed(client: FlaskClient, slack: SlackApi, action: str, *, user: str = "U42") -> Form:
    """The form that a button beneath a message opens."""
    before = len(slack.views)
    interact(client, "block_actions", user=user, channel={"id": "C42"}, actions=[{"action_id": action}])
    assert len(slack.views) == before + 1
    return opened(client, slack, user=user)


class Form:
    """What is typed stays while the fields have the same names, as in Slack."""

    def __init__(
        self, client: FlaskClient, view: Mapping[str, Any], *, user: str = "U42", slack: SlackApi | None = None
    ) -> None:
        self.client, self.view, self.user, self.slack = client, {"id": "V1", **checked_view(view)}, user, slack
        if slack is not None:
            slack.views[str(self.view["id"])] = self.view
        self.typed: dict[str, Any] = {}

    @property
    def title(self) -> str:
        return str(self.view["title"]["text"])

    @property
    def words(self) -> str:
        """All that is said in it, fields aside."""
        said: list[str] = []
        for block in self.view["blocks"]:
            if block["type"] != "input":
                _collect(block, said)
        return "\n".join(said)

    @property
    def names(self) -> list[str]:
        return [block["block_id"] for block in self.view["blocks"] if block["type"] == "input"]

    def element(self, name: str) -> dict[str, Any]:
        [found] = [block["element"] for block in self.view["blocks"] if block.get("block_id") == name]
        return dict(found)

    def value(self, name: str) -> Any:
        """What stands in a field now."""
        state = self._state(name)
        if "selected_options" in state:
            return [each["value"] for each in state["selected_options"]]
        chosen = state.get("selected_option")
        return chosen["value"] if chosen else state.get("value") or state.get("selected_user") or ""

    def button(self, label: str) -> str:
        """The action of a button."""
        rows = [each for block in self.view["blocks"] if block["type"] == "actions" for each in block["elements"]]
        [found] = [each["action_id"] for each in rows if each["text"]["text"] == label]
        return str(found)

    def fill(self, **typed: Any) -> Form:
        self.typed.update(typed)
        return self

    def by(self, client: FlaskClient) -> Form:
        """The same one, sent off through another connection."""
        same = Form(client, self.view, user=self.user)
        same.typed = dict(self.typed)
        return same

    def send(self, **typed: Any) -> dict[str, Any]:
        """Send it off; what Slack is told to do with it."""
        self.fill(**typed)
        values = {name: {self.element(name)["action_id"]: self._state(name)} for name in self.names}
        view = {**self.view, "state": {"values": values}}
        answer = interact(self.client, "view_submission", user=self.user, view=view, response_urls=[])
        return dict(answer.json) if answer.data else {}

    def errors(self, **typed: Any) -> dict[str, str]:
        """Send it off, and be refused."""
        said = self.send(**typed)
        assert said["response_action"] == "errors", said
        assert set(said["errors"]) <= set(self.names)
        return dict(said["errors"])

    def then(self, **typed: Any) -> Form:
        """Send it off, and get the form that comes in its place or on top; what was typed stays in fields of the same name."""
        said = self.send(**typed)
        assert said.get("response_action") in ("update", "push"), said
        name = f"{self.view['id']}p" if said["response_action"] == "push" else self.view["id"]
        following = Form(self.client, {"id": name, **said["view"]}, user=self.user, slack=self.slack)
        if said["response_action"] == "update":
            following.typed = {name: typed for name, typed in self.typed.items() if name in following.names}
        return following

    def press(self, label: str) -> Any:
        return interact(
            self.client,
            "block_actions",
            user=self.user,
            view=self.view,
            container={"type": "view", "view_id": self.view["id"]},
            actions=[{"type": "button", "action_id": self.button(label)}],
        )

    def _state(self, name: str) -> dict[str, Any]:
        element, kind = self.element(name), self.element(name)["type"]
        known = {each["value"]: each for each in [*element.get("options", []), *element.get("initial_options", [])]}
        if kind == "plain_text_input":
            return {"type": kind, "value": self.typed.get(name, element.get("initial_value"))}
        if kind == "users_select":
            return {"type": kind, "selected_user": self.typed.get(name, element.get("initial_user"))}
        if kind.startswith("multi_") or kind == "checkboxes":
            begun = [each["value"] for each in element.get("initial_options", [])]
            chosen = self.typed.get(name, begun)
            return {"type": kind, "selected_options": [known.get(each, {"value": each}) for each in chosen]}
        begun_with = element.get("initial_option", {}).get("value")
        value = self.typed.get(name, begun_with)
        return {"type": kind, "selected_option": known.get(value, {"value": value}) if value else None}


def opened(client: FlaskClient, slack: SlackApi, *, user: str = "U42") -> Form:
    """The form that was shown last."""
    name, view = [*slack.views.items()][-1]
    return Form(client, {**view, "id": name}, user=user, slack=slack)


def messages() -> list[str]:
    """What is on its way to Slack."""
    db.session.rollback()
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "slack").order_by(OutboxMessage.id))
    return [str(row.payload.get("text", "")) for row in rows]


def _collect(part: Any, said: list[str]) -> None:
    if isinstance(part, Mapping):
        if isinstance(part.get("text"), str):
            said.append(part["text"])
        for each in part.values():
            _collect(each, said)
    elif isinstance(part, Iterable) and not isinstance(part, str):
        for each in part:
            _collect(each, said)
