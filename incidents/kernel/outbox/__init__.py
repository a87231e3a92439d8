"""What must leave: one row a message and destination, written with its cause, sent at least once under one key.

A caller enqueues inside its own transaction; ``jobs.deliveries`` claims rows, sends them while no
transaction is open, and writes down what became of each. A crash makes a message late, never lost,
and a repeat carries the same key.
"""

from __future__ import annotations

from .leases import (
    LONGEST_LEASE,
    MOST_ATTEMPTS,
    SCHEDULE,
    Claim,
    claim,
    give_back,
    mark_failed,
    mark_sent,
    mark_skipped,
    mend_after_clock_went_back,
    pause_after,
    release,
)
from .messages import (
    FAILED,
    HELD,
    SENT,
    SKIPPED,
    STATES,
    WAITING,
    OutboxMessage,
    OutboxPause,
    counts,
    enqueue,
    enqueue_each,
    enqueue_many,
    hold_older_than,
    next_due_at,
    paused,
    release_held,
    retry,
    skip,
)

__all__ = [
    "FAILED",
    "HELD",
    "LONGEST_LEASE",
    "MOST_ATTEMPTS",
    "SCHEDULE",
    "SENT",
    "SKIPPED",
    "STATES",
    "WAITING",
    "Claim",
    "OutboxMessage",
    "OutboxPause",
    "claim",
    "counts",
    "enqueue",
    "enqueue_each",
    "enqueue_many",
    "give_back",
    "hold_older_than",
    "mark_failed",
    "mark_sent",
    "mark_skipped",
    "mend_after_clock_went_back",
    "next_due_at",
    "pause_after",
    "paused",
    "release",
    "release_held",
    "retry",
    "skip",
]
