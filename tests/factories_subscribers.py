"""Subscribers for tests, as signing up leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.published.subscribers import EMAIL, WEBHOOK, Subscriber, SubscriberComponent

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def a_subscriber(
    email: str | None = "ada@example.com",
    *,
    url: str | None = None,
    components: Sequence[str] | None = None,
    confirmed: bool = True,
    **more: Any,
) -> Subscriber:
    """One who confirmed, and hears everything unless ``components`` says what; committed."""
    subscriber = Subscriber(
        kind=WEBHOOK if url else EMAIL,
        email=None if url else email,
        url=url,
        secret=SECRET if url else None,
        all_components=components is None,
        confirmed_at=clock.now() if confirmed else None,
        **more,
    )
    db.session.add(subscriber)
    db.session.flush()
    for each in components or ():
        db.session.add(SubscriberComponent(subscriber_id=subscriber.id, component_id=each))
    db.session.commit()
    return subscriber
