"""Subscribers by e-mail and by webhook; there is no SMS here, and a webhook is told in Statuspage's own shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, func, select
from werkzeug.exceptions import NotFound

from ...access import Scope, actor
from ...actions import audit
from ...kernel.database import db
from ...kernel.errors import Malformed
from ...messages import about_subscriptions
from ...published import subscribers
from ...published.subscribers import EMAIL, EVERYTHING, STATUSPAGE, WEBHOOK, Choice, Subscriber
from . import lists
from .routes import Given, Tell, address
from .shapes import stamp
from .values import flag, ids, text, word

_TAKES = {
    "email": text(254),
    "endpoint": text(1_000),
    "phone_number": text(40),
    "component_ids": ids(),
    "skip_confirmation_notification": flag(),
}
_TYPES = ("email", "sms", "slack", "webhook", "teams", "integration_partner")  # of which we have two
_STATES = {"active": "confirmed", "unconfirmed": "unconfirmed", "quarantined": "quarantined", "all": None}
_WHICH = {"type": word(_TYPES), "state": word(_STATES), "q": text(254)}
_SORTED: dict[str, Callable[[], Any]] = {
    "primary": lambda: func.coalesce(Subscriber.email, Subscriber.url),
    "created_at": lambda: Subscriber.created_at,
    "quarantined_at": lambda: Subscriber.quarantined_at,
}
_ORDER = {"sort_field": word([*_SORTED, "relevance"]), "sort_direction": word(("asc", "desc"))}
_WRAP = "subscriber"


@address("GET", "/<page_id>/subscribers", scope=Scope.ADMIN, takes={**lists.PAGES, **_WHICH, **_ORDER})
def list_subscribers(given: Given) -> Tell:
    # here alone their first page is 0
    start, end = lists.ends({**given, "page": given.get("page", 0) + 1})
    order = _SORTED.get(given.get("sort_field") or "primary", _SORTED["primary"])()
    order = order.desc() if given.get("sort_direction") == "desc" else order
    wanted = _wanted(given).order_by(order, Subscriber.id).offset(start).limit(end - start)
    return lambda: [_shape(each) for each in db.session.scalars(wanted)]


@address("GET", "/<page_id>/subscribers/count", scope=Scope.ADMIN, takes=_WHICH)
def count_subscribers(given: Given) -> Tell:
    return lambda: _counts(_wanted(given), given.get("type"))


@address("GET", "/<page_id>/subscribers/histogram_by_state", scope=Scope.ADMIN)
def count_subscribers_by_state(given: Given) -> Tell:
    def tell() -> dict[str, dict[str, int]]:
        by_state = {state: _counts(_wanted({"state": state}), None) for state in _STATES if state != "all"}
        return {kind: {state: by_state[state][kind] for state in by_state} for kind in _TYPES}

    return tell


@address("GET", "/<page_id>/subscribers/<subscriber_id>", scope=Scope.ADMIN)
def show_subscriber(given: Given, subscriber_id: str) -> Tell:
    return lambda: _shape(_found(subscriber_id))


@address("POST", "/<page_id>/subscribers", scope=Scope.ADMIN, takes=_TAKES, wrapped_in=_WRAP, status=201)
def add_subscriber(given: Given) -> Tell:
    choice = _choice(given)
    secret = None
    if given.get("endpoint"):
        # an e-mail beside it says whom to ask about the endpoint: there is no use for it here
        subscriber = subscribers.sign_up_webhook(given["endpoint"], choice, shape=STATUSPAGE, most_at_host=None)
        secret = subscriber.secret
    elif given.get("email"):
        subscriber, _is_new = subscribers.add(
            given["email"],
            choice,
            is_confirmed=bool(given.get("skip_confirmation_notification")),
            words=about_subscriptions,
        )
    else:
        said = "There is no SMS here." if given.get("phone_number") else "Give an e-mail address or an endpoint."
        raise Malformed({"email": f"email: {said}"})
    audit.note("subscriber added", by=actor(), subject=subscriber.public_id, kind=subscriber.kind)
    made = subscriber.public_id
    return lambda: _shape(_found(made)) | ({"secret": secret} if secret else {})


@address("PATCH PUT", "/<page_id>/subscribers/<subscriber_id>", scope=Scope.ADMIN, takes=_TAKES, wrapped_in=_WRAP)
def change_subscriber(given: Given, subscriber_id: str) -> Tell:
    subscriber = _found(subscriber_id)
    if "component_ids" in given:
        subscribers.change(subscriber, _choice(given, Choice.of(subscriber)))
        audit.note("subscriber changed", by=actor(), subject=subscriber.public_id)
    return lambda: _shape(_found(subscriber_id))


@address("DELETE", "/<page_id>/subscribers/<subscriber_id>", scope=Scope.ADMIN)
def delete_subscriber(given: Given, subscriber_id: str) -> Tell:
    subscriber = _found(subscriber_id)
    was = _shape(subscriber)
    audit.note("subscriber removed", by=actor(), subject=subscriber.public_id)
    subscribers.leave(subscriber)
    return lambda: was


@address("POST", "/<page_id>/subscribers/<subscriber_id>/resend_confirmation", scope=Scope.ADMIN, status=201)
def resend_confirmation(given: Given, subscriber_id: str) -> Tell:
    subscriber = _found(subscriber_id)
    if subscriber.kind == EMAIL and not subscriber.is_confirmed:
        # within the limits that hold for everybody: no mailbox can be flooded from here
        subscribers.add(subscriber.email or "", Choice.of(subscriber), is_confirmed=False, words=about_subscriptions)
    return lambda: _shape(_found(subscriber_id))


def _found(subscriber_id: str) -> Subscriber:
    subscriber = subscribers.find(subscriber_id)
    if subscriber is None:
        raise NotFound
    return subscriber


def _wanted(given: Given) -> Select[Subscriber]:
    kind = given.get("type")
    wanted = subscribers.wanted(kind=kind, state=_STATES[given.get("state") or "active"], words=given.get("q"))
    return wanted if kind in (None, EMAIL, WEBHOOK) else wanted.where(Subscriber.id.is_(None))


def _counts(wanted: Select[Subscriber], kind: str | None) -> dict[str, int]:
    found = wanted.subquery()
    counted = db.session.execute(select(found.c.kind, func.count()).group_by(found.c.kind)).all()
    by_kind = {row[0]: row[1] for row in counted}
    return {each: by_kind.get(each, 0) for each in _TYPES if kind in (None, each)}


def _choice(given: Given, standing: Choice = EVERYTHING) -> Choice:
    """None named means everything, as there."""
    chosen = tuple(given.get("component_ids") or ()) or None
    return Choice(components=chosen, maintenance=standing.maintenance, language=standing.language)


def _shape(subscriber: Subscriber) -> dict[str, Any]:
    chosen = None if subscriber.all_components else sorted(each.component_id for each in subscriber.components)
    return {
        "id": subscriber.public_id,
        "mode": subscriber.kind,
        "email": subscriber.email,
        "endpoint": subscriber.url,
        "skip_confirmation_notification": False,
        "phone_number": None,
        "phone_country": None,
        "display_phone_number": None,
        "obfuscated_channel_name": None,
        "workspace_name": None,
        "quarantined_at": stamp(subscriber.quarantined_at) if subscriber.quarantined_at else None,
        "purge_at": None,
        "components": chosen,
        "page_access_user_id": None,
        "created_at": stamp(subscriber.created_at),
    }
