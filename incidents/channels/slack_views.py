"""Forms in Slack: shown while somebody waits, so at once or not at all; nothing is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from ..kernel import http
from ..kernel.settings import Settings
from . import SENT, Outcome
from .answers import of_trouble
from .slack import Client, meaning


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
