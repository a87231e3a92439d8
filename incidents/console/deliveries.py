"""Deliveries: what waits, failed, is held, left or was not sent, and the destinations that give trouble."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, and_, false, func, or_, select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from ..access import Role, may, me
from ..access.visibility import number_of, visible_to
from ..actions import audit
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import Destination, OutboxMessage
from ..published.subscribers import Subscriber
from ..records.incidents import Incident
from ..records.people import Person
from ..reports import deliveries as log
from ..reports.deliveries import CHANNELS, STATES, Asked

bp = Blueprint("console_deliveries", __name__, url_prefix="/console/deliveries")

_PAGE = 100
_MOST_DESTINATIONS = 50
_MANY = 1_000
_COUNTED = (outbox.WAITING, outbox.FAILED, outbox.HELD)  # there are few of them, or one wants to know
_NUMBER = re.compile(r"[1-9]\d{0,9}")
_LARGEST = 2**31 - 1
_AGAIN = (outbox.FAILED, outbox.SKIPPED)  # what is held is released instead


@bp.get("")
@may(Role.RESPONDER)
def page() -> ResponseReturnValue:
    """One state at a time, the newest first."""
    asked, typed = _asked(request.args)
    wanted = select(OutboxMessage).where(*_conditions(asked, typed))
    before = request.args.get("before", "")
    number = int(before) if _NUMBER.fullmatch(before) and int(before) <= _LARGEST else None
    found = log.newest(wanted, before=number, limit=_PAGE)
    may_act = me().may(Role.ADMIN)
    troubled = outbox.in_trouble(limit=_MOST_DESTINATIONS + 1)
    troubled = troubled if may_act else _of_the_team(troubled)
    return render_template(
        "console/deliveries.html",
        asked=asked,
        typed=typed,
        query=_query(typed),
        tabs=[(state, word, _tab(state, typed), _count(state)) for state, word in STATES.items()],
        channels=[("", "Every channel"), *CHANNELS.items()],
        channel_words=CHANNELS,
        rows=log.told(found[:_PAGE]),
        refs=_refs(found[:_PAGE]),
        older=found[_PAGE - 1].id if len(found) > _PAGE else None,
        may_act=may_act,
        to_retry=_in_words(_up_to_many(_conditions(asked, typed)))
        if may_act and asked.state in _AGAIN and found
        else "",
        paused=outbox.paused(),
        destinations=troubled[:_MOST_DESTINATIONS],
        more_destinations=len(troubled) > _MOST_DESTINATIONS,
        names=log.destination_names(troubled),
    )


@bp.post("/<int:message_id>/retry")
@may(Role.ADMIN)
def retry(message_id: int) -> ResponseReturnValue:
    """Begin again with one that failed, was skipped or is held, under its old key."""
    if message_id > _LARGEST or not _number_of([OutboxMessage.id == message_id, _visible(me())]):
        raise NotFound
    begun = outbox.retry(message_id)
    way_back = _way_back()
    db.session.commit()
    flash("It goes out at the next turn of the clock" if begun else "It waits or was sent already")
    return way_back


@bp.post("/retry")
@may(Role.ADMIN)
def retry_all() -> ResponseReturnValue:
    """Begin again with everything that the filters show and that failed or was not sent."""
    asked, typed = _asked(request.form)
    states = OutboxMessage.state.in_((asked.state,) if asked.state in _AGAIN else ())
    begun = outbox.retry_all(*_conditions(asked, typed), states)
    audit.note("deliveries retried", by=me().as_actor(), after=begun)
    way_back = _way_back()
    db.session.commit()
    flash(f"{begun} {'message goes' if begun == 1 else 'messages go'} out at the next turn of the clock")
    return way_back


@bp.post("/release")
@may(Role.ADMIN)
def release() -> ResponseReturnValue:
    """After a restore: let everything that is held go out."""
    released = outbox.release_held()
    audit.note("deliveries released", by=me().as_actor(), after=released)
    way_back = _way_back()
    db.session.commit()
    flash(f"{released} {'message was' if released == 1 else 'messages were'} released; the outbox is open")
    return way_back


@bp.post("/destinations/lift")
@may(Role.ADMIN)
def lift() -> ResponseReturnValue:
    """Write to a destination again, and forget what failed there."""
    channel, destination = (request.form.get(name, "").replace("\x00", "") for name in ("channel", "destination"))
    if not outbox.lift(channel, destination):
        raise NotFound
    audit.note("destination tried again", by=me().as_actor(), subject=f"{channel} {destination}"[:200])
    way_back = _way_back()
    db.session.commit()
    flash("It is written to again, beginning with the next message")
    return way_back


def _of_the_team(troubled: Sequence[Destination]) -> list[Destination]:
    """Without subscribers, whose addresses are for admins."""
    named = {each.destination for each in troubled}
    public = set(db.session.scalars(select(Subscriber.email).where(Subscriber.email.in_(named))))
    return [
        each for each in troubled if each.destination not in public and not each.destination.startswith("subscriber:")
    ]


def _asked(args: MultiDict[str, str]) -> tuple[Asked, dict[str, str]]:
    """What the address asks for; unknown words ask for nothing."""
    typed = {
        name: " ".join(args.get(name, "").replace("\x00", "").split())[:200]
        for name in ("state", "channel", "destination", "incident", "person", "event")
    }
    typed["state"] = typed["state"] if typed["state"] in STATES else outbox.WAITING
    typed["channel"] = typed["channel"] if typed["channel"] in CHANNELS else ""
    asked = Asked(
        state=typed["state"],
        channel=typed["channel"],
        destination=typed["destination"],
        person=typed["person"],
        event=typed["event"],
        incident_id=number_of(typed["incident"]),
    )
    return asked, typed


def _conditions(asked: Asked, typed: dict[str, str]) -> list[ColumnElement[bool]]:
    found = [*log.conditions(asked), _visible(me())]
    if typed["incident"] and asked.incident_id is None:
        found.append(false())  # no incident is called so
    return found


def _visible(person: Person) -> ColumnElement[bool]:
    """What is about incidents that the person may see; for admins also what is about none, and what subscribers get."""
    seen = OutboxMessage.incident_id.in_(select(Incident.id).where(visible_to(person)))
    if person.may(Role.ADMIN):
        return or_(OutboxMessage.incident_id.is_(None), seen)
    return and_(seen, outbox.is_for_the_team())


def _number_of(conditions: list[ColumnElement[bool]]) -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMessage).where(*conditions)) or 0


def _up_to_many(conditions: list[ColumnElement[bool]]) -> int:
    """The same, but no more than one above ``_MANY``: nobody waits for a long count."""
    some = select(OutboxMessage.id).where(*conditions).limit(_MANY + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _in_words(count: int) -> str:
    return str(count) if count <= _MANY else f"more than {_MANY:,}"


def _count(state: str) -> str | None:
    if state not in _COUNTED:
        return None
    return _in_words(_up_to_many([*log.conditions(Asked(state=state)), _visible(me())]))


def _query(typed: dict[str, str]) -> str:
    return urlencode({name: value for name, value in typed.items() if value})


def _tab(state: str, typed: dict[str, str]) -> str:
    return f"/console/deliveries?{_query({**typed, 'state': state})}"


def _refs(messages: Any) -> dict[int, str]:
    ids = {message.incident_id for message in messages if message.incident_id is not None}
    return {number: f"INC-{number}" for number in ids}


def _way_back() -> ResponseReturnValue:
    _found, typed = _asked(request.form)
    return redirect(f"/console/deliveries?{_query(typed)}", 303)
