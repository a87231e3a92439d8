"""A lane's threads and the order in which they take what is to be sent, so that the slow hold up nobody else.

Destinations that failed or were slow the last time share a small part of the threads, a host gets two at most, and
while more than that part is busy an attempt at anybody else gets little time: who did not answer by then failed,
and is tried again among the slow, with all the time there is.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Generic, TypeVar

from ..channels import Message
from ..kernel.outbox import BATCH, PAGE, REMINDER, Claim

T = TypeVar("T")
_Taken = tuple["Errand", float | None, bool]  # how many seconds it gets; whether nothing waits behind it
_SLOW = 2.0  # seconds: an attempt that took longer has its next one among the slow
_AHEAD = 2.0  # seconds
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a channel is sent."""

    threads: int = 4
    for_troubled: int = 2  # of them, for destinations that failed or were slow the last time
    a_host: int | None = None  # attempts at one time
    short: float | None = None  # seconds for an attempt while many are busy; None: always as long as it takes
    pace: timedelta | None = None  # between two messages to one destination
    looks_ahead: bool = False  # a thread knows what it sends next, so that the channel may announce it


# 1 message a second and channel: docs.slack.dev/apis/web-api/rate-limits
RULES: Mapping[str, Rules] = MappingProxyType(
    {
        "email": Rules(threads=6, looks_ahead=True),
        "slack": Rules(threads=4, pace=timedelta(seconds=1)),
        "webhook": Rules(threads=32, for_troubled=8, a_host=2, short=3.0),
        "apprise": Rules(threads=8, a_host=2),
    }
)
_ELSE = Rules()


def rules_of(channel: str) -> Rules:
    """The rules of a channel; four threads where nothing is said of it."""
    return RULES.get(channel, _ELSE)


@dataclass(kw_only=True)
class Errand:
    """A claim that may leave, as its channel will get it."""

    claim: Claim
    message: Message
    host: str
    then: Errand | None = None  # what its thread has taken besides, to be sent right after it

    @property
    def calls_somebody(self) -> bool:
        return self.claim.purpose in (PAGE, REMINDER)


