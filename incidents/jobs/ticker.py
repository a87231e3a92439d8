"""The clock's tick: strike what is due the moment it is due, and say that this clock is alive."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from flask import Flask
from sqlalchemy import func, select

from ..kernel import beats, clock, leases, outbox
from ..kernel.database import db, reading
from ..kernel.outbox import OutboxMessage
from . import bells
from .lanes import LaneThread
from .rest import seconds_until_the_next
from .timetable import Timetable

LONGEST_SLEEP, _SHORTEST_SLEEP = 1.0, 0.2  # seconds, of a tick that nobody wakes
_BEAT_EVERY = 19.0  # seconds at least, so that each rest ends with one; a clock counts as gone after 90
_A_LITTLE = 1.0  # seconds before a rest has passed in which it counts as passed
_BETWEEN_BEATS = 5.0  # seconds of one tick's striking, however much is overdue: its watchdog and its lease wait for it
_VERY_LATE = timedelta(hours=2)
_TIME_TO_LEARN = 2.0  # seconds
_GETS_UP = 0.15  # seconds before a bell is due
_AWAKE_FOR = 1.0  # seconds after the last one
_SET_BACK = timedelta(seconds=60)

log = structlog.get_logger(__name__)


class Clock:
    """One clock's tick, and what it needs to know from the last one."""

    def __init__(
        self,
        app: Flask,
        worker: str,
        lanes: list[LaneThread],
        timetable: Timetable | None = None,
        *,
        rest: float = LONGEST_SLEEP,
    ) -> None:
        self.app = app
        self.worker = worker
        self.lanes = lanes
        self.timetable = timetable
        self.rest = rest
        self._woken = threading.Event()
        self._wall_at: datetime | None = None
        self._beat_at: float | None = None
        self._kept_at = float("-inf")  # the lease on the chores, by the monotonic clock
        self._is_cut_off = False
        self._has_learnt = False
        self._struck_at = float("-inf")  # by the monotonic clock

    def tick(self) -> float:
        """Strike everything that is due; answers how many seconds to sleep."""
        started_at = clock.now()
        try:
            self._notice_a_clock_set_back(started_at)
            next_bell_at = self._strike()
            is_near = next_bell_at is not None and _seconds_until(next_bell_at) <= _GETS_UP  # then it goes first
            self._keep_the_chores(is_near=is_near)
            self._beat(started_at, is_near=is_near)
            pause = self._pause_until(next_bell_at)
        except Exception as broken:  # the database may be away: what is due stays due
            db.session.remove()
            if not self._is_cut_off:
                log.exception("tick_failed", cause=str(getattr(broken, "orig", broken)))
            self._is_cut_off = True
            return LONGEST_SLEEP
        if self._is_cut_off:
            log.info("ticking_again")
        self._is_cut_off = False
        return pause

    def sleep(self, pause: float) -> None:
        """So many seconds, or until somebody wakes it."""
        self._woken.wait(min(pause, seconds_until_the_next(min(self.rest, _a_third_of_a_lease()))))
        self._woken.clear()

    def wake(self) -> None:
        """Another bell may be the next one, or it is time to end."""
        self._woken.set()

    def _strike(self) -> datetime | None:
        """Strike what is due and wake the lanes; answers when the next bell is due."""
        until = time.monotonic() + _BETWEEN_BEATS
        next_bell_at = self._next_bell_at()
        while next_bell_at is not None and next_bell_at <= clock.now() and time.monotonic() < until:
            if bells.strike_due_bells(bells.BATCH) == 0:
                break  # another clock is at it
            self._struck_at = time.monotonic()
            wake_all(self.lanes)
            next_bell_at = self._next_bell_at()
        return next_bell_at

    def _next_bell_at(self) -> datetime | None:
        with reading():
            return bells.next_bell_at()

    def _pause_until(self, bell_at: datetime | None) -> float:
        """How many seconds; it gets up a little before a bell, to be wide awake when that is due."""
        if bell_at is None:
            return self.rest
        seconds = _seconds_until(bell_at)
        if seconds <= 0:
            return _SHORTEST_SLEEP  # something overdue that could not be struck must not keep this process spinning
        if seconds <= _GETS_UP:
            return self._wait_for(bell_at, seconds)
        self._learn(bell_at)
        return min(self.rest, max(0.0, _seconds_until(bell_at) - _GETS_UP))

    def _learn(self, bell_at: datetime) -> None:
        """What is done for the first time takes a fifth of a second; so that is not when it is due."""
        if not self._has_learnt and _seconds_until(bell_at) > _TIME_TO_LEARN:
            self._has_learnt = bells.rehearse(bell_at, late_by=_VERY_LATE)
            spare_the_collector()

    def _wait_for(self, bell_at: datetime, seconds: float) -> float:
        """Rehearse it as often as there is time, unless another was struck just now; answers the seconds that are left."""
        until = time.monotonic() + seconds
        if time.monotonic() - self._struck_at > _AWAKE_FOR:
            wake_all(self.lanes)
            took = 0.0
            while until - time.monotonic() > took:
                began = time.monotonic()
                bells.rehearse(bell_at)
                took = time.monotonic() - began
        return max(0.0, until - time.monotonic())

    def _keep_the_chores(self, *, is_near: bool) -> None:
        """As long as it ticks it keeps the lease on them, or asks for it."""
        every = _a_third_of_a_lease() - _A_LITTLE
        if self.timetable is None or time.monotonic() - self._kept_at < (2 * every if is_near else every):
            return
        self.timetable.holding.keep()
        self._kept_at = time.monotonic()

    def _beat(self, started_at: datetime, *, is_near: bool) -> None:
        """Say that it lives."""
        every = 2 * _BEAT_EVERY if is_near else _BEAT_EVERY
        if self._beat_at is not None and time.monotonic() - self._beat_at < every:
            return
        now = clock.now()
        with reading():
            late = (outbox.is_waiting(OutboxMessage), OutboxMessage.next_attempt_at <= now)
            backlog, oldest = db.session.execute(
                select(func.count(), func.min(OutboxMessage.next_attempt_at)).where(*late)
            ).one()
            db.session.rollback()
        oldest_seconds = (now - oldest).total_seconds() if backlog else 0.0
        beats.beat(
            worker=self.worker,
            pid=os.getpid(),
            started_at=started_at,
            due_backlog=backlog,
            oldest_due_seconds=oldest_seconds,
        )
        self._beat_at = time.monotonic()

    def _notice_a_clock_set_back(self, now: datetime) -> None:
        before, self._wall_at = self._wall_at, now
        if before is None or now >= before - _SET_BACK:
            return
        log.warning("wall_clock_set_back", seconds=round((before - now).total_seconds()))
        messages, incidents = outbox.mend_after_clock_went_back(), bells.mend_after_clock_went_back(before - now)
        log.info("mended_after_clock_was_set_back", messages=messages, incidents=incidents)
        self._beat_at = None
        if self.timetable is not None:
            self.timetable.start_over()


def wake_all(lanes: Sequence[LaneThread]) -> None:
    """Something may be due on any of them."""
    for lane in lanes:
        lane.wake()


def _a_third_of_a_lease() -> float:
    return leases.span().total_seconds() / 3


def _seconds_until(moment: datetime) -> float:
    return (moment - clock.now()).total_seconds()


def spare_the_collector() -> None:
    """What is there now stays: to look through all of it for garbage takes longer than a bell may be late."""
    gc.collect()
    gc.freeze()
