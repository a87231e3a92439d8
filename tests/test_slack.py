"""Messages to a stand-in of Slack that checks what slack-sdk sends, answers as Slack does, and fails as it is told."""

from __future__ import annotations

from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from incidents import channels
from incidents.channels import Message, Outcome, slack
from incidents.kernel.http import errands
from incidents.kernel.settings import Settings, load
from incidents.messages.letters import ACKNOWLEDGE, Button, Letter
from incidents.messages.payloads import payload_for
from tests.conftest import SECRET
from tests.receivers import Receiver, Script, answer, answer_json, half, receiver, vanish

__all__ = ["receiver"]
LETTER = Letter(
    subject="INC-42: you are paged",
    paragraphs=["<!channel> P1"],
    buttons=[Button("Acknowledge", "https://in.example.com/ack/t", act=ACKNOWLEDGE)],
    thread="INC-42",
)


def posted(handler: BaseHTTPRequestHandler) -> None:
    answer_json({"ok": True, "channel": "D42", "ts": "1532.0001"})(handler)


def says(error: str, **more: Any) -> Script:
    return answer_json({"ok": False, "error": error, **more})


@pytest.fixture
def environ(tmp_path: Path, receiver: Receiver) -> dict[str, str]:
    receiver.says(posted)
    api = f"{receiver.url}/api/"
    return {"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "SLACK_BOT_TOKEN": "a token", "SLACK_API_BASE_URL": api}


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load(environ)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What it would have waited for its turn; nobody waits here."""
    waited: list[float] = []
    monkeypatch.setattr(slack, "_paces", slack._Paces(now=lambda: sum(waited)))
    monkeypatch.setattr("incidents.channels.slack.time.sleep", waited.append)
    return waited


def message(**facts: Any) -> Message:
    return Message("k" * 32, "slack", "U42", payload_for("slack", LETTER, to="U42"), facts={"channel": "U42", **facts})


def test_a_message_is_posted_with_its_key_and_names_nobody(settings: Settings, receiver: Receiver) -> None:
    outcome = channels.send(message(), settings)

    assert outcome == Outcome("sent", receipt={"ts": "1532.0001", "channel": "D42"})
    [asked] = receiver.asked
    assert (asked.method, asked.path) == ("POST", "/api/chat.postMessage")
    assert asked.headers["authorization"] == f"Bearer {settings.slack_bot_token}"
    assert asked.headers["content-type"] == "application/json;charset=utf-8"
    assert asked.json["channel"] == "U42"
    assert asked.json["text"].startswith("INC-42: you are paged\n&lt;!channel&gt;")
    assert asked.json["metadata"] == {"event_type": "sevenbells_message", "event_payload": {"key": "k" * 32}}
    assert not asked.json["link_names"]
    assert not asked.json["unfurl_links"]
    assert not asked.json["unfurl_media"]
    assert asked.json["parse"] == "none"
    assert "thread_ts" not in asked.json


def test_acknowledging_happens_in_slack_only_where_its_answers_can_be_checked(
    settings: Settings, environ: dict[str, str], receiver: Receiver
) -> None:
    channels.send(message(), settings)
    channels.send(message(), load({**environ, "SLACK_SIGNING_SECRET": "s"}))
    bare = Letter(subject="x", paragraphs=[], buttons=[Button("Acknowledge", "", act=ACKNOWLEDGE)], thread="INC-42")
    channels.send(Message("k", "slack", "C1", payload_for("slack", bare, to="")), settings)

    linked, answered = (asked.json["blocks"][-1]["elements"][0] for asked in receiver.asked[:2])
    assert linked["url"] == "https://in.example.com/ack/t"
    assert "url" not in answered
    assert (answered["action_id"], answered["value"]) == ("acknowledge:INC-42", "INC-42")
    assert all(block["type"] != "actions" for block in receiver.asked[2].json["blocks"])


def test_what_was_posted_before_is_changed_in_its_place(settings: Settings, receiver: Receiver) -> None:
    earlier = {"ts": "1531.0001", "channel": "D42"}

    assert channels.send(message(receipt=earlier), settings).kind == "sent"

    [asked] = receiver.asked
    assert (asked.path, asked.json["ts"], asked.json["channel"]) == ("/api/chat.update", "1531.0001", "D42")


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_what_can_no_longer_be_changed_is_posted_anew(settings: Settings, receiver: Receiver, error: str) -> None:
    receiver.says(says(error), posted)

    assert channels.send(message(receipt={"ts": "1.1", "channel": "D42"}), settings).receipt == {
        "ts": "1532.0001",
        "channel": "D42",
    }
    assert [asked.path for asked in receiver.asked] == ["/api/chat.update", "/api/chat.postMessage"]


@pytest.mark.parametrize("error", ["channel_not_found", "not_in_channel", "user_not_in_channel"])
def test_an_answer_where_the_app_is_not_comes_as_a_message_to_its_reader(
    settings: Settings, receiver: Receiver, error: str
) -> None:
    receiver.says(says(error), posted)
    said = message(channel="D9")
    whisper = said._replace(payload={**said.payload, "only_for": "U7"})

    assert channels.send(whisper, settings).kind == "sent"

    assert [(asked.path, asked.json["channel"]) for asked in receiver.asked] == [
        ("/api/chat.postEphemeral", "D9"),
        ("/api/chat.postMessage", "U7"),
    ]


def test_a_reply_hangs_below_its_root(settings: Settings, receiver: Receiver) -> None:
    channels.send(message(root={"ts": "1530.1", "channel": "C9"}), settings)

    assert (receiver.asked[0].json["thread_ts"], receiver.asked[0].json["channel"]) == ("1530.1", "C9")


def test_slacks_pause_is_kept_to_the_second_and_for_that_channel_alone(settings: Settings, receiver: Receiver) -> None:
    receiver.says(answer_json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"}), posted)
    paused = Outcome("failed", "Slack asked for a pause in this channel", timedelta(seconds=30))

    assert channels.send(message(), settings) == paused
    assert channels.send(message(), settings) == paused
    assert channels.send(message(channel="C2"), settings).kind == "sent"
    assert len(receiver.asked) == 2


def test_a_channel_gets_one_message_a_second(settings: Settings, waits: list[float]) -> None:
    for _ in range(3):
        channels.send(message(), settings)
    channels.send(message(channel="C2"), settings)

    assert waits == [0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (says("channel_not_found"), "refused", "no such channel or person"),
        (says("is_archived"), "refused", "archived"),
        (says("msg_too_long"), "refused", "longer"),
        (says("not_in_channel"), "failed", "invite it"),
        (says("missing_scope", needed="chat:write", provided="im:read"), "failed", "permission chat:write"),
        (says("internal_error"), "failed", "trouble of its own"),
        (says("something_new"), "failed", "Slack said: something_new"),
        (says("invalid_auth"), "unreachable", "SLACK_BOT_TOKEN"),
        (says("account_inactive"), "unreachable", "removed from Slack"),
        (says("token_revoked"), "unreachable", "revoked"),
        (answer(200, b"<html>Log in</html>"), "unreachable", "status 200 and nothing that it is known for"),
        (answer(200, b"[" * 100_000), "unreachable", "status 200 and nothing that it is known for"),
        (answer(503, b"<html>"), "unreachable", "status 503"),
        (answer(302, b"", {"Location": "http://127.0.0.1:1/"}), "unreachable", "status 302"),
        (answer_json(["ok"]), "unreachable", "status 200"),
        (answer_json({"ok": True}), "sent", ""),
        (half, "unreachable", "The connection broke"),
        (vanish, "unreachable", "The connection broke"),
    ],
)
def test_each_answer_has_a_plain_sentence(
    script: Script, kind: str, words: str, settings: Settings, receiver: Receiver
) -> None:
    receiver.says(script)

    outcome = channels.send(message(), settings)

    assert outcome.kind == kind
    assert words in outcome.reason
    assert "<html>" not in outcome.reason


def test_a_slack_that_hangs_is_given_up(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "TOTAL", 0.2)
    receiver.says(receiver.hang)

    assert channels.send(message(), settings) == Outcome("unreachable", "The address did not answer in time")


def test_without_a_token_nothing_is_asked(environ: dict[str, str], receiver: Receiver) -> None:
    settings = load({**environ, "SLACK_BOT_TOKEN": ""})

    assert channels.why_closed("slack", settings) == "No token for Slack is set"
    assert channels.send(message(), settings).kind == "unreachable"
    assert receiver.asked == []
