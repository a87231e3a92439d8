"""Whether e-mail leaves the server: what failed, what waits, and the banner that says so above every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import case, func, or_, select

from ..access.visibility import Viewer, visible_to
from ..kernel import clock
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.settings import Settings
from ..records.incidents import Incident

_RECENT = timedelta(hours=24)
_MOST_LISTED = 100
_TRIES_BEFORE_A_WORD = 2  # a first failure is often greylisting, over in a minute


@dataclass(frozen=True)
class Trouble:
    """What to say above every page; nothing where mail leaves."""

    title: str
    text: str


def trouble() -> Trouble | None:
    """Why people may not hear by e-mail: no server set, messages that wait for it, or messages that failed today."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if settings.smtp_url is None:
        return Trouble(
            "E-mail is not leaving the server.",
            "No mail server is set, so pages and reminders reach only people with a tab open.",
        )
    waiting, failed = _counts()
    if waiting:
        words = "message waits" if waiting == 1 else "messages wait"
        return Trouble("E-mail is not leaving the server.", f"{waiting} {words} for the mail server.")
    if failed:
        words = "message was" if failed == 1 else "messages were"
        return Trouble("Somebody was not told.", f"{failed} {words} not delivered in the last 24 hours.")
    return None


def failed_messages(viewer: Viewer) -> Sequence[OutboxMessage]:
    """What was given up, the newest first; nothing about incidents that the viewer may not see."""
    may_see = select(Incident.id).where(visible_to(viewer))
    wanted = select(OutboxMessage).where(
        OutboxMessage.state == "failed",
        or_(OutboxMessage.incident_id.is_(None), OutboxMessage.incident_id.in_(may_see)),
    )
    return db.session.scalars(wanted.order_by(OutboxMessage.id.desc()).limit(_MOST_LISTED)).all()


def waiting_count() -> int:
    """How many e-mails wait for their turn or their next attempt."""
    wanted = select(func.count()).where(OutboxMessage.channel == "email", OutboxMessage.state == "waiting")
    return db.session.scalar(wanted) or 0


def _counts() -> tuple[int, int]:
    """E-mails that wait after more than one attempt, and those given up in the last 24 hours."""
    waits = (OutboxMessage.state == "waiting") & (OutboxMessage.attempts >= _TRIES_BEFORE_A_WORD)
    failed = (OutboxMessage.state == "failed") & (OutboxMessage.last_attempt_at > clock.now() - _RECENT)
    found = db.session.execute(
        select(
            func.coalesce(func.sum(case((waits, 1), else_=0)), 0),
            func.coalesce(func.sum(case((failed, 1), else_=0)), 0),
        ).where(OutboxMessage.channel == "email", OutboxMessage.state.in_(("waiting", "failed")))
    ).one()
    return int(found[0]), int(found[1])
