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
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from .. import channels
from ..kernel import beats, clock, leases, outbox
from . import bells, subscribers
from .deliveries import Lane
from .lanes import LaneThread
from .lookout import Lookout
from .stop import Stop
from .subscribers import Teller
from .ticker import Clock, spare_the_collector, wake_all
from .timetable import Timetable
from .waker import BELLS, NOTICES, Waker
from .watchdog import ONE_TICK, ONE_TURN, Patience, Pulse, Watchdog

_REST = 20.0  # seconds that a thread may sleep which the waker wakes
_UNTIL_DEATH_IS_SEEN = 5.0  # seconds
_LONGEST_FAREWELL = 27.0  # seconds for what is under way; the promise is to be gone within 30

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
    ticks, chores, quick = Pulse("ticker", patience), Pulse("timetable", patience), Pulse("quick chores", with_lanes)
    turns = [Pulse(lane.name, with_lanes) for lane in lanes]
    for lane, pulse in zip(lanes, turns, strict=True):
        lane.sign = pulse.sign
    teller, notices = Teller(app, stop, wake=partial(wake_all, lanes), rest=rest), Pulse("teller", patience)
    teller.sign = notices.sign
    timetable = Timetable(app, worker, sign=chores.sign, sign_every=patience.suspicious / 3, sign_quick=quick.sign)
    the_clock = Clock(app, worker, lanes, timetable, rest=rest)
    ticker = threading.Thread(target=_tick_until, args=(the_clock, ticks, stop), name="ticker", daemon=True)
    sleepers = {BELLS: the_clock.wake, NOTICES: teller.wake, **{lane.lane.channel: lane.wake for lane in lanes}}
    waker, looks = Waker(app, stop, lookout, sleepers), Pulse("waker", patience)
    waker.sign, stop.rouse = looks.sign, waker.rouse
    watchdog = Watchdog(stop, ticks, chores, quick, notices, looks, *turns, tell=partial(_tell_of_hanging, app, worker))
    log.info("clock_started", worker=worker)
    spare_the_collector()
    threads = (*lanes, teller, watchdog, ticker, waker)
    for thread in threads:
        thread.start()
    timetable.start()
    # this thread runs the signal handlers, and must not hold the lock of the event that they set; the waker waits for it
    while all(thread.is_alive() for thread in threads):
        waker.join(_UNTIL_DEATH_IS_SEEN)
    was_asked, dead = stop.is_set(), [thread.name for thread in threads if not thread.is_alive()]
    stop.set()
    timetable.close()
    for wake in sleepers.values():
        wake()
    _take_leave(app, worker, threads, timetable)
    if not was_asked:
        raise RuntimeError(f"a thread of the clock ended, which it never should: {', '.join(dead)}")


def _end_leases_of_the_dead(app: Flask) -> None:
    """On SQLite every clock is on this machine, so that one which was killed is known to be gone: nothing waits for it."""
    if not app.extensions["sevenbells.settings"].is_sqlite:
        return
    try:
        with app.app_context():
            ended = outbox.end_those_of(_is_gone)
            leases.end_those_of(_is_gone)
    except SQLAlchemyError as broken:
        log.warning("could_not_look_for_dead_clocks", cause=str(getattr(broken, "orig", broken)))
    else:
        if ended:
            log.warning("leases_of_dead_clocks_ended", messages=ended)


def _is_gone(worker: str) -> bool:
    """Whether no other process of this machine has the number in that name; a stranger's name says nothing.

    A container that is started again gives the same numbers, and what took something under ours is gone.
    """
    machine, _, pid = worker.rpartition("-")[0].rpartition("-")
    if machine != _this_machine() or not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _this_machine() -> str:
    return socket.gethostname()[:40]


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


def _take_leave(app: Flask, worker: str, threads: Sequence[threading.Thread], timetable: Timetable) -> None:
    """Whoever still writes comes to an end before it is written down that this clock left."""
    until = time.monotonic() + _LONGEST_FAREWELL
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    try:
        timetable.stop(within=max(0.0, until - time.monotonic()))
        with app.app_context():
            released = outbox.release(worker)
            beats.leave(worker)
    except Exception as broken:  # noqa: BLE001 - the database may be away; the leases end by themselves
        log.warning("clock_left_without_a_word", cause=str(getattr(broken, "orig", broken)))
    else:
        log.info("clock_stopped", worker=worker, released=released)
