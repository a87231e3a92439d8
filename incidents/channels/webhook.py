"""Webhooks by the Standard Webhooks scheme: signed, dated, and named by the delivery's key."""

from __future__ import annotations

import json
import re
from binascii import Error as NotBase64
from collections.abc import Sequence

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from ..kernel import clock, http
from ..kernel.settings import Settings
from . import SENT, Message, Outcome
from .answers import of_status, of_trouble

_OWN = re.compile(r"\{\{own\.([a-z_]{1,40})\}\}")
_OURS = ("of_incidents",)  # for us alone
MOST_BYTES = 20_000  # of a body; the standard asks for less than 20 kB


def send(message: Message, settings: Settings) -> Outcome:
    """Hand one event to a receiver. Facts: ``url``, and ``secrets``: the one in use, then one or two going out of it.

    Payload: ``type``, ``timestamp``, ``data``, or the shape of another program. Where ``{{own.NAME}}`` stands in it, each
    receiver finds a word of their own. A status of 2xx alone is a success.
    """
    content = _content(message).encode("utf-8", "replace")
    if len(content) >= MOST_BYTES:
        return Outcome("refused", f"This is longer than a webhook may be ({MOST_BYTES // 1000} kB)")
    try:
        headers = _headers(message.key, content.decode(), message.facts.get("secrets", ()))
    except (NotBase64, EmptyWebhookSecretError, ValueError):
        return Outcome("refused", "The secret of this webhook cannot be used to sign")
    try:
        answer = http.request(
            "POST",
            str(message.facts["url"]),
            settings,
            content=content,
            headers=headers,
            patience=message.patience,
        )
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble)
    return SENT if 200 <= answer.status < 300 else of_status(answer, whose="The webhook")


def _content(message: Message) -> str:
    said = {name: value for name, value in message.payload.items() if name not in message.own and name not in _OURS}
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return _OWN.sub(lambda found: json.dumps(str(message.own.get(found[1], "")))[1:-1], written)


def _headers(key: str, content: str, secrets: Sequence[str]) -> dict[str, str]:
    """The time is that of the attempt, so that a receiver can refuse what is replayed."""
    now = clock.now()
    return {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(key, now, content) for secret in secrets),
    }
