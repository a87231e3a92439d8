"""What is done by the minute: a table one can read aloud. APScheduler only wakes it, and remembers nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from ..actions.postmortem import reminders
from ..kernel import beats, clock, database, findings, outbox
from ..kernel.database import db, reading
from ..kernel.leases import Held, LeaseLost
from ..kernel.settings import Settings
from ..published import notices, repeating, subscribers
from ..published.first_address import keep_first_address
from ..records.idempotency import KEPT_FOR, KeyedRequest
from ..records.once import KEPT_FOR as SENT_FORMS_KEPT_FOR
from ..records.once import SentForm
from ..records.sessions import ServerSession
from ..records.slack_requests import KEPT_FOR as SLACK_REQUESTS_KEPT_FOR
from ..records.slack_requests import SlackRequest
from . import (
    action_items,
    alarm,
    audit,
    heartbeat,
    holding,
    mirroring,
    oncall,
    quarantine,
    slack_channels,
    slack_people,
    slack_timeline,
)
from .holding import Holding

_QUICK = "quick"
_MINUTE = timedelta(minutes=1)
_ANY_MINUTE = datetime(
    2020, 1, 1, 0, 0, 1, tzinfo=UTC
)  # what comes more often is counted from one, so that it falls in
_GRACE = timedelta(seconds=45)  # until the first audit: a clock that was away has something to catch up with
_SIGN_EVERY = 20.0  # seconds
_TAKEN_BACK_FOR = 60.0  # seconds for which a chore that works need not look whether it failed before

log = structlog.get_logger(__name__)


def look_for_what_is_late() -> None:
    """The self-audit; where all is well the watcher outside hears of it.

    Of what was found the admins are warned, each fault once, and once more when it is over: past the outbox and by
    another way than the one that fails.
    """
    if not audit.audit():
        heartbeat.ping()
    alarm.warn()


def fold_the_log_back() -> None:
    """SQLite's write-ahead log into the file: only the clock does it, see ``database.checkpoint``."""
    database.checkpoint(db.engine)


def remind_owners_of_postmortems() -> None:
    """Whoever owes a post-mortem is told in the morning, as long as it is owed."""
    reminders.remind_owners()
    db.session.commit()


def note_what_subscribers_are_to_hear() -> None:
    """Maintenance that begins within the hour, has begun or has ended; written once, and sent by nobody here."""
    if notices.record_what_is_due():
        db.session.commit()


def quarantine_whoever_cannot_be_reached() -> None:
    """Done as soon as it is learnt; here for what was learnt just before a crash."""
    quarantine.settle()


def plan_what_comes_again() -> None:
    """Each recurring maintenance keeps its next occurrences planned."""
    if repeating.keep_all_planned():
        db.session.commit()


def keep_what_entries_are_known_by() -> None:
    """The ids in the page's feeds stay when its address changes; once, after the first publication."""
    if keep_first_address():
        db.session.commit()


def forget_what_has_expired() -> None:
    """Sessions that have ended, answers kept for repeated requests for a day, clocks that are gone.

    And addresses whose owners did not confirm for a week that they want to be told.
    """
    now = clock.now()
    db.session.execute(delete(ServerSession).where(ServerSession.expires_at < now))
    db.session.execute(delete(KeyedRequest).where(KeyedRequest.created_at < now - KEPT_FOR))
    db.session.execute(delete(SentForm).where(SentForm.at < now - SENT_FORMS_KEPT_FOR))
    db.session.execute(delete(SlackRequest).where(SlackRequest.at < now - SLACK_REQUESTS_KEPT_FOR))
    beats.forget_the_long_gone()
    outbox.forget_the_untroubled()
    subscribers.forget_the_unconfirmed()
    db.session.commit()


def forget_texts_that_nobody_gets() -> None:
    """What edits leave over: seldom, because all messages are looked at, and first without keeping anybody from writing."""
    with reading():
        db.session.rollback()
        some = outbox.has_unused_bodies()
        db.session.rollback()
    if some:
        outbox.forget_unused_bodies()
        db.session.commit()


# done by one clock at a time, whoever holds the lease; that nothing is done twice rests on unique keys all the same.
# Without a token for Slack those of _OF_SLACK are left out
CHORES: Mapping[Callable[[], None], timedelta] = {
    look_for_what_is_late: timedelta(minutes=1),
    remind_owners_of_postmortems: timedelta(minutes=1),
    action_items.remind_owners_of_action_items: timedelta(minutes=1),
    action_items.write_the_weeks_digest: timedelta(minutes=1),
    action_items.take_over_issues: timedelta(minutes=1),
    slack_people.learn_our_workspace: timedelta(seconds=30),
    slack_people.find_out_who_wrote: timedelta(seconds=5),
    slack_timeline.keep_what_is_pinned: timedelta(seconds=5),
    slack_channels.keep_channels_current: slack_channels.EVERY,
    oncall.announce_hand_overs: timedelta(minutes=1),
    oncall.settle_swaps: timedelta(minutes=1),
    oncall.read_calendars: timedelta(minutes=1),
    note_what_subscribers_are_to_hear: timedelta(minutes=1),
    quarantine_whoever_cannot_be_reached: timedelta(minutes=1),
    plan_what_comes_again: timedelta(minutes=10),
    keep_what_entries_are_known_by: timedelta(minutes=10),
    forget_what_has_expired: timedelta(minutes=10),
    forget_texts_that_nobody_gets: timedelta(hours=12),
}
_OF_SLACK = frozenset(
    (
        slack_people.learn_our_workspace,
        slack_people.find_out_who_wrote,
        slack_timeline.keep_what_is_pinned,
        slack_channels.keep_channels_current,
    )
)
# these wait for others than the database, and each has a thread to itself meanwhile; the rest have one together
_SLOW = _OF_SLACK | {look_for_what_is_late, oncall.read_calendars}
# done by every clock
EVERYWHERE: Mapping[Callable[[], None], timedelta] = {
    fold_the_log_back: timedelta(minutes=1),
}


