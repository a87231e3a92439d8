"""One letter as each channel takes it: the same words, in the shape and the length of where they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..kernel import clock, outbox
from . import slack_blocks
from .letters import Letter

# type of a webhook by what the message is for
_EVENTS: Final[Mapping[str, str]] = {
    outbox.PAGE: "incident.paged",
    outbox.REMINDER: "incident.update_due",
    outbox.NOTICE: "incident.notice",
    outbox.UPDATE: "incident.updated",
    outbox.ALERT: "alert.raised",
    outbox.TEAM: "incident.changed",
    outbox.TEST: "message.test",
}
# PagerDuty's words for how bad it is, and Apprise's
_SEVERITIES: Final[Mapping[str, str]] = {outbox.PAGE: "critical", outbox.ALERT: "error", outbox.TEST: "info"}
_MOODS: Final[Mapping[str, str]] = {outbox.PAGE: "failure", outbox.ALERT: "failure", outbox.TEST: "info"}
_SHORT = 140  # characters of a text message
_LONGEST_SUMMARY = 1024  # characters, Events API v2
_LONGEST_TEXT = 8_000  # characters
# bytes in a webhook, whose body stays below 20 kB even where each is written as two
_MOST_OF_TEXT, _MOST_OF_TEMPLATE, _MOST_LINKS = 5_000, 2_000, 6
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# what would call a whole room of Discord, Mattermost and the like; a space that nobody sees takes the call away
_MENTION = re.compile(r"(?<!\w)@(?=(?:all|channel|everyone|group|here)\b)|(?<=<)@(?=[&!]?\d)", re.IGNORECASE)


def payload_for(kind: str, letter: Letter, *, to: str, purpose: str = outbox.NOTICE) -> dict[str, Any]:
    """What ``channels`` takes for an address of this kind; ``to`` is the address of an e-mail, and read nowhere else."""
    if kind == "email":
        return letter.payload(to)
    if kind == "slack":
        return slack_blocks.of_letter(letter)
    if kind == "webhook":
        return _webhook(letter, purpose)
    if kind == "pagerduty":
        return _pagerduty(letter, purpose)
    return _apprise(letter, purpose)


def _webhook(letter: Letter, purpose: str) -> dict[str, Any]:
    return {
        "type": _EVENTS.get(purpose, "incident.notice"),
        "timestamp": clock.now().isoformat(),
        "data": {
            "incident": letter.thread,
            "subject": letter.subject_line,
            "text": _bytes_of("\n\n".join(letter.paragraphs), _MOST_OF_TEXT),
            "template": _bytes_of(letter.template, _MOST_OF_TEMPLATE),
            "links": [{"label": button.label, "url": button.address} for button in letter.buttons[:_MOST_LINKS]],
        },
    }


def _bytes_of(text: str, most: int) -> str:
    encoded = _CONTROLS.sub(" ", text).encode("utf-8", "replace")
    return encoded.decode() if len(encoded) <= most else encoded[:most].decode("utf-8", "ignore") + "…"


def _pagerduty(letter: Letter, purpose: str) -> dict[str, Any]:
    return trigger(
        dedup_key(letter.thread),
        summary=letter.subject_line,
        severity=_SEVERITIES.get(purpose, "warning"),
        details={"text": cut("\n\n".join(letter.paragraphs), _LONGEST_TEXT)},
        links=[{"href": button.address, "text": button.label} for button in letter.buttons],
    )


def trigger(
    key: str, *, summary: str, severity: str, details: Mapping[str, Any], links: list[dict[str, str]]
) -> dict[str, Any]:
    """An event of PagerDuty's Events API v2 that opens an alert, or goes on with the one of the same key."""
    return {
        "event_action": "trigger",
        "dedup_key": key,
        "payload": {
            "summary": cut(summary, _LONGEST_SUMMARY),
            "source": "Sevenbells",
            "severity": severity,
            "custom_details": dict(details),
        },
        "links": links,
    }


def follow(action: str, key: str) -> dict[str, Any]:
    """The same key acknowledged or resolved."""
    return {"event_action": action, "dedup_key": key}


def dedup_key(thread: str | None) -> str:
    """One alert an incident, however often it is told."""
    return f"sevenbells/{thread or 'message'}"


def _apprise(letter: Letter, purpose: str) -> dict[str, Any]:
    links = "\n".join(f"{button.label}: {button.address}" for button in letter.buttons)
    body = "\n\n".join(part for part in (*letter.paragraphs, links) if part)
    return notification(
        letter.subject_line,
        body,
        mood=_MOODS.get(purpose, "warning"),
        link=next((button.address for button in letter.buttons), ""),
        short=letter.short,
    )


def notification(title: str, body: str, *, mood: str, link: str, short: str = "") -> dict[str, Any]:
    """What Apprise takes; ``short`` is for services that send text messages, where each further one is paid for."""
    room = _SHORT - len(link) - 1 if link and len(link) < _SHORT // 2 else _SHORT
    short = short or cut(title, room) + (f" {link}" if room < _SHORT else "")
    calm = [_MENTION.sub("@\u200b", each) for each in (title, body)]
    return {"title": calm[0], "body": cut(calm[1], _LONGEST_TEXT), "type": mood, "short": short}


def cut(text: str, longest: int) -> str:
    """At most so many characters; what is missing is marked."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
