"""The ways in and out of the list by e-mail, and what can be changed on it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from ...kernel import clock, mail_addresses, outbox
from ...kernel.database import db
from ...kernel.errors import Malformed
from ..components import Component
from ..public_ids import fresh_public_id
from . import choosing, letters, limits, pasts
from .choosing import EVERYTHING, Choice
from .finding import find_email
from .letters import Letters
from .model import EMAIL, Subscriber, fresh_token
from .withdrawing import skip_what_waits

_LEFT = "The subscriber left before this was sent"


def sign_up(email: str, choice: Choice = EVERYTHING, *, words: Letters) -> None:
    """Somebody gave an address: its owner gets one letter, and nobody learns whether we knew it.

    A new or unconfirmed one is asked to confirm, one that is on the list is told where to change it; each at most once a day.
    Raises Malformed where it is no address, or a component does not exist.
    """
    subscriber, _is_new = _enter(clean_email(email), choice)
    is_asked = not subscriber.is_confirmed or subscriber.quarantined_at is not None
    if not subscriber.is_confirmed:
        choosing.apply(choice, subscriber)  # the last word before the confirmation counts
    db.session.flush()
    if not limits.may_write(subscriber):
        return
    if is_asked:
        # a mailbox that refused everything is asked again by somebody who says that it works
        outbox.lift(EMAIL, subscriber.destination)
        letters.ask(subscriber, words)
    else:
        letters.remind(subscriber, words)


def add(
    email: str, choice: Choice = EVERYTHING, *, is_confirmed: bool, words: Letters, purpose: str = outbox.NOTICE
) -> tuple[Subscriber, bool]:
    """Somebody of ours adds an address; the subscriber, and whether it is new.

    ``is_confirmed`` is their word that its owner wants this; without it the owner is asked. What one on the list has chosen
    stays. Raises Malformed.
    """
    subscriber, is_new = _enter(clean_email(email), choice)
    if is_confirmed and not subscriber.is_confirmed:
        choosing.must_be_made(choice)
        subscriber.confirmed_at = clock.now()
    elif not subscriber.is_confirmed and limits.may_write(subscriber):
        letters.ask(subscriber, words, purpose=purpose)
    db.session.flush()
    return subscriber, is_new


def confirm(subscriber: Subscriber, choice: Choice | None = None, *, words: Letters) -> bool:
    """The owner of the address says yes, perhaps with another choice; whether that is new. Raises Malformed.

    A quarantine ends with it: the letter arrived.
    """
    wanted = choice or Choice.of(subscriber)
    choosing.check_choice(wanted)
    choosing.must_be_made(wanted)
    was_quarantined = subscriber.quarantined_at is not None
    is_first = _mark_confirmed(subscriber)
    if was_quarantined or not is_first:
        pasts.remember(subscriber, ended_by=pasts.LIFTED if was_quarantined else pasts.CHANGED)
    choosing.apply(wanted, subscriber)
    subscriber.quarantined_at = subscriber.quarantine_reason = None
    subscriber.letters = 0
    subscriber.updated_at = clock.now()
    db.session.flush()
    if is_first or was_quarantined:
        letters.welcome(subscriber, words, names=_names(subscriber))
    return is_first


def change(subscriber: Subscriber, choice: Choice) -> None:
    """Another choice. Raises Malformed."""
    choosing.check_choice(choice)
    choosing.must_be_made(choice)
    if subscriber.is_confirmed and choice != Choice.of(subscriber):
        pasts.remember(subscriber)
    choosing.apply(choice, subscriber)
    subscriber.letters = 0
    subscriber.updated_at = clock.now()
    db.session.flush()


def leave(subscriber: Subscriber) -> None:
    """Off the list, at once and for good: what waits is not sent."""
    skip_what_waits(subscriber, reason=_LEFT)
    db.session.delete(subscriber)
    db.session.flush()


def clean_email(email: str) -> str:
    """In lower case, the domain in IDNA. Raises Malformed (field ``email``)."""
    try:
        return mail_addresses.clean(email)
    except ValueError as wrong:
        raise Malformed({"email": str(wrong)}) from None


def _enter(email: str, choice: Choice) -> tuple[Subscriber, bool]:
    """The row of this address, made where there is none; two at once find the same."""
    choosing.check_choice(choice)
    found = find_email(email)
    if found is not None:
        return found, False
    now = clock.now()
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    written = (
        dialect.insert(Subscriber)
        .values(
            public_id=fresh_public_id(),
            token=fresh_token(),
            kind=EMAIL,
            email=email,
            all_components=choice.components is None,
            hears_maintenance=choice.maintenance,
            language=choice.language,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["email"], index_where=text("email IS NOT NULL"))
        .returning(Subscriber.id)  # PostgreSQL's driver does not count the rows of such an insert
    )
    is_new = db.session.scalar(written) is not None
    subscriber = db.session.scalars(select(Subscriber).where(Subscriber.email == email)).one()
    if is_new:
        choosing.apply(choice, subscriber)
    return subscriber, is_new


def _mark_confirmed(subscriber: Subscriber) -> bool:
    """Of two presses at once, one is the first."""
    taken = update(Subscriber).where(Subscriber.id == subscriber.id, Subscriber.confirmed_at.is_(None))
    result: Any = db.session.execute(taken.values(confirmed_at=clock.now()))
    db.session.refresh(subscriber, ["confirmed_at"])
    return int(result.rowcount) == 1


def _names(subscriber: Subscriber) -> list[str] | None:
    if subscriber.all_components:
        return None
    chosen = [each.component_id for each in subscriber.components]
    wanted = select(Component.name).where(Component.public_id.in_(chosen)).order_by(Component.position, Component.id)
    return list(db.session.scalars(wanted))
