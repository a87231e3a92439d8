"""The self-audit: is anything late that should have happened? Asked each minute, and by /health/ready."""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy import func, select

from ..kernel import clock, health, outbox
from ..kernel.database import db, reading
from ..kernel.health import Finding
from ..kernel.outbox import OutboxMessage
from . import bells

_LATE = timedelta(minutes=2)
_DEAD_LEASE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Let /health/ready ask too."""
    health.register(app, "audit:findings", check)


def findings() -> list[str]:
    """One sentence for each promise that is broken at this moment."""
    return [sentence for sentence in (_late_messages(), _dead_leases(), _late_bell()) if sentence]


def check() -> Finding:
    """The same for /health/ready."""
    found = findings()
    return Finding("fail", "; ".join(found), len(found)) if found else Finding("pass", observed=0)


def audit() -> list[str]:
    """Look, and log what is found; run by the clock each minute."""
    with reading():
        db.session.rollback()
        found = findings()
        db.session.rollback()
    for sentence in found:
        log.error("audit", finding=sentence)
    return found


def _late_messages() -> str | None:
    if outbox.paused() is not None:
        return None  # the operator holds them back, and /health/ready says so
    late = (OutboxMessage.state == outbox.WAITING, OutboxMessage.next_attempt_at < clock.now() - _LATE)
    count, oldest = db.session.execute(select(func.count(), func.min(OutboxMessage.next_attempt_at)).where(*late)).one()
    if not count:
        return None
    reason = db.session.scalar(
        select(OutboxMessage.reason)
        .where(OutboxMessage.state == outbox.WAITING, OutboxMessage.reason.is_not(None))
        .order_by(OutboxMessage.last_attempt_at.desc())
        .limit(1)
    )
    because = f" (the last failure: {reason})" if reason else ""
    return f"{count} messages are late, the oldest {_minutes(clock.now() - oldest)} min{because}"


def _dead_leases() -> str | None:
    ended = OutboxMessage.leased_until < clock.now() - _DEAD_LEASE
    count = db.session.scalar(select(func.count()).where(OutboxMessage.leased_by.is_not(None), ended))
    return f"{count} messages were taken by a sender that is gone" if count else None


def _late_bell() -> str | None:
    due_at = bells.next_bell_at()
    if due_at is None or due_at >= clock.now() - _LATE:
        return None
    return f"a reminder is {_minutes(clock.now() - due_at)} min late"


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
