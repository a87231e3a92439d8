"""Keeps the channels of incidents in Slack as they should be: what each still owes is done step by step, and kept after each.

The row says what was done and when to look again; run late, twice, or begun again after a crash it comes out the same.
Nothing else waits for it: it has a chore of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import structlog
from flask import current_app
from sqlalchemy import ColumnElement, CursorResult, case, or_, select, update

from ..actions import channel_plan
from ..kernel import clock
from ..kernel.database import db, reading
from ..kernel.settings import Settings
from ..records.incident_channels import IncidentChannel
from . import channel_steps, holding
from .channel_turn import Keep, Overtaken, Turn

EVERY = timedelta(seconds=2)
MOST_AT_ONCE = 20
_LEASE = timedelta(minutes=2)  # longer than the longest step: what one died of is begun again after it
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
_MOST_DOUBLINGS = 6
# it passes when somebody has done what the sentence says
_UNTIL_MENDED = timedelta(minutes=15)
# somebody may have renamed or archived it in Slack, or linked their account here
_LOOK_AGAIN, _LOOK_AGAIN_LATER = timedelta(minutes=10), timedelta(hours=12)

log = structlog.get_logger(__name__)


def keep_channels_current() -> None:
    """Work through what is due. No transaction is open while Slack is asked; it commits after each step."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if not settings.slack_bot_token:
        return
    for channel_id in _due():
        if not holding.may_still_act():
            return
        channel = _claim(channel_id)
        if channel is not None and not _work(channel, settings):
            return


# ---- whose turn it is ----


def _due() -> list[int]:
    with reading():
        db.session.rollback()
        wanted = select(IncidentChannel.id).where(*_is_free())
        found = list(
            db.session.scalars(wanted.order_by(IncidentChannel.due_at, IncidentChannel.id).limit(MOST_AT_ONCE))
        )
        db.session.rollback()
    return found


def _claim(channel_id: int) -> IncidentChannel | None:
    """The row as it is now, in hand until the lease ends; None where somebody else has it."""
    taken = update(IncidentChannel).where(IncidentChannel.id == channel_id, *_is_free())
    result = db.session.execute(taken.values(leased_until=clock.now() + _LEASE, turn=IncidentChannel.turn + 1))
    channel = None
    if cast("CursorResult[Any]", result).rowcount == 1:
        channel = db.session.get_one(IncidentChannel, channel_id, populate_existing=True)
        db.session.expunge(channel)
    db.session.commit()
    return channel


def _is_free() -> tuple[ColumnElement[bool], ...]:
    """A lease that ends later than any could is of a clock that was set back."""
    now = clock.now()
    lease = IncidentChannel.leased_until
    return IncidentChannel.due_at <= now, or_(lease.is_(None), lease <= now, lease > now + _LEASE)


# ---- one turn ----


def _work(channel: IncidentChannel, settings: Settings) -> bool:
    """One turn on one channel; False where Slack is away, so that the others can wait too."""
    with reading():
        plan = channel_plan.plan_for(channel)
        db.session.rollback()
    turn = Turn(channel, plan, settings, keep=_keeper(channel), is_stale=partial(_is_stale, channel))
    try:
        channel_steps.take(turn)
        _settle(turn)
    except Overtaken:
        db.session.rollback()
        log.warning("channel_left_to_another_clock", incident=plan.ref)
    return not turn.is_away


def _keeper(channel: IncidentChannel) -> Keep:
    """Writes down what a step has done, in the table and in hand, as long as the turn is ours."""

    def keep(also: Callable[[], None] | None = None, **done: Any) -> None:
        _write(channel, leased_until=clock.now() + _LEASE, **done)
        if also is not None:
            also()
        db.session.commit()
        for name, value in done.items():
            setattr(channel, name, value)

    return keep


def _is_stale(channel: IncidentChannel) -> bool:
    """Whether an action asked for something since: the incident may be restricted now."""
    with reading():
        asked = db.session.scalar(select(IncidentChannel.asked).where(IncidentChannel.id == channel.id))
        db.session.rollback()
    return asked != channel.asked


def _write(channel: IncidentChannel, **values: Any) -> None:
    ours = update(IncidentChannel).where(IncidentChannel.id == channel.id, IncidentChannel.turn == channel.turn)
    if cast("CursorResult[Any]", db.session.execute(ours.values(**values))).rowcount != 1:
        raise Overtaken


def _settle(turn: Turn) -> None:
    """Give it back with what went wrong, and when to look again; at once where it was asked for meanwhile."""
    channel = turn.channel
    trouble = turn.worst
    failures = channel.failures + 1 if trouble else 0
    next_look = _next_look(turn) if trouble is None else clock.now() + _wait(turn, channel.failures)
    was_asked = IncidentChannel.asked != channel.asked
    _write(
        channel,
        leased_until=None,
        failures=failures,
        problem=trouble.reason[:300] if trouble else "",
        problem_at=clock.now() if trouble else None,
        due_at=case((was_asked, clock.now()), else_=next_look),
    )
    if trouble is not None and channel.problem != trouble.reason[:300]:
        log.warning("incident_channel_troubled", incident=turn.plan.ref, reason=trouble.reason)
    db.session.commit()


def _wait(turn: Turn, failures: int) -> timedelta:
    """As long as Slack asked for, to the second; else 10 s, 20 s … 10 min, and 15 min for what somebody has to mend."""
    pauses = [trouble.wait for trouble in turn.troubles if trouble.wait is not None]
    others = [trouble for trouble in turn.troubles if trouble.wait is None]
    by_itself = min(_FIRST_WAIT * 2 ** min(failures, _MOST_DOUBLINGS), _LONGEST_WAIT)
    waits: list[timedelta] = pauses + [_UNTIL_MENDED if trouble.needs_somebody else by_itself for trouble in others]
    return min(waits)


def _next_look(turn: Turn) -> datetime | None:
    """None where nothing can become due by itself."""
    channel, plan = turn.channel, turn.plan
    if turn.again_after is not None:
        return clock.now() + turn.again_after
    if not channel.is_open:
        return None
    look = clock.now() + (_LOOK_AGAIN if plan.is_open else _LOOK_AGAIN_LATER)
    return look if plan.archive_at is None else max(min(look, plan.archive_at), clock.now())
