"""Somebody in Slack whom we do not know: how they stand on the timeline."""

from __future__ import annotations

from ..kernel.text import one_line
from ..records.actors import Actor
from ..records.slack_users import slack_user

_LONGEST_NAME = 80


def unknown(user_name: str, *, team: str, user: str) -> Actor:
    """How somebody whose account is not known stands beside what they did, which they find again by their number."""
    name = one_line(user_name)[:_LONGEST_NAME].strip() or "Somebody"
    known = slack_user(team, user)
    return Actor("slack", known.id if known is not None else None, f"{name} in Slack")
