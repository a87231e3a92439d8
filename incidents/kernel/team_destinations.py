"""How the channels of the whole team, which the environment names, stand in the outbox: without their secrets."""

from __future__ import annotations

import hashlib

from .settings import Settings

TEAM_DESTINATION = "team"


def apprise_destination(url: str) -> str:
    """``team:1f0c9a3b``: the same for the same address, whatever stands around it in APPRISE_URLS."""
    return f"{TEAM_DESTINATION}:{hashlib.blake2s(url.encode(), digest_size=4).hexdigest()}"


def team_destinations(settings: Settings) -> dict[str, list[str]]:
    """Channel → destinations, for the channels that are set."""
    found = {
        "slack": [TEAM_DESTINATION] if settings.slack_bot_token else [],
        "pagerduty": [TEAM_DESTINATION] if settings.pagerduty_routing_key else [],
        "apprise": [apprise_destination(url) for url in settings.apprise_urls],
    }
    return {channel: places for channel, places in found.items() if places}
