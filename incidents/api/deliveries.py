"""Who was told, when, and if not, why."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from werkzeug.exceptions import NotFound

from ..access import Scope, viewer
from ..access.visibility import visible_to
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from ..kernel.outbox import STATES, OutboxMessage
from ..records.incidents import Incident
from ..records.tokens import ApiToken
from ..reports import deliveries as log
from ..reports.deliveries import Asked, Told
from . import incident_shape, loading, paging, shapes
from .fields import Body, choices, text
from .operations import Given, Thing, operation
from .paging import Page
from .shapes import MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

shapes.named(
    "Delivery",
    shapes.record(
        id=NUMBER,
        key=TEXT,
        channel=TEXT,
        destination=TEXT,
        subject=MAYBE_TEXT,
        state=shapes.word(STATES),
        reason=MAYBE_TEXT,
        attempts=NUMBER,
        next_attempt_at=MAYBE_TIME,
        last_attempt_at=MAYBE_TIME,
        sent_at=MAYBE_TIME,
        created_at=TIME,
        incident=MAYBE_TEXT,
    ),
)
shapes.named("Retried", shapes.record(retried=NUMBER))
_FILTERS = {
    "state": choices(STATES),
    "channel": choices(log.CHANNELS),
    "destination": text(500),
    "person": text(500),
    "event": text(500),
    "reason": text(500),
}
_AGAIN = Body(optional={**_FILTERS, "incident": text(20)})


@operation(
    "GET",
    "/deliveries",
    scope=Scope.READ,
    summary="Every delivery, the newest first; those about accounts for the scope admin only.",
    gives="Delivery",
    query=_FILTERS,
    is_list=True,
)
def list_deliveries(given: Given) -> Page[Thing]:
    return _page(_visible(), given)


@operation("GET", "/deliveries/<delivery_id>", scope=Scope.READ, summary="One delivery.", gives="Delivery")
def show_delivery(given: Given, delivery_id: str) -> Thing:
    return _one(_delivery(delivery_id))


@operation(
    "POST",
    "/deliveries/<delivery_id>/retry",
    scope=Scope.RESPOND,
    summary="Begin again with one that failed, was skipped or is held, under its old key.",
    gives="Delivery",
)
def retry_delivery(given: Given, delivery_id: str) -> Thing:
    message = _delivery(delivery_id)
    if not outbox.retry(message.id):
        raise NotAllowed(
            f"This delivery is {message.state}. Only one that failed, was skipped or is held begins again."
        )
    db.session.refresh(message)
    return _one(message)


@operation(
    "POST",
    "/deliveries/retry",
    scope=Scope.ADMIN,
    summary="Begin again with all that failed, were skipped or are held, and that answer to every filter given.",
    gives="Retried",
    body=_AGAIN,
)
def retry_deliveries(given: Given) -> Thing:
    conditions = [*_conditions(given), _seen()]
    if "incident" in given:
        conditions.append(OutboxMessage.incident_id == loading.to_read(given["incident"]).id)
    if "state" not in given:
        conditions.append(OutboxMessage.state.in_((outbox.FAILED, outbox.SKIPPED)))
    return {"retried": outbox.retry_all(*conditions)}


@operation(
    "GET",
    "/incidents/<ref>/deliveries",
    scope=Scope.READ,
    summary="Who was told of an incident, the newest first.",
    gives="Delivery",
    query=_FILTERS,
    is_list=True,
)
def list_incident_deliveries(given: Given, ref: str) -> Page[Thing]:
    incident = loading.to_read(ref)
    return _page(_visible().where(OutboxMessage.incident_id == incident.id), given)


def _page(wanted: Select[OutboxMessage], given: Given) -> Page[Thing]:
    wanted = wanted.where(*_conditions(given))
    page = paging.by_id(wanted, OutboxMessage.id, given, newest_first=True)
    return Page([_shape(each) for each in log.told(page.rows)], page.cursor)


def _conditions(given: Given) -> list[ColumnElement[bool]]:
    texts = {name: given[name] for name in ("destination", "person", "event", "reason") if name in given}
    found = log.conditions(Asked(**texts))
    for name, column in (("state", OutboxMessage.state), ("channel", OutboxMessage.channel)):
        if name in given:
            found.append(column.in_(given[name]))
    return found


def _visible() -> Select[OutboxMessage]:
    """What is about incidents the token may see; for admins alone what is about accounts, and what went to the public."""
    return select(OutboxMessage).where(_seen())


def _seen() -> ColumnElement[bool]:
    seen = OutboxMessage.incident_id.in_(select(Incident.id).where(visible_to(viewer())))
    asking = viewer()
    if isinstance(asking, ApiToken) and asking.may(Scope.ADMIN):
        return or_(OutboxMessage.incident_id.is_(None), seen)
    return and_(seen, outbox.is_for_the_team())  # subscribers' addresses are for admins


def _delivery(delivery_id: str) -> OutboxMessage:
    found = db.session.scalars(_visible().where(OutboxMessage.id == loading.row_id(delivery_id))).one_or_none()
    if found is None:
        raise NotFound
    return found


def _one(message: OutboxMessage) -> dict[str, Any]:
    [told] = log.told([message])
    return _shape(told)


def _shape(told: Told) -> dict[str, Any]:
    message = told.message
    waits = message.state == outbox.WAITING
    return {
        "id": message.id,
        "key": message.key,
        "channel": message.channel,
        "destination": message.destination,
        "subject": told.what,
        "state": message.state,
        "reason": message.reason,
        "attempts": message.attempts,
        "next_attempt_at": stamp(message.next_attempt_at) if waits else None,
        "last_attempt_at": maybe_stamp(message.last_attempt_at),
        "sent_at": maybe_stamp(message.sent_at),
        "created_at": stamp(message.created_at),
        "incident": None if message.incident_id is None else incident_shape.ref_of(message.incident_id),
    }
