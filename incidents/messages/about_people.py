"""Letters about accounts: an invitation, a password reset."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from .letters import Button, Letter


def invitation(address: str, *, expires_at: datetime, by_name: str) -> Letter:
    """To somebody who has no account yet."""
    return Letter(
        subject="Your invitation to Sevenbells",
        paragraphs=(
            f"{by_name} invites you to respond to incidents in Sevenbells.",
            f"The link works once, until {_moment(expires_at, 'UTC')}.",
        ),
        buttons=(Button("Create your account", address),),
        footer=("You get this because somebody gave your address. Without the link nothing happens.",),
    )


def reset(address: str, *, expires_at: datetime, zone: str) -> Letter:
    """To somebody who forgot the password, or was given a way back in."""
    return Letter(
        subject="Set a new password for Sevenbells",
        paragraphs=(
            f"With this link you set a new password. It works once, until {_moment(expires_at, zone)}.",
            "If you did not ask for it, leave it: your password stays as it is.",
        ),
        buttons=(Button("Set a new password", address),),
        footer=("You get this because you have an account in Sevenbells.",),
    )


def trial(by_name: str) -> Letter:
    """To somebody who wants to see that mail arrives."""
    return Letter(
        subject="Test mail from Sevenbells",
        paragraphs=(f"{by_name} sent this test. Mail from Sevenbells arrives at this address.",),
        footer=("You get this because somebody pressed the button for a test mail.",),
    )


def _moment(moment: datetime, zone: str) -> str:
    """``23 Nov 2026, 02:41 CET (01:41 UTC)``."""
    local, utc = moment.astimezone(ZoneInfo(zone)), moment.astimezone(ZoneInfo("UTC"))
    name = local.tzname() or zone
    text = f"{local.day} {local:%b %Y}, {local:%H:%M} {name}"
    return text if name == "UTC" else f"{text} ({utc:%H:%M} UTC)"
