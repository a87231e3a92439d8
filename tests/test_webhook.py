"""Webhooks to a real receiver that verifies them with the library of the standard, well behaved and not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from incidents import channels
from incidents.channels import Message, Outcome
from incidents.channels.webhook import send
from incidents.kernel import clock as clock_module
from incidents.kernel.http import errands
from incidents.kernel.settings import Settings, load
from tests.conftest import SECRET, WoundClock
from tests.receivers import Receiver, answer, half, receiver, vanish

__all__ = ["receiver"]
NEW, OLD = ("whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.fixture
def admitted(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "OUTBOUND_ALLOW": "127.0.0.1"})


def event(url: str, *secrets: str, **payload: Any) -> Message:
    whole = {
        "type": "incident.paged",
        "timestamp": "2026-11-23T02:14:00+00:00",
        "data": {"text": "Größe 東京"},
        **payload,
    }
    return Message("0" * 32, "webhook", "address:1", whole, facts={"url": url, "secrets": secrets})


def test_a_receiver_can_verify_it_by_the_new_and_by_the_old_secret(admitted: Settings, receiver: Receiver) -> None:
    assert channels.send(event(f"{receiver.url}/hook?x=1", NEW, OLD), admitted) == channels.SENT

    [asked] = receiver.asked
    assert (asked.method, asked.path, asked.headers["webhook-id"]) == ("POST", "/hook?x=1", "0" * 32)
    assert asked.headers["content-type"] == "application/json"
    for secret in (NEW, OLD):
        assert Webhook(secret).verify(asked.body, asked.headers)["data"] == {"text": "Größe 東京"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"other" * 8).decode()).verify(asked.body, asked.headers)


def test_the_time_is_that_of_the_attempt_and_the_name_stays(
    admitted: Settings, receiver: Receiver, clock: WoundClock
) -> None:
    receiver.says(answer(500), answer(200))
    send(event(receiver.url, NEW), admitted)
    clock.forward(minutes=10)
    send(event(receiver.url, NEW), admitted)

    times = [int(asked.headers["webhook-timestamp"]) for asked in receiver.asked]
    assert times == [int((clock() - timedelta(minutes=10)).timestamp()), int(clock().timestamp())]
    assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 1
    assert len({asked.headers["webhook-signature"] for asked in receiver.asked}) == 2


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (204, {}, channels.SENT),
        (
            301,
            {"Location": "http://127.0.0.1/"},
            ("failed", "The webhook answered with a redirect (status 301), and none is followed", None),
        ),
        (410, {}, ("gone", "The webhook answered that it is gone for good (status 410)", None)),
        (400, {}, ("failed", "The webhook answered with status 400", None)),
        (404, {"Retry-After": "7"}, ("failed", "The webhook answered with status 404", None)),
        (429, {"Retry-After": "77"}, ("failed", "The webhook answered with status 429", 77)),
        (502, {"Retry-After": "Mon, 23 Nov 2026 02:15:30 GMT"}, ("failed", "The webhook answered with status 502", 90)),
        (503, {"Retry-After": "Mon, 23 Nov 2026 02:00:00 GMT"}, ("failed", "The webhook answered with status 503", 0)),
        (504, {"Retry-After": "9" * 40}, ("failed", "The webhook answered with status 504", 86_400)),
        (429, {"Retry-After": "soon"}, ("failed", "The webhook answered with status 429", None)),
        (429, {"Retry-After": "-5"}, ("failed", "The webhook answered with status 429", None)),
        (500, {}, ("failed", "The webhook answered with status 500", None)),
    ],
)
def test_what_a_receiver_answers_decides_what_becomes_of_it(
    status: int, headers: dict[str, str], expected: Any, admitted: Settings, receiver: Receiver, clock: WoundClock
) -> None:
    receiver.says(answer(status, b"secret words of theirs" if status != 204 else b"", headers))

    outcome = send(event(receiver.url, NEW), admitted)

    if isinstance(expected, tuple):
        kind, reason, seconds = expected
        expected = Outcome(kind, reason, None if seconds is None else timedelta(seconds=seconds))
    assert outcome == expected
    assert "secret words" not in outcome.reason


def test_a_receiver_that_misbehaves_fails_alone_and_says_how(
    admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "TOTAL", 0.3)
    for script, reason in (
        (receiver.hang, "The address did not answer in time"),
        (receiver.drip, "The address did not answer in time"),
        (half, "The connection broke half-way through the answer"),
        (vanish, "The connection broke before an answer came"),
    ):
        receiver.says(script)
        assert send(event(receiver.url, NEW), admitted) == Outcome("failed", reason)


def test_ten_megabytes_of_answer_are_a_success_that_is_not_read(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(answer(200, b"x" * 10_000_000))

    assert send(event(receiver.url, NEW), admitted) == channels.SENT


def test_a_lane_that_has_no_patience_left_is_not_kept(admitted: Settings, receiver: Receiver) -> None:
    receiver.says(receiver.hang)
    message = event(receiver.url, NEW)

    hurried = Message(message.key, message.channel, message.destination, message.payload, message.facts, patience=0.2)
    assert send(hurried, admitted).reason == "The address did not answer in time"


def test_a_private_address_is_refused_with_a_sentence(tmp_path: Path, receiver: Receiver) -> None:
    closed = load({"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET})

    outcome = send(event(receiver.url, NEW), closed)

    assert outcome.kind == "refused"
    assert outcome.reason.startswith("This address leads into a private network")
    assert receiver.asked == []


def test_what_cannot_be_signed_or_is_too_long_is_refused(admitted: Settings, receiver: Receiver) -> None:
    assert send(event(receiver.url, "whsec_é"), admitted).reason == "The secret of this webhook cannot be used to sign"
    assert send(event(receiver.url, "whsec_"), admitted).kind == "refused"
    assert (
        send(event(receiver.url, NEW, data="x" * 30_000), admitted).reason
        == "This is longer than a webhook may be (20 kB)"
    )
    assert receiver.asked == []


def test_the_standards_own_example_is_signed_as_it_says(
    admitted: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "source", lambda: datetime.fromtimestamp(1614265330, UTC))
    facts = {"url": receiver.url, "secrets": ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
    send(Message("msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook", "address:1", {"test": 2432232314}, facts), admitted)

    content = f"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{receiver.asked[0].body.decode()}"
    assert content.endswith('{"test":2432232314}')
    assert receiver.asked[0].headers["webhook-timestamp"] == "1614265330"
    assert receiver.asked[0].headers["webhook-signature"].startswith("v1,")
