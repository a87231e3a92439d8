"""The doctor looks at the Slack app from every side, changes nothing there, and says in one sentence how to mend each fault."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from incidents.cli import doctor_channels
from incidents.cli.slack_manifest import SCOPES
from incidents.kernel import clock
from incidents.kernel.settings import load
from tests.conftest import SECRET
from tests.receivers import Receiver, answer, receiver
from tests.slack_api import SlackApi, asked_to_wait, slack_error

__all__ = ["receiver"]
OPS: dict[str, Any] = {"id": "C0OPS", "name": "ops-alerts", "is_member": True}


@pytest.fixture
def slack(receiver: Receiver) -> SlackApi:
    api = SlackApi(receiver)
    api.scopes = ",".join(SCOPES)
    api.channels = [OPS]
    return api


def findings(tmp_path: Path, slack: SlackApi, **environ: str) -> dict[str, tuple[str, str]]:
    given = {"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "BASE_URL": "https://in.example.com"}
    given |= {"SLACK_BOT_TOKEN": "xoxb-secret", "SLACK_SIGNING_SECRET": "a secret", "SLACK_API_BASE_URL": slack.url}
    found = list(doctor_channels.examine(load({**given, **environ})))
    assert "secret" not in str(found).replace("SECRET", "").replace("Signing Secret", "")
    return {about: (verdict, says) for about, verdict, says in found}


def test_a_whole_installation_is_well(tmp_path: Path, slack: SlackApi) -> None:
    slack.now = clock.now()

    found = findings(tmp_path, slack)

    assert {verdict for verdict, _says in found.values()} == {"ok"}
    assert found["Slack token"] == ("ok", "sevenbells in Acme")
    assert list(found) == ["Slack token", "Slack permissions", "Slack channel", "Slack clock", "Slack requests"]
    assert slack.methods == ["auth.test", "conversations.list"]


def test_a_token_that_does_not_work_is_said_and_nothing_more_is_asked(tmp_path: Path, slack: SlackApi) -> None:
    slack.faults["auth.test"] = [slack_error("invalid_auth"), answer(503), asked_to_wait(3)]

    assert findings(tmp_path, slack)["Slack token"] == (
        "wrong",
        "Slack does not accept the token: check SLACK_BOT_TOKEN",
    )
    assert findings(tmp_path, slack)["Slack token"][0] == "wrong"
    assert findings(tmp_path, slack)["Slack token"][0] == "wrong"
    assert slack.methods == ["auth.test"] * 3
    assert "set SLACK_BOT_TOKEN" in findings(tmp_path, slack, SLACK_BOT_TOKEN="")["Slack token"][1]


def test_each_permission_that_is_missing_is_named_with_what_is_lost(tmp_path: Path, slack: SlackApi) -> None:
    slack.scopes = ",".join(scope for scope in SCOPES if scope not in ("pins:read", "users:read.email"))
    verdict, says = findings(tmp_path, slack)["Slack permissions"]
    assert verdict == "note"
    assert "pins:read (hearing of pins); users:read.email (matching people by e-mail)" in says
    assert "install the app again" in says

    slack.scopes = "commands"
    assert findings(tmp_path, slack)["Slack permissions"][0] == "wrong"
    slack.scopes = None
    assert findings(tmp_path, slack)["Slack permissions"][0] == "note"


@pytest.mark.parametrize(
    ("channel", "verdict", "words"),
    [
        ({"is_member": False}, "ok", "can be written to"),
        ({"is_member": False, "is_private": True}, "wrong", "write /invite @sevenbells there"),
        ({"is_archived": True}, "wrong", "archived"),
        ({"name": "other"}, "wrong", "sees no #ops-alerts: create it"),
    ],
)
def test_a_channel_that_cannot_be_written_to_is_said(
    tmp_path: Path, slack: SlackApi, channel: dict[str, Any], verdict: str, words: str
) -> None:
    slack.channels = [{**OPS, **channel}]

    found = findings(tmp_path, slack)["Slack channel"]

    assert found[0] == verdict
    assert words in found[1]


def test_a_channel_is_found_on_a_later_page_and_by_its_id(tmp_path: Path, slack: SlackApi) -> None:
    slack.page = 2
    slack.channels = [{"id": f"C{number}", "name": f"c{number}"} for number in range(5)] + [OPS]

    assert findings(tmp_path, slack)["Slack channel"][0] == "ok"
    assert findings(tmp_path, slack, SLACK_CHANNEL="C0OPS")["Slack channel"][0] == "ok"
    assert findings(tmp_path, slack, SLACK_CHANNEL="C0NONE")["Slack channel"][0] == "wrong"
    slack.faults["conversations.list"] = [slack_error("missing_scope", needed="groups:read")]
    assert "groups:read" in findings(tmp_path, slack)["Slack channel"][1]


@pytest.mark.parametrize(("minutes", "words"), [(-6, " s ahead of Slack's"), (6, " s behind Slack's")])
def test_clocks_that_disagree_are_said(tmp_path: Path, slack: SlackApi, minutes: int, words: str) -> None:
    slack.now = clock.now() + timedelta(minutes=minutes)

    verdict, says = findings(tmp_path, slack)["Slack clock"]

    assert verdict == "wrong"
    assert words in says
    assert "time synchronisation" in says


def test_how_requests_come_is_said_with_what_to_set(tmp_path: Path, slack: SlackApi) -> None:
    bare = findings(tmp_path, slack, SLACK_SIGNING_SECRET="")["Slack requests"]
    hidden = findings(tmp_path, slack, BASE_URL="http://127.0.0.1:8000")["Slack requests"]

    assert bare[0] == "note"
    assert "Basic Information" in bare[1]
    assert hidden[0] == "note"
    assert "SLACK_APP_TOKEN" in hidden[1]


def test_a_socket_is_opened_to_see_whether_it_opens(tmp_path: Path, slack: SlackApi) -> None:
    assert findings(tmp_path, slack, SLACK_APP_TOKEN="xapp-secret")["Slack socket"] == ("ok", "opens")
    assert slack.receiver.asked[-1].headers["authorization"] == "Bearer xapp-secret"

    slack.faults["apps.connections.open"] = [slack_error("not_allowed_token_type")]
    verdict, says = findings(tmp_path, slack, SLACK_APP_TOKEN="xapp-secret")["Slack socket"]
    assert verdict == "wrong"
    assert "connections:write" in says
