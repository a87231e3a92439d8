"""The way in for programs: an address of theirs, a secret by which what we send is signed, and a test event."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from ...kernel import clock, outbox
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...kernel.http import typed
from ...kernel.languages import say
from ..page_settings import page_settings
from . import choosing, limits
from .choosing import EVERYTHING, Choice
from .finding import find_url
from .model import STANDARD, STATUSPAGE, WEBHOOK, Subscriber
from .places import own_address, page_address, settings

SHAPES: Final = (STANDARD, STATUSPAGE)
LONGEST: Final = 1000
_USUAL_PORT: Final = {"https": 443, "http": 80}
_KNOWN: Final = "This address gets our events already. Each of them says where to change that."
MOST_AT_ONE_HOST: Final = 10  # that the public may add: each publication is one request to each


def sign_up_webhook(
    url: str, choice: Choice = EVERYTHING, *, shape: str = STANDARD, most_at_host: int | None = MOST_AT_ONE_HOST
) -> Subscriber:
    """One more webhook, told from now on; its ``secret`` is to be shown once. A test event goes to it at once.

    Raises Malformed, and NotAllowed where it is on the list already, or its host has ``most_at_host``.
    """
    address = _checked(url, choice, shape=shape)
    if find_url(address) is not None:
        raise NotAllowed(_KNOWN)
    if most_at_host is not None:
        _mind_the_host(address, most_at_host)
    subscriber = _add(address, choice, shape=shape)
    if subscriber is None:
        raise NotAllowed(_KNOWN)
    return subscriber


def offer_webhook(url: str, choice: Choice = EVERYTHING, *, shape: str = STANDARD) -> str:
    """Somebody of the public gives the address of a program; a secret to show once. Nobody learns whether we knew it.

    One that is on the list stays as it is, and the secret is good for nothing: the address itself is told, once a day at
    most, where to change what is there. Raises Malformed, and NotAllowed where its host has MOST_AT_ONE_HOST.
    """
    address = _checked(url, choice, shape=shape)
    _mind_the_host(address, MOST_AT_ONE_HOST)
    known = find_url(address)
    added = _add(address, choice, shape=shape) if known is None else None
    if added is not None and added.secret is not None:
        return added.secret
    if known is not None and limits.may_write(known):
        send_test(known)
    return fresh_secret()


def _checked(url: str, choice: Choice, *, shape: str) -> str:
    """The address as it is kept. Raises Malformed."""
    address = clean_url(url)
    if shape not in SHAPES:
        raise Malformed({"shape": f"Choose one of {', '.join(SHAPES)}."})
    choosing.check_choice(choice)
    choosing.must_be_made(choice)
    return address


def _mind_the_host(address: str, most: int) -> None:
    if _at_host(address) >= most:
        raise NotAllowed(say("There are {count} webhooks at this host, which is as many as there can be.", count=most))


def _add(address: str, choice: Choice, *, shape: str) -> Subscriber | None:
    """Told from now on, a test event first; None where somebody else was faster."""
    now = clock.now()
    subscriber = Subscriber(
        kind=WEBHOOK, url=address, shape=shape, secret=fresh_secret(), confirmed_at=now, asked_at=now, letters=1
    )
    choosing.apply(choice, subscriber)
    try:
        with db.session.begin_nested():
            db.session.add(subscriber)
    except IntegrityError:
        return None
    send_test(subscriber)
    return subscriber


def clean_url(url: str) -> str:
    """The address as it is kept. Raises Malformed (field ``url``); where its name leads is judged at each connection."""
    try:
        value = typed.clean_line(url, longest=LONGEST)
        typed.check_webhook(value, allow=settings().outbound_allow)
    except ValueError as wrong:
        raise Malformed({"url": str(wrong)}) from None
    parts = urlsplit(value)
    return parts._replace(scheme=parts.scheme.lower(), netloc=_place(parts), path=parts.path or "/").geturl()


def _place(parts: SplitResult) -> str:
    """Host and port in the one way in which we write them, so that no other spelling is a second address."""
    host, colon, port = (
        parts.netloc.lower().rpartition(":") if parts.port is not None else (parts.netloc.lower(), "", "")
    )
    host = host.rstrip(".:")
    return host if parts.port == _USUAL_PORT[parts.scheme.lower()] else f"{host}{colon}{port}"


def fresh_secret() -> str:
    """As Standard Webhooks writes it: 24 to 64 random bytes."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def _at_host(url: str) -> int:
    host = urlsplit(url).netloc
    same = Subscriber.url.startswith(f"https://{host}/", autoescape=True) | Subscriber.url.startswith(
        f"http://{host}/", autoescape=True
    )
    return db.session.scalar(select(func.count()).select_from(Subscriber).where(same)) or 0


def send_test(subscriber: Subscriber) -> None:
    """An event that says that nothing has happened."""
    outbox.enqueue(
        event=f"subscription/{subscriber.public_id}/test/{clock.now().isoformat()}",
        channel=WEBHOOK,
        destination=subscriber.destination,
        payload=_test_of(subscriber),
        purpose=outbox.TEST,
    )


def _test_of(subscriber: Subscriber) -> Mapping[str, Any]:
    """Nothing has happened, in the shape in which news will come."""
    page = page_settings()
    if subscriber.shape == STATUSPAGE:
        return {
            "meta": {"unsubscribe": own_address(subscriber), "documentation": page_address("/subscribe")},
            "page": {"id": page.public_id, "status_indicator": "none", "status_description": "Test"},
        }
    return {
        "type": "subscription.test",
        "timestamp": clock.now().isoformat().replace("+00:00", "Z"),
        "data": {
            "page": {"id": page.public_id, "name": page.name, "url": page_address()},
            "manage_url": own_address(subscriber),
        },
    }