class Slow:
    """Which destinations took long the last time; kept by one process, and forgotten with it."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def note(self, destination: str, seconds: float) -> None:
        """An attempt there took so long."""
        if seconds < _SLOW:
            self._names.pop(destination, None)
            return
        self._names[destination] = None
        if len(self._names) > _MOST_REMEMBERED:
            self._names.pop(next(iter(self._names)), None)

    def __contains__(self, destination: str) -> bool:
        return destination in self._names


class Senders(Generic[T]):
    """The threads of one lane. ``attempt`` is called in them; what it answers is collected by ``done``."""

    def __init__(
        self,
        rules: Rules,
        name: str,
        attempt: Callable[[Errand, float | None], T],
        surroundings: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self.rules = rules
        self.slow = Slow()
        self.ran_low: Callable[[], None] = lambda: None  # called when the last that waited was taken
        self._name, self._attempt, self._surroundings = name, attempt, surroundings
        self._waiting: deque[Errand] = deque()
        self._done: list[T] = []
        self._at: Counter[str] = Counter()  # attempts under way, by host
        self._running = self._troubled = 0
        self._stopped = False
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._seconds = 0.0  # that an attempt takes, about
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)  # there may be something to take
        self._news = threading.Condition(self._lock)  # an attempt ended, or ``nudge``
        self._nudged = False

    def put(self, errands: Sequence[Errand]) -> None:
        """Send these, in this order as far as the rules let them; what calls somebody before all that waits."""
        with self._lock:
            self._waiting.extend(errand for errand in errands if not errand.calls_somebody)
            self._waiting.extendleft(errand for errand in reversed(errands) if errand.calls_somebody)
            for _ in range(min(len(errands), self.rules.threads)):
                if self._idle:
                    break
                if len(self._threads) < self.rules.threads:
                    self._begin_thread()
            self._more.notify(len(errands))

    def _begin_thread(self) -> None:
        number = len(self._threads) + 1
        thread = threading.Thread(target=self._work, name=f"send-{self._name}-{number}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        with self._surroundings():
            while (taken := self._take()) is not None:
                while taken is not None:
                    errand, patience, is_last = taken
                    if is_last:
                        self.ran_low()
                    began = time.monotonic()
                    answer = self._attempt(errand, patience)
                    taken = self._put_down(errand, answer, time.monotonic() - began)

    def _take(self) -> _Taken | None:
        with self._lock:
            while not self._stopped:
                errand = self._next()
                if errand is not None:
                    return self._taken(errand, self._begin(errand))
                self._idle += 1
                self._more.wait()
                self._idle -= 1
            return None

    def _taken(self, errand: Errand, patience: float | None) -> _Taken:
        """With what comes after it where there is plenty for all: what nobody has taken goes to whoever is free first."""
        if self.rules.looks_ahead and len(self._waiting) >= self.rules.threads:
            following = self._waiting[0]
            if self._may_begin(following) and not self._is_troubled(following):
                errand.then = self._waiting.popleft()
                self._begin(following)
        return errand, patience, not self._waiting

    def _next(self) -> Errand | None:
        """The first one that the rules allow now."""
        for place, errand in enumerate(self._waiting):
            if self._may_begin(errand):
                del self._waiting[place]
                return errand
        return None

    def _may_begin(self, errand: Errand) -> bool:
        if self.rules.a_host is not None and self._at[errand.host] >= self.rules.a_host:
            return False
        return not self._is_troubled(errand) or self._troubled < self.rules.for_troubled

    def _is_troubled(self, errand: Errand) -> bool:
        return errand.claim.failures > 0 or errand.claim.destination in self.slow

    def _begin(self, errand: Errand) -> float | None:
        """Count it in; answers how many seconds it gets, None for as long as it takes."""
        is_busy = self._running >= self.rules.for_troubled
        self._running += 1
        self._at[errand.host] += 1
        if self._is_troubled(errand):
            self._troubled += 1
            return None
        return self.rules.short if is_busy else None

    def _put_down(self, errand: Errand, answer: T, took: float) -> _Taken | None:
        """Count it out; answers what was taken with it."""
        with self._lock:
            if self._is_troubled(errand):
                self._troubled -= 1
            self._running -= 1
            self._at[errand.host] -= 1
            self.slow.note(errand.claim.destination, took)
            self._done.append(answer)
            self._seconds = 0.8 * self._seconds + 0.2 * took
            if len(self._done) == 1 or not self._is_busy():
                self._news.notify()  # a waker for each would cost more than an attempt at a fast channel
            if self._waiting and self._idle:
                self._more.notify()  # the rules may allow another one now
            return None if errand.then is None else self._taken(errand.then, None)

    # ---- for the lane's own thread ----

    def free_for_troubled(self) -> int:
        """How many destinations in trouble could be taken on now."""
        with self._lock:
            waiting = sum(1 for errand in self._waiting if self._is_troubled(errand))
            return max(0, self.rules.for_troubled - self._troubled - waiting)

    def room(self) -> int:
        """How many more errands it can take on: about two seconds' worth, so that an urgent one never waits long."""
        with self._lock:
            load, threads = len(self._waiting) + self._running, self.rules.threads
            fitting = int(_AHEAD * threads / self._seconds) if self._seconds > 0 else BATCH
            return max(threads, min(2 * BATCH, fitting)) + threads - load

    def load(self) -> int:
        """How many errands wait for a thread or have one."""
        with self._lock:
            return len(self._waiting) + self._running

    def note(self, answers: Sequence[T]) -> None:
        """These ended without being sent."""
        if answers:
            with self._lock:
                self._done.extend(answers)
                self._news.notify()

    def unwritten(self) -> int:
        """How many have ended since ``done`` was last called, or were given back to it."""
        with self._lock:
            return len(self._done)

    def give_back(self, answers: Sequence[T]) -> None:
        """``done`` answers these again, before all others."""
        with self._lock:
            self._done[:0] = answers

    def done(self, *, wait: float, at_least: int = 1, within: float = 0.0) -> list[T]:
        """What has ended since the last call; waits up to ``wait`` seconds for something, or for a ``nudge``.

        Once there is something, it waits ``within`` seconds for ``at_least`` so many, or until nothing is under way.
        """
        with self._lock:
            if not self._done and not self._nudged and wait > 0:
                self._news.wait(wait)
            until = time.monotonic() + within
            while self._done and len(self._done) < at_least and self._is_busy() and not self._nudged:
                left = until - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    break
            self._nudged = False
            done, self._done = self._done, []
            return done

    def _is_busy(self) -> bool:
        return bool(self._waiting or self._running)

    def nudge(self) -> None:
        """End the wait of ``done``."""
        with self._lock:
            self._nudged = True
            self._news.notify()

    def empty(self) -> list[Errand]:
        """Take back what no thread has begun."""
        with self._lock:
            left = [*self._waiting]
            self._waiting.clear()
            return left

    def stop(self) -> None:
        """The threads end once what they are at has ended."""
        with self._lock:
            self._stopped = True
            self._more.notify_all()
