"""What people of ours do with the list of subscribers; the public's own ways in and out are in ``published.subscribers``."""

from __future__ import annotations

from sqlalchemy import literal, select

from ..kernel import clock, outbox
from ..kernel.database import Json, db
from ..kernel.errors import NotAllowed
from ..messages import about_subscriptions
from ..published import subscribers
from ..published.page_settings import page_settings
from ..published.subscribers import EMAIL, Choice, Subscriber
from ..records.actors import Actor
from . import audit


def add_email(email: str, choice: Choice, *, is_confirmed: bool, by: Actor) -> tuple[Subscriber, bool]:
    """Put an address on the list; whether it is new. Unless its owner has agreed it is asked. Raises Malformed."""
    subscriber, is_new = subscribers.add(email, choice, is_confirmed=is_confirmed, words=about_subscriptions)
    if is_new:
        audit.note("subscriber added", by=by, subject=subscriber.public_id, confirmed=is_confirmed)
    return subscriber, is_new


def add_webhook(url: str, choice: Choice, *, shape: str, by: Actor) -> Subscriber:
    """Put a webhook on the list. Raises Malformed and NotAllowed."""
    subscriber = subscribers.sign_up_webhook(url, choice, shape=shape, most_at_host=None)
    audit.note("subscriber added", by=by, subject=subscriber.public_id, kind=subscriber.kind)
    return subscriber


def remove(subscriber: Subscriber, *, by: Actor) -> None:
    """Take it off the list; what waits for it does not leave."""
    audit.note("subscriber removed", by=by, subject=subscriber.public_id)
    subscribers.leave(subscriber)


def lift_quarantine(subscriber: Subscriber, *, by: Actor) -> None:
    """It works again, somebody says: it is told again from now on."""
    if subscriber.quarantined_at is not None:
        audit.note("quarantine lifted", by=by, subject=subscriber.public_id, reason=subscriber.quarantine_reason)
    subscribers.lift_quarantine(subscriber)


def send_test(subscriber: Subscriber, *, by: Actor) -> None:
    """Send it something that says that nothing has happened. Raises NotAllowed to whom nothing may be sent."""
    if subscriber.confirmed_at is None:
        raise NotAllowed("They have not confirmed, and get nothing but the letter that asks for it.")
    if subscriber.quarantined_at is not None:
        raise NotAllowed("Lift the quarantine first.")
    audit.note("test sent to a subscriber", by=by, subject=subscriber.public_id)
    if subscriber.kind != EMAIL:
        subscribers.send_test(subscriber)
        return
    own = {"link": subscribers.own_address(subscriber), "unsubscribe": subscribers.own_address(subscriber)}
    letter = about_subscriptions.trial(page=page_settings().name, address="{{own.link}}", language=subscriber.language)
    outbox.fan_out(
        event=f"subscription/{subscriber.public_id}/test/{clock.now().isoformat()}",
        channel=EMAIL,
        body={name: value for name, value in letter.payload("").items() if name != "to"},
        to=select(literal(subscriber.destination).label("destination"), literal(own, Json).label("own")),
        purpose=outbox.TEST,
    )
    db.session.flush()
