"""Sends what waits in the outbox: a lane a channel, one message at a time to a destination, results written in bulk."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, current_app
from sqlalchemy import select

from .. import channels
from ..access.visibility import hidden_from
from ..channels import Message, Outcome
from ..kernel import clock, outbox, trackers
from ..kernel.database import db, reading
from ..kernel.outbox import BATCH, STANDS_FOR, Claim, Lesson, Result
from ..kernel.settings import Settings
from ..messages import about_deliveries
from ..records.incidents import Incident
from ..records.people import closed_accounts
from ..reports.tellings import OVER
from . import action_items, breakers, disabled, facts, quarantine, shut_channels
from .lookout import Lookout
from .refusals import Refusal
from .senders import Errand, rules_of

_ENOUGH_LEASE = 35.0  # seconds: an attempt takes 30 at most, and its result must be written inside the lease
WRITE_AFTER = 0.02  # seconds that a result waits for others to be written with
WRITE_MANY = BATCH
_TRIED_FOR = timedelta(days=1)  # as long as a message's own schedule (reliability, P7)
_CLOSED = "The account was disabled before this was sent"
_HIDDEN = "The incident is restricted, and this person is not named in it"

log = structlog.get_logger(__name__)
_levels = logging.getLogger(__name__)


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


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a claim, with what that taught."""

    result: Result
    lessons: Sequence[Lesson] = ()
    outcome: Outcome | None = None  # None where nothing was tried
    disables: bool = False
    at: float = field(default_factory=time.monotonic)