def chores_of(app: Flask) -> Mapping[Callable[[], None], timedelta]:
    """What one clock at a time does for this app: nothing for a mirror or a Slack that it has not."""
    settings: Settings = app.extensions["sevenbells.settings"]
    chores = {chore: every for chore, every in CHORES.items() if settings.slack_bot_token or chore not in _OF_SLACK}
    return {**chores, mirroring.keep_the_mirror_current: mirroring.EVERY} if mirroring.is_wanted(app) else chores


class Timetable:
    """Runs the chores in threads of its own until it is stopped.

    ``sign`` is called while it is alive, and ``sign_quick`` by the thread that the quick ones share.
    """

    def __init__(
        self,
        app: Flask,
        worker: str,
        *,
        sign: Callable[[], None] = lambda: None,
        sign_every: float = _SIGN_EVERY,
        sign_quick: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self.holding = Holding(worker)
        # late chores are still done, once, and never two at a time: the default skips whatever is a second late
        rules = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        executors = {"default": ThreadPoolExecutor(), _QUICK: ThreadPoolExecutor(1)}
        self._ending: threading.Thread | None = None
        self._scheduler = BackgroundScheduler(executors=executors, job_defaults=rules, timezone=UTC, daemon=True)
        for name, saying, executor in (("it_lives", sign, "default"), ("the_quick_are_done", sign_quick, _QUICK)):
            self._add(f"say_that_{name}", saying, timedelta(seconds=min(sign_every, _SIGN_EVERY)), executor)
        for chore, every in chores_of(app).items():
            executor = "default" if chore in _SLOW or chore not in CHORES else _QUICK
            after = _GRACE if chore is look_for_what_is_late else timedelta(0)
            self._add(chore.__name__, partial(do_alone, app, chore, self.holding), every, executor, after)
        for chore, every in EVERYWHERE.items():
            self._add(chore.__name__, partial(do, app, chore), every, _QUICK)

    def _add(
        self, name: str, what: Callable[[], None], every: timedelta, executor: str, after: timedelta = timedelta(0)
    ) -> None:
        rhythm = _rhythm(every)
        first = rhythm.get_next_fire_time(None, datetime.now(UTC) + after)
        self._scheduler.add_job(what, rhythm, id=name, name=name, executor=executor, next_run_time=first)

    def start(self) -> None:
        """Begin; none is done at once."""
        self._scheduler.start()

    def start_over(self) -> None:
        """The wall clock was moved: what was planned by the old one is done now."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))

    def close(self) -> None:
        """No further chore begins, and those that have parts end after the one they are at. Waits for nothing."""
        self.holding.is_leaving = True
        if self._scheduler.running and self._ending is None:
            # it waits for as long as they take
            self._ending = threading.Thread(target=self._scheduler.shutdown, name="timetable's end", daemon=True)
            self._ending.start()

    def stop(self, *, within: float) -> None:
        """Close; those under way have so many seconds to end, and then another clock may take them up."""
        self.close()
        if self._ending is not None:
            self._ending.join(within)
        with self.app.app_context():
            self.holding.give_back()


def _rhythm(every: timedelta) -> BaseTrigger:
    """What is done by the minute is done as it begins: shifts and announced work change then. And together.

    A second late, for what rings at that moment goes first.
    """
    minutes, rest = divmod(every, _MINUTE)
    if rest or minutes >= 60 or 60 % minutes:
        return IntervalTrigger(seconds=every.total_seconds(), start_date=_ANY_MINUTE, timezone=UTC)
    return CronTrigger(minute=f"*/{minutes}", second=_ANY_MINUTE.second, timezone=UTC)


def do_alone(app: Flask, chore: Callable[[], None], mine: Holding) -> None:
    """One chore, if this clock is the one that does them."""
    held = mine.held
    if held is not None:
        do(app, chore, held, mine)


def do(app: Flask, chore: Callable[[], None], held: Held | None = None, mine: Holding | None = None) -> None:
    """One chore in an application context; one that breaks is logged and counted, and tried again the next time."""
    with app.app_context():
        if held is not None:
            holding.act_under(held, mine)
        try:
            chore()
        except LeaseLost:
            log.warning("chore_left_to_another_clock", chore=chore.__name__)
            db.session.rollback()
        except Exception as broken:  # the other chores must go on, and this one is tried again
            cause = str(getattr(broken, "orig", broken))
            log.exception("chore_failed", chore=chore.__name__, cause=cause)
            db.session.rollback()
            _remember(chore.__name__, cause, mine)
        else:
            _forget(chore.__name__, mine)


def _remember(chore: str, cause: str, mine: Holding | None) -> None:
    if mine is not None:
        mine.well_until.pop(chore, None)
    try:
        findings.chore_failed(chore, cause)
        db.session.commit()
    except SQLAlchemyError:  # the database is away, which says enough
        db.session.rollback()


def _forget(chore: str, mine: Holding | None) -> None:
    """A chore that works takes back that it failed; looked at first, since it nearly never did, and once a minute."""
    if mine is not None and time.monotonic() < mine.well_until.get(chore, 0.0):
        return
    try:
        with reading():
            db.session.rollback()
            failed = findings.has_trouble(chore)
            db.session.rollback()
        if failed:
            findings.chore_worked(chore)
            db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
        return
    if mine is not None:
        mine.well_until[chore] = time.monotonic() + _TAKEN_BACK_FOR
