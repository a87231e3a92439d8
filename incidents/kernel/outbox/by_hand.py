"""What people do with messages: take them back, send them again, hold them and let them go. The caller commits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, update

from .. import clock
from ..database import db
from .messages import FAILED, HELD, SKIPPED, WAITING, OutboxMessage, OutboxPause

AGAIN = (FAILED, SKIPPED, HELD)  # what may begin again


def skip(*events: str, reason: str) -> int:
    """Undo what has not begun to leave; answers how many messages will not be sent. The caller commits."""
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.event.in_(events), OutboxMessage.state == WAITING, OutboxMessage.leased_by.is_(None))
        .values(state=SKIPPED, reason=reason)
    )
    return _changed(statement)


def retry(message_id: int) -> bool:
    """Begin again with a message that failed, was skipped or is held, under its old key. The caller commits."""
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.state.in_(AGAIN))
        .values(state=WAITING, reason=None, attempts=0, next_attempt_at=clock.now(), expires_at=None)
    )
    return _changed(statement) == 1


def retry_all(*conditions: ColumnElement[bool]) -> int:
    """The same for all that answer to the conditions, and failed, were skipped or are held. The caller commits."""
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.state.in_(AGAIN), *conditions)
        .values(state=WAITING, reason=None, attempts=0, next_attempt_at=clock.now(), expires_at=None)
    )
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)


def hold_older_than(age: timedelta, *, reason: str) -> int:
    """Keep back what has waited longer than ``age``, and everything else until ``release_held``. The caller commits."""
    now = clock.now()
    if db.session.get(OutboxPause, 1) is None:
        db.session.add(OutboxPause(id=1, since=now, reason=reason))
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.state == WAITING, OutboxMessage.created_at <= now - age)
        .values(state=HELD, reason=reason, leased_by=None, leased_until=None)
    )
    return _changed(statement)


def release_held() -> int:
    """Let everything that is held go out, and end the pause. The caller commits."""
    pause = db.session.get(OutboxPause, 1)
    if pause is not None:
        db.session.delete(pause)
    statement = (
        update(OutboxMessage)
        .where(OutboxMessage.state == HELD)
        .values(state=WAITING, reason=None, next_attempt_at=clock.now())
    )
    return _changed(statement)


def _changed(statement: Update) -> int:
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": "fetch"})
    return int(result.rowcount)
