"""Subscribers of the status page; only for the scope admin, because they are the public's addresses."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

from ..access import Scope, viewer
from ..actions import audit, erasure
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.languages import LANGUAGES
from ..messages import about_subscriptions
from ..published import subscribers
from ..published.subscribers import EMAIL, SHAPES, STANDARD, WEBHOOK, Choice, Subscriber
from ..published.subscribers.finding import KINDS, STATES
from . import paging, shapes
from .fields import Body, choice, clearable, flag, listing, text
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_TEXT, MAYBE_TIME, TEXT, TIME, maybe_stamp, stamp

_CHOSEN = clearable(listing(text(12), most=500))
_CHOICE = {"components": _CHOSEN, "maintenance": flag(), "language": choice(LANGUAGES)}

shapes.named(
    "Subscriber",
    shapes.record(
        id=TEXT,
        kind=shapes.word(KINDS),
        email=MAYBE_TEXT,
        url=MAYBE_TEXT,
        shape=shapes.maybe_word(SHAPES),
        components={"type": ["array", "null"], "items": TEXT},
        maintenance=FLAG,
        language=TEXT,
        confirmed=FLAG,
        confirmed_at=MAYBE_TIME,
        quarantined_at=MAYBE_TIME,
        quarantine_reason=MAYBE_TEXT,
        created_at=TIME,
        updated_at=TIME,
        secret=MAYBE_TEXT,
    ),
)
shapes.named("Erased", shapes.record(erased=FLAG))


@operation(
    "GET",
    "/subscribers",
    scope=Scope.ADMIN,
    summary="Everybody on the list, the newest first. components null means everything.",
    gives="Subscriber",
    query={"kind": choice(KINDS), "state": choice(STATES), "q": text(254)},
    is_list=True,
)
def list_subscribers(given: Given) -> Page[Thing]:
    wanted = subscribers.wanted(kind=given.get("kind"), state=given.get("state"), words=given.get("q"))
    page = paging.by_id(wanted, Subscriber.id, given, newest_first=True)
    return Page([_shape(each) for each in page.rows], page.cursor)


@operation(
    "POST",
    "/subscribers",
    scope=Scope.ADMIN,
    summary=(
        "Put an address on the list. An e-mail is asked to confirm, unless confirmed says that its owner agreed; one that is "
        "there already is answered as it is, with 200. A webhook is told at once, and its secret is in this answer alone."
    ),
    gives="Subscriber",
    body=Body(
        required={"kind": choice(KINDS)},
        optional={"email": text(254), "url": text(1000), "shape": choice(SHAPES), "confirmed": flag(), **_CHOICE},
    ),
    status=201,
)
def add_subscriber(given: Given) -> Answer:
    wrong, needed = ("url", "email") if given["kind"] == EMAIL else ("email", "url")
    if needed not in given or wrong in given:
        raise Malformed({needed: f"Give {needed}, and not {wrong}."})
    if given["kind"] == WEBHOOK:
        subscriber = subscribers.sign_up_webhook(
            given["url"], _choice(given), shape=given.get("shape", STANDARD), most_at_host=None
        )
        is_new, secret = True, subscriber.secret
    else:
        subscriber, is_new = subscribers.add(
            given["email"], _choice(given), is_confirmed=bool(given.get("confirmed")), words=about_subscriptions
        )
        secret = None
    if is_new:
        _note("subscriber added", subscriber)
    return Answer(
        _shape(subscriber, secret=secret),
        location=f"/subscribers/{subscriber.public_id}",
        status=201 if is_new else 200,
    )


@operation("GET", "/subscribers/<subscriber_id>", scope=Scope.ADMIN, summary="One of them.", gives="Subscriber")
def show_subscriber(given: Given, subscriber_id: str) -> Thing:
    return _shape(_found(subscriber_id))


@operation(
    "PATCH",
    "/subscribers/<subscriber_id>",
    scope=Scope.ADMIN,
    summary="Another choice of what one hears of; components null means everything.",
    gives="Subscriber",
    body=Body(optional=_CHOICE),
)
def change_subscriber(given: Given, subscriber_id: str) -> Thing:
    subscriber = _found(subscriber_id)
    if given:
        subscribers.change(subscriber, _choice(given, now=Choice.of(subscriber)))
        _note("subscriber changed", subscriber)
    return _shape(subscriber)


@operation(
    "DELETE",
    "/subscribers/<subscriber_id>",
    scope=Scope.ADMIN,
    summary="Erase one of them: off the list, and out of the log of what was sent, which keeps no address of theirs.",
    gives=None,
    status=204,
)
def delete_subscriber(given: Given, subscriber_id: str) -> None:
    subscriber = _found(subscriber_id)
    erasure.erase_subscriber(subscriber, by=viewer().as_actor())


@operation(
    "POST",
    "/subscribers/erasure",
    scope=Scope.ADMIN,
    summary="Erase whatever is known of an e-mail address, also of one that has left the list. Says whether anything was.",
    gives="Erased",
    body=Body(required={"email": text(254)}),
)
def erase_address(given: Given) -> Thing:
    return {"erased": erasure.erase_address(given["email"], by=viewer().as_actor())}


def _choice(given: Given, *, now: Choice = subscribers.EVERYTHING) -> Choice:
    """What is not given stays."""
    components = given.get("components", now.components)
    return Choice(
        components=None if components is None else tuple(dict.fromkeys(components)),
        maintenance=given.get("maintenance", now.maintenance),
        language=given.get("language", now.language),
    )


def _found(subscriber_id: str) -> Subscriber:
    subscriber = subscribers.find(subscriber_id)
    if subscriber is None:
        raise NotFound
    return subscriber


def _note(what: str, subscriber: Subscriber) -> None:
    """By the name that says nothing: the audit log is kept, and an address may have to be erased."""
    audit.note(what, by=viewer().as_actor(), subject=subscriber.public_id, kind=subscriber.kind)
    db.session.flush()


def _shape(subscriber: Subscriber, *, secret: str | None = None) -> dict[str, Any]:
    chosen = Choice.of(subscriber)
    return {
        "id": subscriber.public_id,
        "kind": subscriber.kind,
        "email": subscriber.email,
        "url": subscriber.url,
        "shape": subscriber.shape if subscriber.kind == WEBHOOK else None,
        "components": None if chosen.components is None else sorted(chosen.components),
        "maintenance": chosen.maintenance,
        "language": chosen.language,
        "confirmed": subscriber.is_confirmed,
        "confirmed_at": maybe_stamp(subscriber.confirmed_at),
        "quarantined_at": maybe_stamp(subscriber.quarantined_at),
        "quarantine_reason": subscriber.quarantine_reason,
        "created_at": stamp(subscriber.created_at),
        "updated_at": stamp(subscriber.updated_at),
        "secret": secret,
    }
