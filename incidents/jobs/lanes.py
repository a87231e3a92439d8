"""Keeps a lane going: one thread claims, the senders send, and one thread writes down what became of it.

So the next batch is claimed while the last one is written, and neither waits for what may be slow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import BATCH, Claim
from .deliveries import WRITE_AFTER, WRITE_MANY, Done, Lane
from .senders import Senders

_LOOK_AGAIN = 1.0  # seconds, where something is due that cannot be taken
_BEFORE_ANOTHER_TRY = 1.0  # seconds after the database could not be asked
_FOR_A_SUSPECT = 2.0  # seconds alone for a message whose last worker vanished
_WAITS_FOR_ROOM = 0.1  # seconds for a whole batch, while there is enough to do
_MOST_UNWRITTEN = 2 * BATCH  # while more results wait than this, nothing is claimed
_LONGEST_WRITE = 60.0  # seconds after which a writer hangs
_LONGEST_FAREWELL = 28.0
_WITHOUT_RESULTS = 60.0  # seconds that a writer sleeps; whoever has something for it wakes it

log = structlog.get_logger(__name__)


class LaneThread(threading.Thread):
    """Claims: woken when something was enqueued or written down, and looking by itself as often as its lookout says."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(name=f"lane-{lane.channel}", daemon=True)
        self.lane = lane
        self.sign: Callable[[], None] = lambda: None  # called after each turn: the watchdog listens
        self.senders: Senders[Done] = Senders(lane.rules, lane.channel, lane.attempt, lane.app.app_context)
        self.writer = _Writer(lane, self.senders, self._written)
        self._woken = threading.Event()
        self.senders.ran_low = self._woken.set
        self._suspect_until = 0.0
        self._claimed_at = float("-inf")
        self._is_more = False  # the last claim took as much as it was allowed to

    def wake(self) -> None:
        """Something may be due."""
        self.lane.lookout.forget()
        self._woken.set()

    def _written(self) -> None:
        self._suspect_until = 0.0
        self.lane.lookout.forget()
        self._woken.set()  # their destinations are free again

    def run(self) -> None:
        self.writer.start()
        with self.lane.app.app_context():
            while not self.lane.stop.is_set():
                self._woken.wait(self._turn())
                self._woken.clear()
                if not self.writer.hangs():
                    self.sign()
            self._take_leave()

    def _turn(self) -> float:
        """Claim; answers how many seconds to wait if nobody wakes this."""
        try:
            return self._look()
        except Exception as broken:  # noqa: BLE001 - the database may be away: look again in a second
            cause = str(getattr(broken, "orig", broken))
            log.warning("lane_could_not_look", channel=self.lane.channel, cause=cause)
            db.session.remove()
            self.lane.stop.wait(_BEFORE_ANOTHER_TRY)
            return 0.0

    def _look(self) -> float:
        """Claim as much as there is room for, and say in how many seconds to look again."""
        room = self.senders.room()
        is_full = room < self.lane.rules.threads or self.senders.unwritten() > _MOST_UNWRITTEN
        # to claim a few costs nearly as much as many; but what calls somebody may be among them
        is_full |= room < BATCH < self.senders.load() and time.monotonic() - self._claimed_at < _WAITS_FOR_ROOM
        if is_full or time.monotonic() < self._suspect_until:
            return 0.1  # or when the senders ran low, or something was written
        due_in = 0.0 if self._is_more else self.lane.next_due_in()
        if due_in is None or due_in > 0:
            rest = self.lane.lookout.seconds_to_rest()
            return rest if due_in is None else min(rest, due_in)
        self._claimed_at = time.monotonic()
        claims = self.lane.claim(limit=min(room, BATCH), troubled=self.senders.free_for_troubled())
        self.lane.lookout.forget()
        if any(claimed.was_abandoned for claimed in claims):
            self._suspect_until = time.monotonic() + _FOR_A_SUSPECT
        self._send(claims)
        self._is_more = len(claims) >= min(room, BATCH)
        # what is due and was left alone waits for a breaker, or for one in flight
        return 0.0 if claims else _LOOK_AGAIN

    def _send(self, claims: Sequence[Claim]) -> None:
        try:
            errands, unsent = self.lane.prepare(claims)
        except (OperationalError, InterfaceError):
            # the database went away in between: given back as soon as it answers, they need not wait for their leases
            self.senders.note([Done(result=outbox.returned(claimed)) for claimed in claims])
            raise
        self.senders.note(unsent)
        self.senders.put(errands)

    def _take_leave(self) -> None:
        """Give back what was not begun, and write down what was."""
        self.lane.lookout.close()
        until = time.monotonic() + _LONGEST_FAREWELL
        self.senders.note([Done(result=outbox.returned(errand.claim)) for errand in self.senders.empty()])
        while self.senders.load() and time.monotonic() < until:
            time.sleep(0.02)
        self.senders.stop()
        self.writer.finish()
        self.writer.join(max(1.0, until - time.monotonic()))


class _Writer(threading.Thread):
    """Writes results down as they come, many at a time."""

    def __init__(self, lane: Lane, senders: Senders[Done], written: Callable[[], None]) -> None:
        super().__init__(name=f"results-{lane.channel}", daemon=True)
        self.lane, self.senders = lane, senders
        self._written = written
        self._finished = threading.Event()
        self._began_at: float | None = None  # the write that is under way

    def hangs(self) -> bool:
        """Whether a write has been under way for far too long: a lane whose results go nowhere is of no use."""
        began_at = self._began_at
        return began_at is not None and time.monotonic() - began_at > _LONGEST_WRITE

    def finish(self) -> None:
        """Write what there is, and end."""
        self._finished.set()
        self.senders.nudge()

    def run(self) -> None:
        with self.lane.app.app_context():
            while not self._finished.is_set():
                done = self.senders.done(wait=_WITHOUT_RESULTS, at_least=WRITE_MANY, within=WRITE_AFTER)
                if done and not self._write(done):
                    self.senders.give_back([each for each in done if each.result.claim.seconds_left() > 0])
                    self._finished.wait(_BEFORE_ANOTHER_TRY)
            self._write(self.senders.done(wait=0))  # in vain? then their leases end by themselves

    def _write(self, done: list[Done]) -> bool:
        self._began_at = time.monotonic()
        try:
            for start in range(0, len(done), WRITE_MANY):
                self.lane.write(done[start : start + WRITE_MANY])
        except Exception as broken:  # noqa: BLE001 - the database may be away
            cause = str(getattr(broken, "orig", broken))
            log.warning("lane_could_not_write", channel=self.lane.channel, cause=cause)
            db.session.remove()
            return False
        finally:
            self._began_at = None
        self._written()
        return True
