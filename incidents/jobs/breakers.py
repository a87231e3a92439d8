"""Circuit breakers: where sending keeps failing, wait before the next try instead of knocking for every message.

What one attempt teaches is worked out here; ``kernel.outbox.destinations`` keeps it for every clock, beyond a restart.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..channels import Outcome
from ..kernel import clock
from ..kernel.outbox import EVERYWHERE, Claim, Lesson
from .public_facts import BY_ID

OPENS_AFTER = 5  # failures in a row
DISABLED_AFTER = timedelta(hours=24)  # a webhook that failed for so long (Standard Webhooks)
QUARANTINED_AFTER = 10  # failures in a row, for a subscriber's: nobody of ours looks after that one
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=60), timedelta(minutes=5)
_FIRST_AWAY, LONGEST_AWAY = timedelta(seconds=5), timedelta(seconds=60)
_GIVES_UP_ON = ("webhook",)  # the channels whose destinations are disabled after a day


def lessons_of(claimed: Claim, outcome: Outcome) -> list[Lesson]:
    """What an attempt taught; nothing where all is as it was known to be."""
    if outcome.kind == "unreachable":
        return [_away(claimed, outcome.reason)]
    # somebody answered, so the channel as a whole is there
    found = [_works(claimed, EVERYWHERE)] if claimed.failures_everywhere else []
    if outcome.kind == "gone":
        return [*found, _lost(claimed, outcome.reason)]
    if outcome.kind == "failed":
        return [*found, _failed(claimed, outcome)]
    if outcome.kind == "sent" and claimed.failures:
        return [*found, _works(claimed, claimed.destination)]
    return found


def is_disabled_by(claimed: Claim, outcome: Outcome) -> bool:
    """Whether this attempt was the last one at a destination of the kind that is given up on."""
    if claimed.channel not in _GIVES_UP_ON:
        return False
    if outcome.kind == "failed":
        return _has_failed_long(claimed) or _has_failed_often(claimed)
    return outcome.kind == "gone"


def _works(claimed: Claim, destination: str) -> Lesson:
    return Lesson(channel=claimed.channel, destination=destination)


def _away(claimed: Claim, reason: str) -> Lesson:
    """The channel itself is away: 5 s until the next probe, then longer, up to a minute."""
    failures = claimed.failures_everywhere + 1
    until = clock.now() + _doubled(_FIRST_AWAY, failures - 1, LONGEST_AWAY)
    return Lesson(channel=claimed.channel, destination=EVERYWHERE, failures=failures, closed_until=until, reason=reason)


def _failed(claimed: Claim, outcome: Outcome) -> Lesson:
    """This destination did not take a message: after five in a row it is left alone for 1 to 5 minutes."""
    failures = claimed.failures + 1
    suppressed = None
    if is_disabled_by(claimed, outcome):
        how_long = f"{failures} times in a row"
        if _has_failed_long(claimed):
            how_long = f"for {DISABLED_AFTER // timedelta(hours=1)} hours"
        suppressed = f"It failed {how_long}: {outcome.reason}"
    return Lesson(
        channel=claimed.channel,
        destination=claimed.destination,
        failures=failures,
        closed_until=_closed_until(failures, outcome.retry_after),
        was_asked_for=outcome.retry_after is not None,
        reason=outcome.reason,
        suppressed=suppressed,
    )


def _closed_until(failures: int, retry_after: timedelta | None) -> datetime | None:
    waits = [] if retry_after is None else [retry_after]
    if failures >= OPENS_AFTER:
        waits.append(_doubled(_FIRST_WAIT, failures - OPENS_AFTER, _LONGEST_WAIT))
    return clock.now() + max(waits) if waits else None


def _lost(claimed: Claim, reason: str) -> Lesson:
    return Lesson(
        channel=claimed.channel,
        destination=claimed.destination,
        failures=claimed.failures + 1,
        reason=reason,
        suppressed=reason,
    )


def _has_failed_long(claimed: Claim) -> bool:
    return claimed.failing_since is not None and clock.now() - claimed.failing_since >= DISABLED_AFTER


def _has_failed_often(claimed: Claim) -> bool:
    return claimed.destination.startswith(BY_ID) and claimed.failures + 1 >= QUARANTINED_AFTER


def _doubled(first: timedelta, times: int, most: timedelta) -> timedelta:
    doublings: int = max(0, min(times, 10))
    return min(most, first * (1 << doublings))
