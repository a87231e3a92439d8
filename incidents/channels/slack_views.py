"""What Slack is told while somebody waits: at once or not at all, and nothing is tried again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from slack_sdk.errors import SlackApiError

from ..kernel import http
from ..kernel.http import errands, wire  # noqa: F401 - loaded now: the first who waits has no time for it
from ..kernel.settings import Settings
from . import SENT, Outcome
from .answers import of_status, of_trouble
from .slack import Client, meaning

ANSWERS_AT: Final = "https://hooks.slack.com/"  # where every response_url begins


def show(
    view: Mapping[str, Any], settings: Settings, *, patience: float, trigger: str = "", instead_of: str = ""
) -> Outcome:
    """Open a form with the ``trigger`` of what was just pressed, or put it in the place of the one with that id.

    ``patience`` is in seconds, for all of it.
    """
    if not settings.slack_bot_token:
        return Outcome("unreachable", "No token for Slack is set")
    client = Client(settings, patience)
    try:
        if instead_of:
            client.views_update(view=dict(view), view_id=instead_of)
        else:
            client.views_open(view=dict(view), trigger_id=trigger)
    except SlackApiError as refused:
        return meaning(refused, "")
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble, is_shared=True)
    return SENT


def answer(address: str, words: str, settings: Settings, *, patience: float) -> Outcome:
    """Say something to whoever pressed a button, at the ``response_url`` that came with it; nobody else sees it."""
    if not address.startswith(ANSWERS_AT):
        return Outcome("refused", "This is no address of Slack's")
    content = json.dumps({"response_type": "ephemeral", "replace_original": False, "text": words}).encode()
    try:
        found = http.request(
            "POST",
            address,
            settings,
            content=content,
            headers={"Content-Type": "application/json"},
            patience=patience,
        )
    except (http.Blocked, http.Unreachable) as trouble:
        return of_trouble(trouble, is_shared=True)
    return SENT if found.status == 200 else of_status(found, whose="Slack")
