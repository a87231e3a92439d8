"""What an answer over HTTP means for a message, in one plain sentence; nothing that the other side wrote is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ..kernel import clock
from ..kernel.http import Answer, Blocked, Unreachable
from . import Outcome

_THROTTLING = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = timedelta(days=1)


def of_status(answer: Answer, *, whose: str) -> Outcome:
    """What is not a success: tried again, for it may be mended; only 410 is for good (Standard Webhooks)."""
    if answer.status == 410:
        return Outcome("gone", f"{whose} answered that it is gone for good (status 410)")
    if 300 <= answer.status < 400:
        return Outcome("failed", f"{whose} answered with a redirect (status {answer.status}), and none is followed")
    wait = retry_after(answer.headers) if answer.status in _THROTTLING else None
    return Outcome("failed", f"{whose} answered with status {answer.status}", wait)


def of_trouble(trouble: Blocked | Unreachable, *, is_shared: bool = False) -> Outcome:
    """Nothing came back. ``is_shared``: everything of this channel goes there, so the channel is away."""
    reason = str(trouble).rstrip(".")
    if isinstance(trouble, Blocked):
        return Outcome("refused", reason)
    return Outcome("unreachable" if is_shared else "failed", reason)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long the other side asks to be left alone: a number of seconds or a date (RFC 9110, 10.2.3)."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=int(said[:9])), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    moment: datetime = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(moment - clock.now(), timedelta(0)), _LONGEST_PAUSE)
