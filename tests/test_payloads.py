"""One letter in the shape of each channel: nothing of it is markup there, and nothing is longer than is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from incidents.kernel import outbox
from incidents.messages.letters import ACKNOWLEDGE, Button, Letter
from incidents.messages.payloads import notification, payload_for
from incidents.messages.slack_blocks import post
from tests.conftest import WoundClock

LETTER = Letter(
    subject="INC-42: you are paged",
    paragraphs=("P1 Checkout is down.", "Nobody has taken it yet."),
    buttons=(
        Button("Acknowledge", "https://in.example.com/ack/t", act=ACKNOWLEDGE),
        Button("Open the incident", "https://in.example.com/console/incidents/INC-42"),
    ),
    template="Status: Investigating",
    thread="INC-42",
)
NASTY = "<!channel> <@U1> <https://evil.example|log in> & *bold* @here \x00\u2028 _x_"


def texts(payload: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in payload["blocks"] if block["type"] == "section"]


def test_an_email_is_the_letter() -> None:
    assert payload_for("email", LETTER, to="ada@example.com") == LETTER.payload("ada@example.com")


def test_slack_has_the_words_twice_and_the_buttons_once() -> None:
    payload = payload_for("slack", LETTER, to="U1", purpose=outbox.PAGE)

    assert payload["text"].startswith("INC-42: you are paged\nP1 Checkout is down.")
    assert texts(payload)[:2] == ["*INC-42: you are paged*", "P1 Checkout is down."]
    acknowledge, room = payload["blocks"][-1]["elements"]
    assert (acknowledge["action_id"], acknowledge["url"]) == ("acknowledge:INC-42", "https://in.example.com/ack/t")
    assert (room["action_id"], room["url"]) == ("link:1", "https://in.example.com/console/incidents/INC-42")


def test_nothing_that_people_wrote_is_markup_in_slack() -> None:
    payload = post(headline=NASTY, paragraphs=[NASTY])

    for text in (payload["text"], *texts(payload)):
        assert "<" not in text.replace("&lt;", "")
        assert ">" not in text.replace("&gt;", "")
        assert "@here" not in text
        assert "\x00" not in text
        assert "\u2028" not in text
    assert "&lt;!channel&gt;" in payload["text"]
    assert all(block["text"]["verbatim"] for block in payload["blocks"])


@pytest.mark.parametrize("text", ["x" * 100_000, "&" * 100_000, "<!channel>" * 9_000, "é\n" * 40_000])
def test_slacks_limits_are_kept_by_cutting(text: str) -> None:
    letter = Letter(
        subject=text,
        paragraphs=[text] * 3,
        buttons=[Button("L" * 200, f"https://example.com/{'p' * length}") for length in (10, 4000)] * 30,
        template=text,
        thread="INC-1",
    )

    payload = payload_for("slack", letter, to="U1")

    assert len(payload["text"]) <= 4000
    assert len(payload["blocks"]) <= 50
    assert all(len(each) <= 3000 for each in texts(payload))
    for block in Block.parse_all(payload["blocks"]):
        block.validate_json()
    assert not any(each.endswith(("&", "&a", "&am", "&amp", "&l", "&lt")) for each in texts(payload))


def test_a_webhook_says_what_happened_to_programs(clock: WoundClock) -> None:
    payload = payload_for("webhook", LETTER, to="address:1", purpose=outbox.PAGE)

    assert payload["type"] == "incident.paged"
    assert payload["timestamp"] == "2026-11-23T02:14:00+00:00"
    assert payload["data"]["incident"] == "INC-42"
    assert payload["data"]["links"][0] == {"label": "Acknowledge", "url": "https://in.example.com/ack/t"}


def test_a_webhook_stays_below_what_the_standard_allows() -> None:
    letter = Letter(subject="東" * 300, paragraphs=["é" * 60_000], template="\x00" * 60_000, thread="INC-1")

    assert len(json.dumps(payload_for("webhook", letter, to="address:1"), ensure_ascii=False).encode()) < 20_000


def test_pagerduty_has_one_alert_an_incident() -> None:
    payload = payload_for("pagerduty", LETTER, to="address:1", purpose=outbox.PAGE)

    assert (payload["event_action"], payload["dedup_key"]) == ("trigger", "sevenbells/INC-42")
    assert payload["payload"]["summary"] == "INC-42: you are paged"
    assert payload["payload"]["severity"] == "critical"
    assert payload_for("pagerduty", LETTER, to="", purpose=outbox.REMINDER)["payload"]["severity"] == "warning"


def test_nothing_that_people_wrote_calls_a_room_by_apprise() -> None:
    said = notification("@everyone @Here", "<@&12> <@!3> ada@all.example @channel", mood="warning", link="")

    assert said["title"] == "@\u200beveryone @\u200bHere"
    assert said["body"] == "<@\u200b&12> <@\u200b!3> ada@all.example @\u200bchannel"


def test_apprise_has_a_short_text_for_phones() -> None:
    payload = payload_for("apprise", LETTER, to="address:1", purpose=outbox.PAGE)

    assert (payload["title"], payload["type"]) == ("INC-42: you are paged", "failure")
    assert "Acknowledge: https://in.example.com/ack/t" in payload["body"]
    assert payload["short"] == "INC-42: you are paged https://in.example.com/ack/t"
    long = notification("t" * 500, "b", mood="info", link="https://in.example.com/ack/t")["short"]
    assert len(long) == 140
    assert long.endswith("… https://in.example.com/ack/t")
    assert len(notification("t" * 500, "b", mood="info", link="https://x/" + "p" * 200)["short"]) == 140
