"""Writes letters about a subscription into the outbox. Their words are handed in: this room knows no letters."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import literal, select

from ...kernel import clock, outbox
from ...kernel.database import Json
from ..page_settings import page_settings
from . import invitations
from .model import Subscriber
from .places import own_address


class Letter(Protocol):
    """Something that can be sent by e-mail."""

    def payload(self, to: str) -> dict[str, Any]:
        """What ``channels.email`` takes."""


class Letters(Protocol):
    """What ``messages.about_subscriptions`` offers."""

    def please_confirm(self, *, page: str, address: str, language: str) -> Letter:
        """Asks whether the reader wants this."""

    def already_subscribed(self, *, page: str, address: str, language: str) -> Letter:
        """Tells somebody who asks again where to change it."""

    def welcome(self, *, page: str, address: str, names: list[str] | None, maintenance: bool, language: str) -> Letter:
        """Says what will come, and where to change or end it."""


LINK = "{{own.link}}"  # stands in the words, which many can share so


def ask(subscriber: Subscriber, letters: Letters, *, purpose: str = outbox.NOTICE) -> None:
    """The letter that asks for confirmation."""
    letter = letters.please_confirm(page=page_settings().name, address=LINK, language=subscriber.language)
    _write(subscriber, letter, "asked", own={"link": invitations.address(subscriber)}, purpose=purpose)


def remind(subscriber: Subscriber, letters: Letters) -> None:
    """The letter to somebody who is subscribed, and was given again as a new address."""
    letter = letters.already_subscribed(page=page_settings().name, address=LINK, language=subscriber.language)
    _write(subscriber, letter, "reminded", own=_own_page(subscriber))


def welcome(subscriber: Subscriber, letters: Letters, *, names: list[str] | None) -> None:
    """The first letter after the confirmation; ``names`` of the chosen components, None for everything."""
    letter = letters.welcome(
        page=page_settings().name,
        address=LINK,
        names=names,
        maintenance=subscriber.hears_maintenance,
        language=subscriber.language,
    )
    _write(subscriber, letter, "welcomed", own=_own_page(subscriber))


def _own_page(subscriber: Subscriber) -> dict[str, str]:
    """Mail programs show a button of their own for the second (RFC 8058)."""
    address = own_address(subscriber)
    return {"link": address, "unsubscribe": address}


def _write(
    subscriber: Subscriber, letter: Letter, what: str, *, own: dict[str, str], purpose: str = outbox.NOTICE
) -> None:
    """Nothing that is the subscriber's own stands in the words: an erasure need not look at them."""
    email = subscriber.destination
    words = {name: value for name, value in letter.payload(email).items() if name != "to"}
    outbox.fan_out(
        event=f"subscription/{subscriber.public_id}/{what}/{clock.now().isoformat()}",
        channel="email",
        body=words,
        to=select(literal(email).label("destination"), literal(own, Json).label("own")),
        purpose=purpose,
    )
