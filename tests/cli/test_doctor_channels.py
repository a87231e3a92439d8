"""The doctor asks the team's channels whether they would take anything, and names no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.cli import doctor_channels
from incidents.kernel.settings import load
from tests.conftest import SECRET
from tests.receivers import Receiver, answer_json, receiver

__all__ = ["receiver"]


def findings(tmp_path: Path, **environ: str) -> list[tuple[str, str, str]]:
    return list(doctor_channels.examine(load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, **environ})))


def test_what_is_not_set_is_not_asked(tmp_path: Path) -> None:
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    ("said", "verdict", "words"),
    [
        ({"ok": True, "user": "bells", "team": "Acme"}, "note", "bells in Acme; without SLACK_SIGNING_SECRET"),
        ({"ok": False, "error": "invalid_auth"}, "wrong", "check SLACK_BOT_TOKEN"),
    ],
)
def test_slack_is_asked_whether_it_knows_the_token(
    tmp_path: Path, receiver: Receiver, said: dict[str, object], verdict: str, words: str
) -> None:
    receiver.says(answer_json(said))

    [found] = findings(tmp_path, SLACK_BOT_TOKEN="the token", SLACK_API_BASE_URL=f"{receiver.url}/api/")

    assert found[:2] == ("Slack", verdict)
    assert words in found[2]
    assert receiver.asked[0].path == "/api/auth.test"


def test_the_others_are_reached_and_nothing_is_sent(tmp_path: Path, receiver: Receiver) -> None:
    place = f"127.0.0.1:{receiver.port}"
    found = findings(
        tmp_path,
        PAGERDUTY_ROUTING_KEY="R" * 32,
        PAGERDUTY_EVENTS_URL=f"http://{place}/v2/enqueue",
        APPRISE_URLS=f"json://{place}/secret-path nothing://secret-path json://127.0.0.1:1/secret-path",
    )

    assert [each[1] for each in found] == ["ok", "ok", "wrong", "wrong"]
    assert "secret-path" not in str(found)
    assert receiver.asked == []
