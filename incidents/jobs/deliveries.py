"""Sends what waits in the outbox: a lane a channel, one message at a time to a destination, results written at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import groupby

import structlog
from flask import Flask, current_app

from .. import channels
from ..access.visibility import may_read
from ..channels import Message, Outcome
from ..kernel import clock, outbox
from ..kernel.database import db, reading
from ..kernel.outbox import Claim
from ..kernel.settings import Settings
from ..records.people import closed_accounts
from .breakers import Breakers

BATCH = 20
SENDERS = 4  # a lane's threads, each with a connection of its own
_ENOUGH_LEASE = 35.0  # seconds: an attempt takes 30 at most, and its result must be written inside the lease
_CLOSED = "The account was disabled before this was sent"
_HIDDEN = "The incident is restricted, and this person is not named in it"

log = structlog.get_logger(__name__)


def send_due_messages(limit: int = 1_000) -> int:
    """Send what is due now, lane after lane, in this thread; answers how many attempts were made.

    It ends the session's transaction first: none may be open while the network is.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    attempts = 0
    for channel in channels.lanes():
        lane = Lane(app, channel, worker="by hand")
        db.session.rollback()
        while attempts < limit and (done := lane.turn(limit=min(BATCH, limit - attempts))):
            attempts += done
    return attempts


class Lane:
    """One channel's way out. Any number of processes may have one: the rows decide who sends what."""

    def __init__(self, app: Flask, channel: str, *, worker: str, stop: threading.Event | None = None) -> None:
        self.app = app
        self.channel = channel
        self.worker = worker
        self.stop = stop or threading.Event()
        self.breakers = Breakers()
        self.settings: Settings = app.extensions["sevenbells.settings"]

    def turn(self, *, limit: int = BATCH, pool: Executor | None = None) -> int:
        """Claim what is due and send it; answers how many messages were looked at, 0 when nothing was due."""
        away = self.breakers.away
        if self.stop.is_set() or (away and away.is_closed):
            return 0
        # while the channel is away one message tries the way for all others
        claims = outbox.claim(worker=self.worker, channel=self.channel, limit=1 if away else limit)
        closed = channels.why_closed(self.channel, self.settings)
        if closed:
            for claimed in claims:
                outbox.mark_failed(claimed, reason=closed, permanent=True)
            return len(claims)
        by_destination = sorted(_still_welcome(claims), key=lambda claimed: claimed.destination)
        groups = [list(group) for _, group in groupby(by_destination, key=lambda claimed: claimed.destination)]
        mapped: Callable[..., object] = pool.map if pool else map
        list(mapped(self._send_in_order, groups))  # type: ignore[call-overload]
        return len(claims)

    def next_due_in(self) -> float | None:
        """Seconds until a message is due (0 or less: now); None while nothing waits."""
        with reading():
            db.session.rollback()
            due_at = outbox.next_due_at([self.channel])
            db.session.rollback()
        return None if due_at is None else (due_at - clock.now()).total_seconds()

    def _send_in_order(self, claims: Sequence[Claim]) -> None:
        with self.app.app_context():
            for claimed in claims:
                if self._may_try(claimed):
                    self._send(claimed)

    def _may_try(self, claimed: Claim) -> bool:
        """Whether to send it now; if not it is given back, and the attempt is not counted."""
        if self.stop.is_set() or claimed.seconds_left() < _ENOUGH_LEASE:
            outbox.give_back(claimed)
            return False
        for trouble in (self.breakers.away, self.breakers.trouble_at(claimed.destination)):
            if trouble and trouble.is_closed:
                reason = f"Waits after {trouble.failures} failed attempts in a row: {trouble.reason}"
                outbox.give_back(claimed, reason=reason, until=trouble.closed_until)
                return False
        return True

    def _send(self, claimed: Claim) -> None:
        message = Message(claimed.key, claimed.channel, claimed.destination, claimed.payload)
        try:
            outcome = channels.send(message, self.settings)
        except Exception as broken:  # the lane must go on, and the row says what broke
            log.exception("sending_broke", key=claimed.key, channel=claimed.channel)
            outcome = Outcome("failed", f"Sending broke: {type(broken).__name__}")
        self._learn(claimed, outcome)
        written = self._write_down(claimed, outcome)
        log.info(
            "delivery",
            outcome=outcome.kind,
            channel=claimed.channel,
            key=claimed.key,
            attempt=claimed.attempt,
            reason=outcome.reason,
            in_time=written,
        )

    def _learn(self, claimed: Claim, outcome: Outcome) -> None:
        if outcome.kind == "sent":
            self.breakers.worked(claimed.destination)
        elif outcome.kind == "unreachable":
            self.breakers.unreachable(outcome.reason)
        else:
            self.breakers.failed(claimed.destination, outcome.reason)

    def _write_down(self, claimed: Claim, outcome: Outcome) -> bool:
        if outcome.kind == "sent":
            return outbox.mark_sent(claimed)
        return outbox.mark_failed(
            claimed,
            reason=outcome.reason,
            permanent=outcome.kind == "refused",
            retry_after=outcome.retry_after,
        )


def _still_welcome(claims: Sequence[Claim]) -> list[Claim]:
    """Those that may leave as things are now; who may know can have changed since a message was written.

    The others are skipped: no restricted incident reaches somebody who is not named in it, and nothing a closed account.
    """
    about = {(claimed.incident_id, claimed.destination) for claimed in claims if claimed.incident_id is not None}
    with reading():
        db.session.rollback()
        readable = may_read(about) if about else set()
        closed = closed_accounts({claimed.destination for claimed in claims}) if claims else set()
        db.session.rollback()
    welcome = []
    for claimed in claims:
        if claimed.destination in closed:
            outbox.mark_skipped(claimed, reason=_CLOSED)
        elif claimed.incident_id is not None and (claimed.incident_id, claimed.destination) not in readable:
            outbox.mark_skipped(claimed, reason=_HIDDEN)
        else:
            welcome.append(claimed)
    return welcome


class LaneThread(threading.Thread):
    """Keeps a lane going: woken when something was enqueued here, and looking by itself at least once a second."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(name=f"lane-{lane.channel}", daemon=True)
        self.lane = lane
        self.sign: Callable[[], None] = lambda: None  # called after each look and each turn: the watchdog listens
        self._woken = threading.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    def run(self) -> None:
        with (
            self.lane.app.app_context(),
            ThreadPoolExecutor(SENDERS, thread_name_prefix=f"send-{self.lane.channel}") as pool,
        ):
            while not self.lane.stop.is_set():
                self._woken.wait(self._turn(pool))
                self._woken.clear()

    def _turn(self, pool: Executor) -> float:
        """Send what is due; answers how many seconds there are until the next look, one at most."""
        try:
            due = self.lane.next_due_in()
            self.sign()
            while due is not None and due <= 0 and self.lane.turn(pool=pool):
                self.sign()
                due = self.lane.next_due_in()
        except Exception as broken:  # noqa: BLE001 - the database may be away: look again in a second
            log.warning("lane_could_not_look", channel=self.lane.channel, cause=str(getattr(broken, "orig", broken)))
            db.session.remove()
            self.sign()
            return 1.0
        # what is due and was left alone waits for a breaker
        return 1.0 if due is None or due <= 0 else min(1.0, due)
