"""Somebody in Slack whom we do not know: how they stand on the timeline."""

from __future__ import annotations

from ..kernel.text import one_line
from ..records.actors import Actor

_LONGEST_NAME = 80


def unknown(user_name: str) -> Actor:
    """How somebody whose account is not known stands beside what they did."""
    name = one_line(user_name)[:_LONGEST_NAME].strip() or "Somebody"
    return Actor("slack", None, f"{name} in Slack")
