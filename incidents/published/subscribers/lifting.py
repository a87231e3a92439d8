"""Ends a quarantine: what was learnt of the address is forgotten, and it is told again."""

from __future__ import annotations

from ...kernel import clock, outbox
from . import pasts
from .model import Subscriber


def lift_quarantine(subscriber: Subscriber) -> None:
    """Tell it again, beginning with what is published next; nothing happens where it is not quarantined."""
    outbox.lift(subscriber.kind, subscriber.destination)
    if subscriber.quarantined_at is None:
        return
    pasts.remember(subscriber, ended_by=pasts.LIFTED)
    subscriber.quarantined_at = subscriber.quarantine_reason = None
    subscriber.updated_at = clock.now()
