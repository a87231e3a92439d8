"""Letters about alerts that are no incident: one alone, or all that came while the last letter was young."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ..policy import durations
from .about_incidents import short_text
from .letters import Button, Letter

LISTED = 10
_LONGEST = 200  # characters of one headline


def letter(headlines: Sequence[str], *, count: int, within: timedelta, address: str) -> Letter:
    """``headlines`` are the newest ``LISTED`` of ``count``, newest first; ``within`` is how long they took to come."""
    newest = headlines[0]
    subject = newest if count == 1 else f"{count} alerts in {durations.duration(within)}: {newest}"
    more = count - len(headlines)
    lines = [*headlines, *([f"And {more} more."] if more > 0 else [])]
    return Letter(
        subject=subject,
        paragraphs=("\n".join(lines),),
        buttons=(Button("Open Sevenbells", address),),
        footer=("You get this because alerts are sent to you by Sevenbells.",),
        short=short_text(subject, address=address),
    )


def headline(text: str) -> str:
    """One line of at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