class Lane:
    """One channel's way out. Any number of processes may have one: the rows decide who sends what."""

    def __init__(
        self,
        app: Flask,
        channel: str,
        *,
        worker: str,
        stop: threading.Event | None = None,
        lookout: Lookout | None = None,
    ) -> None:
        self.app = app
        self.lookout = lookout or Lookout([channel])
        self.channel = channel
        self.worker = worker
        self.stop = stop or threading.Event()
        self.rules = rules_of(channel)
        self.settings: Settings = app.extensions["sevenbells.settings"]
        self._away: tuple[float, str] = (float("-inf"), "")  # the newest claims that found the channel away, and why
        self._bodies: dict[int, Mapping[str, Any]] = {}

    def turn(self, *, limit: int = BATCH) -> int:
        """Claim what is due and send it here and now; answers how many messages were looked at, 0 when none was due."""
        if self.stop.is_set():
            return 0
        claims = self.claim(limit=limit)
        errands, done = self.prepare(claims)
        for errand in errands:
            done.append(self.attempt(errand, None))
            if time.monotonic() - done[0].at > WRITE_AFTER or len(done) >= WRITE_MANY:
                self.write(done)
                done = []
        self.write(done)
        return len(claims)

    def next_due_in(self) -> float | None:
        """Seconds until a message is due (0 or less: now); None while nothing waits."""
        due_at = self.lookout.due_at(self.channel)
        return None if due_at is None else (due_at - clock.now()).total_seconds()

    def claim(self, *, limit: int, troubled: int = BATCH) -> list[Claim]:
        """Claim what is due; each must be concluded, or waits until its lease has run out."""
        return outbox.claim(
            worker=self.worker, channel=self.channel, limit=limit, troubled=troubled, pace=self.rules.pace
        )

    def prepare(self, claims: Sequence[Claim]) -> tuple[list[Errand], list[Done]]:
        """Of these claims what may leave, and what became of the rest. Raises OperationalError."""
        closed = channels.why_closed(self.channel, self.settings) if claims else None
        if closed:
            unsent = [outbox.failed(claimed, reason=closed, permanent=True) for claimed in claims]
            return [], [Done(result=result) for result in unsent]
        errands, results = self._prepare(claims) if claims else ([], [])
        return errands, [Done(result=result) for result in results]

    def _prepare(self, claims: Sequence[Claim]) -> tuple[list[Errand], list[Result]]:
        """What may leave as things are now, with what its channel must know; the results of what may not."""
        with reading():
            db.session.rollback()
            unwelcome = _unwelcome(claims)
            known = facts.facts_for([claimed for claimed in claims if claimed.id not in unwelcome])
            claims = self._learn_bodies(claims)
            db.session.rollback()
        errands, results = [], []
        for claimed in claims:
            fact = known.get(claimed.id, {})
            reason = unwelcome.get(claimed.id) or (fact.reason if isinstance(fact, Refusal) else None)
            if reason is not None:
                results.append(outbox.skipped(claimed, reason=reason))
            else:
                errands.append(self._errand(claimed, fact))
        return errands, results

    def _learn_bodies(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """The same claims, each with the words that it leaves with: they may have been edited since it was written."""
        wanted = {claimed.body_id for claimed in claims if claimed.body_id is not None}
        edited = outbox.reworded(wanted)
        wanted = {edited.get(each, each) for each in wanted}
        if not wanted <= self._bodies.keys():
            self._bodies = outbox.bodies(wanted)
        if not edited:
            return claims
        return [each._replace(body_id=edited.get(each.body_id or 0, each.body_id)) for each in claims]

    def _errand(self, claimed: Claim, fact: Any) -> Errand:
        body = self._bodies.get(claimed.body_id, {}) if claimed.body_id is not None else {}
        payload = {**body, **claimed.payload} if body else claimed.payload
        stands_for = claimed.payload.get(STANDS_FOR)
        is_shared = bool(body) and not stands_for
        message = Message(
            claimed.key,
            claimed.channel,
            claimed.destination,
            about_deliveries.said_for_how_many(claimed.channel, payload, stands_for) if stands_for else payload,
            facts=fact,
            body_id=claimed.body_id if is_shared else None,
            own=claimed.payload if body else {},
        )
        target = fact.get("url")
        host = urlsplit(target).hostname if isinstance(target, str) else None
        return Errand(claim=claimed, message=message, host=host or claimed.destination)

    def attempt(self, errand: Errand, patience: float | None) -> Done:
        """Try once; answers what became of it, to be written with others."""
        claimed = errand.claim
        if self.stop.is_set() or claimed.seconds_left() < _ENOUGH_LEASE:
            return Done(result=outbox.returned(claimed))
        away_since, reason = self._away
        if claimed.ends <= away_since:
            return Done(result=outbox.returned(claimed, reason=reason))
        message = errand.message
        if patience is not None or errand.then is not None:
            message = _at_this_time(errand, patience)
        try:
            outcome = channels.send(message, self.settings)
        except Exception as broken:  # the lane must go on, and the row says what broke
            log.exception("sending_broke", key=claimed.key, channel=claimed.channel)
            outcome = Outcome("failed", f"Sending broke: {type(broken).__name__}")
        return Done(
            result=_result(claimed, outcome),
            lessons=self._lessons(claimed, outcome),
            outcome=outcome,
            disables=breakers.is_disabled_by(claimed, outcome),
        )

    def _lessons(self, claimed: Claim, outcome: Outcome) -> Sequence[Lesson]:
        if outcome.kind == "unreachable":
            if claimed.ends <= self._away[0]:
                return ()  # others of its batch have said so
            self._away = (claimed.ends, f"Waits after a failed attempt: {outcome.reason}")
        return breakers.lessons_of(claimed, outcome)

    def write(self, done: Sequence[Done]) -> None:
        """Write down what became of these, all together."""
        if not done:
            return
        lessons = [lesson for each in done for lesson in each.lessons]
        written = outbox.conclude([each.result for each in done], lessons, pace=self.rules.pace)
        for each in done:
            _say(each, in_time=each.result.claim.id in written)
            if each.disables:
                disabled.tell_owner(each.result.claim, each.outcome)
            if each.outcome is not None and shut_channels.is_one(each.result.claim, each.outcome):
                shut_channels.tell_team(each.result.claim, each.outcome)
        if any(lesson.suppressed is not None for lesson in lessons):
            quarantine.settle()
        if self.channel == trackers.CHANNEL:
            action_items.take_over_issues()


def _at_this_time(errand: Errand, patience: float | None) -> Message:
    then = None if errand.then is None else errand.then.message
    return errand.message._replace(patience=patience, then=then)


def _result(claimed: Claim, outcome: Outcome) -> Result:
    if outcome.kind == "sent":
        return outbox.sent(claimed, receipt=outcome.receipt)
    if outcome.kind == "unreachable" and _must_not_wait_long(claimed):
        return outbox.returned(claimed, reason=outcome.reason, until=clock.now() + breakers.LONGEST_AWAY)
    permanent = outcome.kind in ("refused", "gone")
    return outbox.failed(claimed, reason=outcome.reason, permanent=permanent, retry_after=outcome.retry_after)


def _must_not_wait_long(claimed: Claim) -> bool:
    """Whether its own schedule would keep a page waiting after the channel is back, where nothing else tries the way.

    Then it goes on trying each minute, without spending its attempts, for the day that the schedule lasts.
    """
    calls_somebody = claimed.purpose in (outbox.PAGE, outbox.REMINDER)
    is_slow = outbox.SCHEDULE[min(claimed.attempt, outbox.MOST_ATTEMPTS - 1)] > breakers.LONGEST_AWAY
    return calls_somebody and is_slow and clock.now() - claimed.first_attempt_at < _TRIED_FOR


def _say(done: Done, *, in_time: bool) -> None:
    if done.outcome is None or not _levels.isEnabledFor(logging.INFO):
        return  # the common logger makes a line of each before it drops it
    claimed = done.result.claim
    log.info(
        "delivery",
        outcome=done.outcome.kind,
        channel=claimed.channel,
        key=claimed.key,
        attempt=claimed.attempt,
        reason=done.outcome.reason,
        in_time=in_time,
    )


def _unwelcome(claims: Sequence[Claim]) -> dict[int, str]:
    """Those that may not leave as things are now, with the reason; who may know can have changed since they were written.

    No restricted incident reaches somebody who is not named in it, nothing a closed account, and no call for help about
    what is over leaves.
    """
    about = {
        (claimed.incident_id, claimed.person_id, claimed.destination)
        for claimed in claims
        if claimed.incident_id is not None
    }
    about |= {letter for claimed in claims for letter in _told_of(claimed)}
    hidden = hidden_from(about) if about else set()
    to_people = {(claimed.person_id, claimed.destination) for claimed in claims if claimed.purpose != outbox.UPDATE}
    closed = closed_accounts(to_people) if to_people else set()
    over = _over(claims)
    unwelcome = {}
    for claimed in claims if closed or hidden or over else ():
        if (claimed.person_id, claimed.destination) in closed:
            unwelcome[claimed.id] = _CLOSED
        elif (claimed.incident_id, claimed.person_id, claimed.destination) in hidden or _told_of(claimed) & hidden:
            unwelcome[claimed.id] = _HIDDEN
        elif claimed.id in over:
            unwelcome[claimed.id] = OVER
    return unwelcome


def _over(claims: Sequence[Claim]) -> set[int]:
    """Those that call for somebody though the incident is over: sent once more by hand, for what waits was stopped then."""
    calls = {claimed.id: claimed.incident_id for claimed in claims if claimed.purpose in (outbox.PAGE, outbox.REMINDER)}
    ids = {each for each in calls.values() if each is not None}
    if not ids:
        return set()
    ended = set(db.session.scalars(select(Incident.id).where(Incident.id.in_(ids), Incident.outcome.is_not(None))))
    return {each for each, incident_id in calls.items() if incident_id in ended}


def _told_of(claimed: Claim) -> set[tuple[int, int | None, str]]:
    """What tells of several incidents names them in its payload (see ``actions.weekly_digest``)."""
    named = claimed.payload.get("of_incidents") or ()
    return {(incident_id, claimed.person_id, claimed.destination) for incident_id in named}
