"""The clock process: strike what is due the moment it is due, send what must leave, and say that it is alive.

Its threads sleep until what they know to be due. One sees when something was committed or the wall clock was moved, and
wakes the others (see ``waker``). It keeps no memory: any number of clocks may run, and one that is killed
leaves nothing behind but a lease that ends.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from datetime import datetime, timedelta
from functools import partial

import structlog
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from .. import channels
from ..kernel import beats, clock, outbox
from ..kernel.database import db, reading
from ..kernel.outbox import OutboxMessage
from . import bells, subscribers
from .deliveries import Lane
from .lanes import LaneThread
from .lookout import Lookout
from .rest import seconds_until_the_next
from .stop import Stop
from .subscribers import Teller
from .timetable import Timetable
from .waker import BELLS, NOTICES, Waker
from .watchdog import ONE_TICK, ONE_TURN, Patience, Pulse, Watchdog

LONGEST_SLEEP, _SHORTEST_SLEEP = 1.0, 0.2  # seconds, of a tick that nobody wakes
_REST = 20.0  # seconds that a thread may sleep which the waker wakes
_BEAT_EVERY = 19.0  # seconds at least, so that each rest ends with one; a clock counts as gone after 90
_SET_BACK = timedelta(seconds=60)
_UNTIL_DEATH_IS_SEEN = 10.0  # seconds, where the waker itself hangs; else it sees it within one
_LONGEST_FAREWELL = 28.0  # seconds for sending what is under way; the promise is to be gone within 30

log = structlog.get_logger(__name__)


def run(app: Flask, stop: Stop, *, patience: Patience = ONE_TICK, with_lanes: Patience = ONE_TURN) -> None:
    """Be the clock until ``stop`` is set; returns within 30 s of that, with every lease given back.

    Its watchdog loses ``patience`` with the ticks and the chores, and ``with_lanes`` with those that send.
    """
    worker = f"{_this_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    _end_leases_of_the_dead(app)
    rest = min(_REST, patience.suspicious / 3, with_lanes.suspicious / 3)
    also = (bells.asking_when(BELLS), subscribers.asking_when(NOTICES))
    lookout = Lookout(channels.lanes(), rest=rest, also=also)
    lanes = [LaneThread(Lane(app, channel, worker=worker, stop=stop, lookout=lookout)) for channel in channels.lanes()]
    ticks, chores = Pulse("ticker", patience), Pulse("timetable", patience)
    turns = [Pulse(lane.name, with_lanes) for lane in lanes]
    for lane, pulse in zip(lanes, turns, strict=True):
        lane.sign = pulse.sign
    teller, notices = Teller(app, stop, wake=partial(_wake, lanes), rest=rest), Pulse("teller", patience)
    teller.sign = notices.sign
    timetable = Timetable(app, worker, sign=chores.sign, sign_every=patience.suspicious / 3)
    the_clock = Clock(app, worker, lanes, timetable, rest=rest)
    ticker = threading.Thread(target=_tick_until, args=(the_clock, ticks, stop), name="ticker", daemon=True)
    sleepers = {BELLS: the_clock.wake, NOTICES: teller.wake, **{lane.lane.channel: lane.wake for lane in lanes}}
    waker, looks = Waker(app, stop, lookout, sleepers), Pulse("waker", patience)
    waker.sign, stop.rouse = looks.sign, waker.rouse
    watchdog = Watchdog(stop, ticks, chores, notices, looks, *turns, tell=partial(_tell_of_hanging, app, worker))
    log.info("clock_started", worker=worker)
    threads = (*lanes, teller, watchdog, ticker, waker)
    waker.are_others_alive = lambda: all(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.start()
    timetable.start()
    # this thread runs the signal handlers, and must not hold the lock of the event that they set; the waker waits for it
    while all(thread.is_alive() for thread in threads):
        waker.join(_UNTIL_DEATH_IS_SEEN)
    was_asked, dead = stop.is_set(), [thread.name for thread in threads if not thread.is_alive()]
    if len(dead) > 1:
        dead.remove(waker.name)  # it ended because another had
    stop.set()
    the_clock.wake()
    teller.wake()
    _take_leave(app, worker, lanes, timetable)
    if not was_asked:
        raise RuntimeError(f"a thread of the clock ended, which it never should: {', '.join(dead)}")


def _end_leases_of_the_dead(app: Flask) -> None:
    """On SQLite every clock is on this machine, so that one which was killed is known to be gone: nothing waits for it."""
    if not app.extensions["sevenbells.settings"].is_sqlite:
        return
    try:
        with app.app_context():
            ended = outbox.end_those_of(_is_gone)
    except SQLAlchemyError as broken:
        log.warning("could_not_look_for_dead_clocks", cause=str(getattr(broken, "orig", broken)))
    else:
        if ended:
            log.warning("leases_of_dead_clocks_ended", messages=ended)


def _is_gone(worker: str) -> bool:
    """Whether no process of this machine has the number in that name; a stranger's name says nothing."""
    machine, _, pid = worker.rpartition("-")[0].rpartition("-")
    if machine != _this_machine() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _this_machine() -> str:
    return socket.gethostname()[:40]


