"""Whether messages leave the server: what failed, what waits, and the banner that says so above every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, String, case, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from ..access.visibility import Viewer, visible_to
from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..records.addresses import HIGH
from ..records.incidents import Incident
from ..records.people import Role, active_people
from ..reports import ways
from ..reports.ways import Ways

_RECENT = timedelta(hours=24)
_MOST_LISTED = 100
# what everybody's messages go through: one webhook that is down concerns its owner alone
_SHARED = {
    "email": ("E-mail is not leaving the server.", "the mail server"),
    "slack": ("Messages are not reaching Slack.", "Slack"),
    "pagerduty": ("Messages are not reaching PagerDuty.", "PagerDuty"),
}


@dataclass(frozen=True)
class Trouble:
    """What to say above every page; nothing where mail leaves."""

    title: str
    text: str


def trouble(viewer: Viewer) -> Trouble | None:
    """Why people may not hear: no mail server, messages that wait for a channel, or messages given up today.

    Of those given up only what the viewer may see counts: nobody could look into the others.
    """
    if ways.closed(ways.EMAIL):
        return Trouble("E-mail is not leaving the server.", f"No mail server is set, so {_who_hears_without()}.")
    waiting, failed = _counts(viewer)
    for channel, (title, whom) in _SHARED.items():
        count = waiting.get(channel, 0)
        if count:
            return Trouble(title, f"{count} {'message waits' if count == 1 else 'messages wait'} for {whom}.")
    if failed:
        words = "message was" if failed == 1 else "messages were"
        return Trouble("Somebody was not told.", f"{failed} {words} not delivered in the last 24 hours.")
    return None


def _who_hears_without() -> str:
    """Who is still reached while no mail server is set: by other addresses, or by an open tab alone."""
    people = active_people(Role.RESPONDER)
    known = Ways(people)
    reached = sum(any(not way.why_not for way in known.used_for(person, HIGH)) for person in people)
    if not reached:
        return "pages and reminders reach only people with a tab open"
    if reached == len(people):
        return "pages and reminders go to other addresses only"
    only = "one is" if reached == 1 else f"{reached} are"
    return f"of {len(people)} responders {only} reached by other addresses, and the rest only with a tab open"


def failed_messages(viewer: Viewer) -> Sequence[OutboxMessage]:
    """What was given up, the newest first; nothing about incidents that the viewer may not see."""
    wanted = select(OutboxMessage).where(*_failed(viewer))
    return db.session.scalars(wanted.order_by(OutboxMessage.id.desc()).limit(_MOST_LISTED)).all()


def waiting_count() -> int:
    """How many e-mails wait for their turn or their next attempt."""
    wanted = select(func.count()).where(OutboxMessage.channel == "email", outbox.is_waiting(OutboxMessage))
    return db.session.scalar(wanted) or 0


def _counts(viewer: Viewer) -> tuple[dict[str, int], int]:
    """By channel what waits after more than one attempt; and what was given up in the last 24 hours.

    Tests are left out, and what a person got by another address: that person was told.
    """
    again = (outbox.is_tried_again(OutboxMessage), OutboxMessage.purpose != outbox.TEST)
    waiting = db.session.execute(
        select(OutboxMessage.channel, func.count())
        .where(OutboxMessage.channel.in_(_SHARED), *again)
        .group_by(OutboxMessage.channel)
    )
    failed = select(func.count()).where(
        *_failed(viewer),
        OutboxMessage.last_attempt_at > clock.now() - _RECENT,
        OutboxMessage.purpose.not_in((outbox.TEST, outbox.TEAM)),
        ~_told_by_another_address(),
    )
    return {row.channel: row[1] for row in waiting}, db.session.scalar(failed) or 0


def _failed(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    may_see = select(Incident.id).where(visible_to(viewer))
    is_visible = or_(OutboxMessage.incident_id.is_(None), OutboxMessage.incident_id.in_(may_see))
    return OutboxMessage.state == outbox.FAILED, outbox.is_undelivered(OutboxMessage), is_visible


def _told_by_another_address() -> ColumnElement[bool]:
    """The event says what is one telling: bare at the account's e-mail, with the person behind it elsewhere."""
    other = aliased(OutboxMessage)
    person = literal("/") + cast(OutboxMessage.person_id, String)
    event = OutboxMessage.event
    bare = case(
        (event.endswith(person), func.substr(event, 1, func.length(event) - func.length(person))),
        else_=event,
    )
    return exists().where(
        other.event.in_((event, event + person, bare)),
        other.person_id == OutboxMessage.person_id,
        other.state == "sent",
    )
