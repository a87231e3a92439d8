"""The way out: one module a channel, called only by jobs, with no transaction open.

``send`` is the seam where tests put their fake; nothing else in the program reaches the outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from ..kernel.settings import Settings

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Message(NamedTuple):
    """What is sent where. ``key`` is the same on every repeat.

    ``facts`` was looked up just before sending: the target where the destination only names it, secrets, the receipt of
    an earlier message. Messages with one ``body_id`` differ in ``own`` alone, so that a channel may render them once.
    ``patience`` is how many seconds the attempt may take; None for the channel's own limit. ``then`` is what this thread
    sends right after it, if that is known: a channel may announce it in the same breath.
    """

    key: str
    channel: str
    destination: str
    payload: Mapping[str, Any]
    facts: Mapping[str, Any] = _NOTHING
    body_id: int | None = None
    own: Mapping[str, Any] = _NOTHING
    patience: float | None = None
    then: Message | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    ``refused`` is for good: this destination will never take this message. ``unreachable`` says that the
    channel itself is away, whoever the message is for. ``gone`` (HTTP's 410) is ``refused``, and asks that nothing is
    sent there again. ``receipt`` is what the other side answered that a later message needs. ``is_shut``: the place takes
    nothing from us, whatever the message.
    """

    kind: Literal["sent", "failed", "refused", "unreachable", "gone"]
    reason: str = ""
    retry_after: timedelta | None = None
    receipt: Mapping[str, Any] | None = None
    is_shut: bool = False


SENT = Outcome("sent")


def send(message: Message, settings: Settings) -> Outcome:
    """Try once, within 30 s; what goes wrong outside is an outcome, and never an exception."""
    return _senders()[message.channel](message, settings)


def lanes() -> tuple[str, ...]:
    """Every channel there is; each is sent on its own, so that one that is slow holds up no other."""
    return tuple(_senders())


def why_closed(channel: str, settings: Settings) -> str | None:
    """Why nothing can be sent here as things are set; None where it can."""
    if channel == "email" and not settings.smtp_url:
        return "No mail server is set"
    if channel == "slack" and not settings.slack_bot_token:
        return "No token for Slack is set"
    return None


@cache
def _senders() -> Mapping[str, Callable[[Message, Settings], Outcome]]:
    # smtplib, requests and slack-sdk are loaded by the process that sends, not by every web worker
    from . import apprise, email, pagerduty, slack, tracker, webhook

    return MappingProxyType(
        {
            "email": email.send,
            "slack": slack.send,
            "webhook": webhook.send,
            "pagerduty": pagerduty.send,
            "apprise": apprise.send,
            "tracker": tracker.send,
        }
    )
