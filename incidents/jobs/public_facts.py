"""What a sender must know of subscribers just before it writes to them: where a webhook is, and that they still want it.

Whoever left or was quarantined since a message was written gets it no more, and what is public no more leaves no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import Claim
from ..published.notices import Notice
from ..published.subscribers import Subscriber
from .refusals import Facts, Refusal

BY_ID = "subscriber:"
_LEFT = "They left before this was sent"
_UNCONFIRMED = "They have not confirmed"
_QUARANTINED = "They are quarantined: "


def is_to_the_public(claimed: Claim) -> bool:
    """Whether it goes to a subscriber, and not to one of the team."""
    if claimed.destination.startswith(BY_ID):
        return True
    # letters about the subscription itself go to who has not confirmed, too
    return claimed.purpose == outbox.UPDATE and not claimed.event.startswith("subscription/")


def public_facts(claims: Sequence[Claim]) -> dict[int, Facts | Refusal]:
    """By the claims' ids, in two questions however many they are."""
    if not claims:
        return {}
    people, settled = _people(claims), _settled({claimed.event for claimed in claims})
    return {claimed.id: _of(claimed, people.get(claimed.destination), settled) for claimed in claims}


def _of(claimed: Claim, subscriber: Any | None, settled: Mapping[str, str]) -> Facts | Refusal:
    if claimed.event in settled:
        return Refusal(settled[claimed.event])
    if subscriber is None:
        return Refusal(_LEFT)
    if subscriber.is_unconfirmed:
        return Refusal(_UNCONFIRMED)
    is_trial = claimed.purpose == outbox.TEST  # whoever tries whether it works again knows that it did not
    if subscriber.is_quarantined and not is_trial:
        return Refusal(_QUARANTINED + (subscriber.quarantine_reason or ""))
    if claimed.channel == "webhook":
        return {"url": subscriber.url, "secrets": [subscriber.secret] if subscriber.secret else []}
    return {}


def _people(claims: Sequence[Claim]) -> dict[str, Any]:
    """By how they stand in the outbox."""
    destinations = {claimed.destination for claimed in claims}
    ids = {
        int(number)
        for each in destinations
        if each.startswith(BY_ID) and (number := each.removeprefix(BY_ID)).isdecimal() and len(number) < 10
    }
    columns = (
        Subscriber.id,
        Subscriber.email,
        Subscriber.url,
        Subscriber.secret,
        Subscriber.confirmed_at.is_(None).label("is_unconfirmed"),  # to make a time of each would cost more than to ask
        Subscriber.quarantined_at.is_not(None).label("is_quarantined"),
        Subscriber.quarantine_reason,
    )
    emails = {each for each in destinations if not each.startswith(BY_ID)}
    rows = db.session.execute(select(*columns).where(or_(Subscriber.id.in_(ids), Subscriber.email.in_(emails))))
    return {row.email or f"{BY_ID}{row.id}": row for row in rows}


def _settled(events: set[str]) -> dict[str, str]:
    """Those that are to be told to nobody any more, with the reason."""
    rows = db.session.execute(
        select(Notice.key, Notice.reason).where(Notice.key.in_(events), Notice.reason.is_not(None))
    )
    return {row.key: row.reason or "" for row in rows}
