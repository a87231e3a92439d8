"""A small stand-in of Slack's API over real HTTP: it knows a workspace, users and channels, and fails as it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.receivers import Receiver, Script, answer_json, vanish
from tests.slack_rooms_api import SlackRooms

TEAM = "T0ACME"


def slack_error(error: str, **more: Any) -> Script:
    """``ok: false``, with the status 200 that Slack gives it."""
    return answer_json({"ok": False, "error": error, **more})


def asked_to_wait(seconds: int) -> Script:
    return answer_json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)})


class SlackApi:
    """Answers each method as Slack does; ``faults`` holds, by method, the scripts that come first."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.team_id, self.team = TEAM, "Acme"
        self.scopes: str | None = ""
        self.users: dict[str, dict[str, Any]] = {}
        self.channels: list[dict[str, Any]] = []
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}  # by channel and ts
        self.socket_url = "wss://slack.example.com/"
        self.page = 1000  # channels in one answer
        self.now: datetime | None = None  # what its clock shows, if not what ours does
        self.views: dict[str, dict[str, Any]] = {}  # the forms that are open, by id
        self.faults: defaultdict[str, list[Script]] = defaultdict(list)
        self.rooms = SlackRooms(self.users)  # those that the app makes
        receiver.says(self.answer)

    @property
    def url(self) -> str:
        return f"{self.receiver.url}/api/"

    @property
    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [urlsplit(asked.path).path.rpartition("/")[2] for asked in self.receiver.asked]

    def knows(self, user_id: str, email: str, *, name: str = "", **more: Any) -> None:
        """A user as ``users.info`` describes them."""
        profile = {"display_name": name, "real_name": name, **({"email": email} if email else {})}
        found = {"id": user_id, "team_id": self.team_id, "name": name, "deleted": False, "is_bot": False, **more}
        self.users[user_id] = {"profile": profile, **found}

    def holds(self, channel: str, ts: str, text: str, *, user: str = "U0MAYA", **more: Any) -> None:
        """A message; with a ``thread_ts`` of another one it stands in that thread."""
        self.messages[channel, ts] = {"type": "message", "user": user, "text": text, "ts": ts, **more}

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = self.receiver.asked[-1]
        method = urlsplit(asked.path).path.rpartition("/")[2]
        if self.faults[method]:
            self.faults[method].pop(0)(handler)
            return
        content_type = asked.headers.get("content-type", "")
        is_json = content_type.startswith("application/json")
        typed = {**parse_qs(urlsplit(asked.path).query), **({} if is_json else parse_qs(asked.body.decode()))}
        words = asked.json if is_json else {name: values[0] for name, values in typed.items()}
        if self.rooms.knows(method, words):
            said = self.rooms.answer(method, words, content_type)
            if said["ok"] and method in self.rooms.died_after:
                vanish(handler)
                return
        else:
            said = self._shown(method, words) if is_json else self._answer(method, words)
        scopes = {"X-OAuth-Scopes": self.scopes} if self.scopes is not None else {}
        if self.now is not None:
            moment = format_datetime(self.now, usegmt=True)
            handler.date_time_string = lambda timestamp=None: moment  # type: ignore[method-assign]
        answer_json(said, 200, scopes)(handler)

    def _answer(self, method: str, words: Mapping[str, str]) -> dict[str, Any]:
        if method == "auth.test":
            return {"ok": True, "user": "sevenbells", "user_id": "U0BOT", "team": self.team, "team_id": self.team_id}
        if method == "users.info":
            found = self.users.get(words.get("user", ""))
            return {"ok": True, "user": found} if found else {"ok": False, "error": "user_not_found"}
        if method == "conversations.info":
            same = [each for each in self.channels if each["id"] == words.get("channel")]
            return {"ok": True, "channel": same[0]} if same else {"ok": False, "error": "channel_not_found"}
        if method == "conversations.list":
            begin = int(words.get("cursor") or 0)
            more = str(begin + self.page) if begin + self.page < len(self.channels) else ""
            listed = self.channels[begin : begin + self.page]
            return {"ok": True, "channels": listed, "response_metadata": {"next_cursor": more}}
        if method in ("conversations.history", "conversations.replies"):
            return self._found(method, words)
        if method == "chat.getPermalink":
            place = f"{words.get('channel')}/p{words.get('message_ts', '').replace('.', '')}"
            return {
                "ok": True,
                "channel": words.get("channel"),
                "permalink": f"https://acme.slack.com/archives/{place}",
            }
        if method == "apps.connections.open":
            return {"ok": True, "url": self.socket_url}
        return {"ok": False, "error": "unknown_method"}

    def _found(self, method: str, words: Mapping[str, str]) -> dict[str, Any]:
        """One message by its ts; ``history`` does not show what stands in a thread, ``replies`` wants to know which."""
        found = self.messages.get((words.get("channel", ""), words.get("latest", "")))
        is_reply = found is not None and found.get("thread_ts", found["ts"]) != found["ts"]
        if method == "conversations.replies" and (found is None or words.get("ts") != found["ts"]):
            return {"ok": False, "error": "thread_not_found"}
        is_shown = found is not None and is_reply == (method == "conversations.replies")
        return {"ok": True, "messages": [found] if is_shown else [], "has_more": False}

    def _shown(self, method: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """``views.open`` and ``views.update``, which refuse what Slack's own models refuse."""
        if method not in ("views.open", "views.update"):
            return {"ok": False, "error": "unknown_method"}
        if method == "views.open" and not str(told.get("trigger_id", "")).strip():
            return {"ok": False, "error": "invalid_trigger_id"}
        if method == "views.update" and told.get("view_id") not in self.views:
            return {"ok": False, "error": "not_found"}
        try:
            view = checked_view(told["view"])
        except (SlackObjectFormationError, AssertionError) as wrong:
            return {"ok": False, "error": "invalid_arguments", "response_metadata": {"messages": [str(wrong)]}}
        name = str(told.get("view_id") or f"V{len(self.views) + 1}")
        self.views.pop(name, None)  # the newest is the last
        self.views[name] = {**view, "id": name}
        return {"ok": True, "view": self.views[name]}


_LONGEST = {"initial_value": 3000, "placeholder": 150}
_MOST = {"static_select": 100, "multi_static_select": 100, "radio_buttons": 10, "checkboxes": 10}


def checked_view(view: Mapping[str, Any]) -> dict[str, Any]:
    """The view, where it keeps all the limits of Block Kit; ``slack_sdk`` looks at most of them."""
    View(**view).validate_json()
    for block in Block.parse_all(view["blocks"]):
        assert block is not None
        block.validate_json()
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    assert view.get("submit") or not inputs, "a form with a field needs a button"
    names = [block.get("block_id") for block in inputs]
    assert len(set(names)) == len(names), "each field has a name of its own"
    for block in inputs:
        _check_element(block["element"])
    for block in view["blocks"]:
        if block["type"] == "section":
            assert 1 <= len(block["text"]["text"]) <= 3000
        if block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            assert 1 <= len(element["text"]["text"]) <= 75
            assert 1 <= len(element["action_id"]) <= 255
            assert len(element.get("url", "")) <= 3000
    return dict(view)


def _check_element(element: Mapping[str, Any]) -> None:
    options = element.get("options", [])
    if element["type"] in _MOST:
        assert 1 <= len(options) <= _MOST[element["type"]]
    for each in [*options, *element.get("initial_options", [])]:
        assert 1 <= len(each["text"]["text"]) <= 75
        assert 1 <= len(each["value"]) <= 150
        assert 1 <= len(each.get("description", {"text": "x"})["text"]) <= 75
    if element["type"] in ("static_select", "radio_buttons") and "initial_option" in element:
        assert element["initial_option"] in options
    if element["type"] == "multi_static_select":
        assert all(each in options for each in element.get("initial_options", []))
    assert element.get("initial_options") != []
    if element["type"] == "plain_text_input":
        assert 1 <= element.get("max_length", 3000) <= 3000
        assert 1 <= len(element.get("initial_value", "x")) <= element.get("max_length", 3000)
