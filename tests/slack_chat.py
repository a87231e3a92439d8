"""The part of the stand-in Slack that messages are written to: it refuses what Slack refuses, and shows what stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from tests.receivers import answer_json
from tests.slack_api import SlackApi
from tests.slack_door import interact

# the only markup that is ever ours: a link to a page of our own, and bold
_LINK = re.compile(r"<https?://[^<>|\s]+\|[^<>|]+>")
_CALLS = re.compile(r"@(channel|here|everyone|group)\b", re.IGNORECASE)


class SlackChat(SlackApi):
    """``standing`` holds each channel's messages as they read now, ``whispers`` what one user alone was shown."""

    standing: dict[str, list[dict[str, Any]]]
    whispers: list[dict[str, Any]]
    shut: dict[str, str]  # channel → the error that it answers with
    posted = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = self.receiver.asked[-1]
        method = urlsplit(asked.path).path.rpartition("/")[2]
        if not method.startswith("chat."):
            super().answer(handler)
        elif self.faults[method]:
            self.faults[method].pop(0)(handler)
        else:
            answer_json(self._chat(method, json.loads(asked.body)))(handler)

    def _chat(self, method: str, told: Mapping[str, Any]) -> dict[str, Any]:
        channel = str(told["channel"])
        if channel in self.shut:
            return {"ok": False, "error": self.shut[channel]}
        check(told)
        if method == "chat.postEphemeral":
            self.whispers.append({**told})
            return {"ok": True, "message_ts": "1.0"}
        if channel.startswith("U"):
            channel = f"D{channel[1:]}"  # a message to a user opens the conversation with them
        there = self.standing.setdefault(channel, [])
        if method == "chat.update":
            found = next((each for each in there if each["ts"] == told["ts"]), None)
            if found is None:
                return {"ok": False, "error": "message_not_found"}
            found.update(text=told["text"], blocks=told["blocks"], edits=found["edits"] + 1)
            return {"ok": True, "channel": channel, "ts": told["ts"]}
        if told.get("thread_ts") not in (None, *(each["ts"] for each in there)):
            return {"ok": False, "error": "thread_not_found"}
        self.posted += 1
        ts = f"{self.posted}.0001"
        there.append({"ts": ts, "edits": 0, **told})
        return {"ok": True, "channel": channel, "ts": ts}

    # ---- as one reads it ----

    def texts(self, channel: str) -> list[str]:
        """The messages of a channel, those of threads too, in the order in which they came."""
        return [each["text"] for each in self.standing.get(channel, [])]

    def buttons(self, channel: str, beginning: str) -> list[str]:
        """The labels below the newest message that begins so."""
        return [each["text"]["text"] for each in self._row(channel, beginning)]

    def press(self, client: FlaskClient, channel: str, beginning: str, label: str, *, user: str = "U42") -> None:
        """Press a button of the newest message there that begins so."""
        [button] = [each for each in self._row(channel, beginning) if each["text"]["text"] == label]
        self._press(client, channel, button, user)

    def press_whispered(self, client: FlaskClient, label: str, *, user: str = "U42") -> None:
        """Press a button of what this user was shown last."""
        told = [each for each in self.whispers if each["user"] == user][-1]
        [button] = [each for each in _buttons(told) if each["text"]["text"] == label]
        self._press(client, told["channel"], button, user)

    def whispered(self, user: str = "U42") -> str:
        """What this user was shown last."""
        return str([each["text"] for each in self.whispers if each["user"] == user][-1])

    def _row(self, channel: str, beginning: str) -> list[dict[str, Any]]:
        return _buttons([each for each in self.standing[channel] if each["text"].startswith(beginning)][-1])

    def _press(self, client: FlaskClient, channel: str, button: Mapping[str, Any], user: str) -> None:
        assert "url" not in button, "this one leads to a page"
        answer = interact(client, "block_actions", user=user, channel={"id": channel}, actions=[dict(button)])
        assert (answer.status_code, answer.data) == (200, b"")


def chat_of(receiver: Any) -> SlackChat:
    """An empty workspace."""
    chat = SlackChat(receiver)
    chat.standing, chat.whispers, chat.shut = {}, [], {}
    return chat


def check(told: Mapping[str, Any]) -> None:
    """Whether Slack takes it: slack-sdk's own models are asked, and what they leave out is looked at here."""
    assert 0 < len(told["text"]) <= 4000
    assert not told.get("link_names")
    _check_markup(told["text"])
    blocks = told["blocks"]
    assert 0 < len(blocks) <= 50
    written = json.dumps(blocks, ensure_ascii=False)
    assert len(written) - written.count("\\") <= 13_200, "msg_blocks_too_long"
    for block in Block.parse_all(blocks):
        assert block is not None
        try:
            block.validate_json()
        except SlackObjectFormationError as wrong:
            raise AssertionError(str(wrong)) from wrong
    ids = [each["action_id"] for each in _buttons(told)]
    assert len(set(ids)) == len(ids), "an action_id is there once"
    for text in _marked(blocks):
        assert text["verbatim"], "names and addresses are not made into links"
        assert 0 < len(text["text"]) <= 3000
        _check_markup(text["text"])
    for button in _buttons(told):
        assert 0 < len(button["text"]["text"]) <= 75
        assert 0 < len(button["action_id"]) <= 255
        assert len(button.get("value", "")) <= 2000
        assert len(button.get("url", "")) <= 3000


def _check_markup(text: str) -> None:
    rest = _LINK.sub("", text)
    assert "<" not in rest
    assert ">" not in rest
    assert not _CALLS.search(rest)
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest), "nothing that was escaped is cut"


def _buttons(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for block in told["blocks"] if block["type"] == "actions" for each in block["elements"]]


def _marked(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        found = [part] if part.get("type") == "mrkdwn" else []
        return [*found, *(each for value in part.values() for each in _marked(value))]
    return [each for value in part for each in _marked(value)] if isinstance(part, list) else []
