"""What is done by the minute: a table one can read aloud. APScheduler only wakes it, and remembers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy import delete

from ..actions import postmortem_reminders
from ..kernel import beats, clock, database
from ..kernel.database import db
from ..records.idempotency import KEPT_FOR, KeyedRequest
from ..records.once import KEPT_FOR as SENT_FORMS_KEPT_FOR
from ..records.once import SentForm
from ..records.sessions import ServerSession
from . import audit

log = structlog.get_logger(__name__)


def look_for_what_is_late() -> None:
    """The self-audit."""
    audit.audit()


def fold_the_log_back() -> None:
    """SQLite's write-ahead log into the file: only the clock does it, see ``database.checkpoint``."""
    database.checkpoint(db.engine)


def remind_owners_of_postmortems() -> None:
    """Whoever owes a post-mortem is told in the morning, as long as it is owed."""
    postmortem_reminders.remind_owners()
    db.session.commit()


def forget_what_has_expired() -> None:
    """Sessions that have ended, answers kept for repeated requests for a day, and clocks that are gone."""
    now = clock.now()
    db.session.execute(delete(ServerSession).where(ServerSession.expires_at < now))
    db.session.execute(delete(KeyedRequest).where(KeyedRequest.created_at < now - KEPT_FOR))
    db.session.execute(delete(SentForm).where(SentForm.at < now - SENT_FORMS_KEPT_FOR))
    beats.forget_the_long_gone()
    db.session.commit()


CHORES: Mapping[Callable[[], None], timedelta] = {
    look_for_what_is_late: timedelta(minutes=1),
    fold_the_log_back: timedelta(minutes=1),
    remind_owners_of_postmortems: timedelta(minutes=1),
    forget_what_has_expired: timedelta(minutes=10),
}


class Timetable:
    """Runs the chores in a thread of its own until it is stopped."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        # late chores are still done, once, and never two at a time: the default skips whatever is a second late
        rules = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(job_defaults=rules, timezone=UTC, daemon=True)
        for chore, every in CHORES.items():
            self._scheduler.add_job(do, "interval", (app, chore), seconds=every.total_seconds(), id=chore.__name__)

    def start(self) -> None:
        """Begin; each chore is first done when its time has passed once."""
        self._scheduler.start()

    def start_over(self) -> None:
        """The wall clock was moved: what was planned by the old one is done now."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """No further chore begins."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def do(app: Flask, chore: Callable[[], None]) -> None:
    """One chore in an application context; one that breaks is logged, and tried again the next time."""
    with app.app_context():
        try:
            chore()
        except Exception as broken:  # the other chores must go on, and this one is tried again
            log.exception("chore_failed", chore=chore.__name__, cause=str(getattr(broken, "orig", broken)))
            db.session.rollback()