def _wake(lanes: list[LaneThread]) -> None:
    for lane in lanes:
        lane.wake()


def _tick_until(the_clock: Clock, pulse: Pulse, stop: threading.Event) -> None:
    with the_clock.app.app_context():
        while not stop.is_set():
            pause = the_clock.tick()
            pulse.sign()
            the_clock.sleep(pause)


def _tell_of_hanging(app: Flask, worker: str, silent: float) -> None:
    """Write it into this clock's row, for /health/ready and for whoever looks at the console."""
    with app.app_context():
        try:
            beats.note_hanging(worker, since=clock.now() - timedelta(seconds=silent))
        except SQLAlchemyError as broken:  # the database is away: then its silence says it
            log.warning("clock_could_not_say_that_it_hangs", cause=str(getattr(broken, "orig", broken)))


def _take_leave(app: Flask, worker: str, lanes: list[LaneThread], timetable: Timetable) -> None:
    until = time.monotonic() + _LONGEST_FAREWELL
    _wake(lanes)
    for lane in lanes:
        lane.join(max(0.0, until - time.monotonic()))
    try:
        timetable.stop()
        with app.app_context():
            released = outbox.release(worker)
            beats.leave(worker)
    except Exception as broken:  # noqa: BLE001 - the database may be away; the leases end by themselves
        log.warning("clock_left_without_a_word", cause=str(getattr(broken, "orig", broken)))
    else:
        log.info("clock_stopped", worker=worker, released=released)


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
        self._is_cut_off = False

    def tick(self) -> float:
        """Strike everything that is due; answers how many seconds to sleep."""
        started_at = clock.now()
        try:
            self._notice_a_clock_set_back(started_at)
            next_bell_at = self._strike()
            self._beat(started_at)
        except Exception as broken:  # the database may be away: what is due stays due
            db.session.remove()
            if not self._is_cut_off:
                log.exception("tick_failed", cause=str(getattr(broken, "orig", broken)))
            self._is_cut_off = True
            return LONGEST_SLEEP
        if self._is_cut_off:
            log.info("ticking_again")
        self._is_cut_off = False
        return _pause_until(next_bell_at, self.rest)

    def sleep(self, pause: float) -> None:
        """So many seconds, or until somebody wakes it."""
        self._woken.wait(min(pause, seconds_until_the_next(self.rest)))
        self._woken.clear()

    def wake(self) -> None:
        """Another bell may be the next one, or it is time to end."""
        self._woken.set()

    def _strike(self) -> datetime | None:
        """Strike what is due and wake the lanes; answers when the next bell is due."""
        next_bell_at = self._next_bell_at()
        while next_bell_at is not None and next_bell_at <= clock.now():
            if bells.strike_due_bells(bells.BATCH) == 0:
                break  # another clock is at it
            _wake(self.lanes)
            next_bell_at = self._next_bell_at()
        return next_bell_at

    def _next_bell_at(self) -> datetime | None:
        with reading():
            return bells.next_bell_at()

    def _beat(self, started_at: datetime) -> None:
        """Say that it lives, and keep the lease on the chores as long as it does."""
        if self._beat_at is not None and time.monotonic() - self._beat_at < _BEAT_EVERY:
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
        if self.timetable is not None:
            self.timetable.holding.keep()
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


def _pause_until(next_bell_at: datetime | None, rest: float) -> float:
    if next_bell_at is None:
        return rest
    seconds = (next_bell_at - clock.now()).total_seconds()
    # something overdue that could not be struck must not keep this process spinning
    return min(rest, seconds) if seconds > 0 else _SHORTEST_SLEEP
