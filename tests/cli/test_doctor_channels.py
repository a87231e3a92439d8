"""The doctor asks the team's channels whether they would take anything, and names no secret."""

from __future__ import annotations

from pathlib import Path

from incidents.cli import doctor_channels
from incidents.kernel.settings import load
from tests.conftest import SECRET
from tests.receivers import Receiver, receiver

__all__ = ["receiver"]


def findings(tmp_path: Path, **environ: str) -> list[tuple[str, str, str]]:
    return list(doctor_channels.examine(load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, **environ})))


def test_what_is_not_set_is_not_asked(tmp_path: Path) -> None:
    assert findings(tmp_path) == []


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
