"""PagerDuty's Events API v2: an alert an incident, triggered, acknowledged and resolved as the incident is."""

from __future__ import annotations

import json
from typing import Any

from ..kernel import http
from ..kernel.settings import Settings
from ..kernel.text import one_line
from . import SENT, Message, Outcome
from .answers import of_status, of_trouble

_LONGEST_REASON = 300
_FIELDS = ("event_action", "dedup_key", "payload", "links")  # a payload may hold more that is ours alone


def send(message: Message, settings: Settings) -> Outcome:
    """Hand over one event. Facts: ``routing_key``. Payload: ``event_action``, ``dedup_key`` and what a trigger needs."""
    said = {name: message.payload[name] for name in _FIELDS if name in message.payload}
    event = {"routing_key": message.facts["routing_key"], "client": "Sevenbells", **said}
    try:
        answer = http.request(
            "POST",
            settings.pagerduty_events_url,
            settings,
            content=json.dumps(event).encode(),
            headers={"Content-Type": "application/json"},
            is_trusted=True,
            patience=message.patience,
        )
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble, is_shared=True)
    if answer.status == 202:
        return SENT
    if answer.status == 400:
        return Outcome("refused", f"PagerDuty refused this: {_errors(answer.body)}"[:_LONGEST_REASON])
    if answer.status < 300:
        why = f"It answered with status {answer.status}, which PagerDuty never does: look at PAGERDUTY_EVENTS_URL"
        return Outcome("failed", why)
    outcome = of_status(answer, whose="PagerDuty")
    return Outcome("failed", outcome.reason, outcome.retry_after)


def _errors(body: bytes) -> str:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):  # an answer nested without end is no answer either
        return "it gave no reason"
    errors = said.get("errors") if isinstance(said, dict) else None
    if isinstance(errors, str):
        errors = [errors]
    found = [one_line(str(each)) for each in errors or () if each]
    return "; ".join(found) or one_line(str(said.get("message", "it gave no reason") if isinstance(said, dict) else ""))
