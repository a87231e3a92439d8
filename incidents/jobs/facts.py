"""What a sender must know besides the message, looked up just before it is sent: secrets stand in no outbox.

An address can have been removed and a secret changed since the message was written; then the newest counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import select, union_all

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.outbox import Claim, OutboxMessage
from ..kernel.settings import Settings
from ..kernel.team_destinations import TEAM_DESTINATION, apprise_destination
from ..kernel.trackers import CHANNEL as TRACKER
from ..records.action_items import ActionItem
from ..records.addresses import ContactAddress
from .public_facts import is_to_the_public, public_facts
from .refusals import Facts, Refusal

_BY_ID = "address:"
_REMOVED = "The address was removed before this was sent"
_NO_LONGER_SET = "The team's address is no longer set in the environment"
_ITEM_IS_GONE, _HAS_A_LINK = "The action item was removed", "The action item has a link by now"
_NOTHING_TO_EDIT = "Nothing stands there that this would change"


def facts_for(claims: Sequence[Claim]) -> dict[int, Facts | Refusal]:
    """By the claims' ids: ``url``, ``secrets``, ``routing_key``, ``channel``, ``is_trusted``, ``receipt``, ``root``.

    It reads in the session's transaction, which the caller ends before anything is sent.
    """
    settings: Settings = current_app.extensions["sevenbells.settings"]
    addresses = _addresses(claims)
    receipts = _receipts(claims)
    public = public_facts([claimed for claimed in claims if is_to_the_public(claimed)])
    return {
        claimed.id: public[claimed.id] if claimed.id in public else _of(claimed, settings, addresses, receipts)
        for claimed in claims
    }


def _of(
    claimed: Claim,
    settings: Settings,
    addresses: Mapping[int, ContactAddress],
    receipts: Mapping[tuple[int, str], Mapping[str, Any]],
) -> Facts | Refusal:
    where = (
        team_facts(claimed.channel, claimed.destination, settings)
        if _is_team(claimed.destination)
        else _personal(claimed, addresses)
    )
    if isinstance(where, Refusal):
        return where
    found = {name: receipts[claimed.id, name] for name in _EARLIER if (claimed.id, name) in receipts}
    if claimed.payload.get("only_edits") and "receipt" not in found:
        return Refusal(_NOTHING_TO_EDIT)
    return {**where, **found}


# ---- the target ----


def _is_team(destination: str) -> bool:
    return destination == TEAM_DESTINATION or destination.startswith(f"{TEAM_DESTINATION}:")


def team_facts(channel: str, destination: str, settings: Settings) -> Facts | Refusal:
    """From the environment, and trusted for that."""
    if channel == "slack":
        return {"channel": settings.slack_channel}
    if channel == "pagerduty" and settings.pagerduty_routing_key:
        return {"routing_key": settings.pagerduty_routing_key}
    for url in settings.apprise_urls if channel == "apprise" else ():
        if apprise_destination(url) == destination:
            return {"url": url, "is_trusted": True}
    return Refusal(_NO_LONGER_SET)


def _personal(claimed: Claim, addresses: Mapping[int, ContactAddress]) -> Facts | Refusal:
    if claimed.channel == "email":
        return {}
    if claimed.channel == TRACKER:
        return _of_item(claimed)
    if claimed.channel == "slack":
        return {"channel": claimed.destination}
    address = addresses.get(_address_id(claimed.destination) or 0)
    if address is None or address.removed_at is not None or address.kind != claimed.channel:
        return Refusal(_REMOVED)
    if claimed.channel == "webhook":
        return {"url": address.value, "secrets": _secrets(address)}
    if claimed.channel == "pagerduty":
        return {"routing_key": address.value}
    return {"url": address.value, "is_trusted": False}


def _of_item(claimed: Claim) -> Facts | Refusal:
    """Nothing more to know; but no issue is made of what is gone, or has one that somebody made by hand."""
    item = db.session.get(ActionItem, claimed.payload.get("item_id"))
    if item is None:
        return Refusal(_ITEM_IS_GONE)
    return Refusal(_HAS_A_LINK) if item.link else {}


def _secrets(address: ContactAddress) -> list[str]:
    """The new one first; the old ones sign besides until their time is over."""
    return [*([address.secret] if address.secret else []), *reversed(address.old_secrets(clock.now()))]


def _addresses(claims: Sequence[Claim]) -> dict[int, ContactAddress]:
    ids = {found for claimed in claims if (found := _address_id(claimed.destination)) is not None}
    if not ids:
        return {}
    return {each.id: each for each in db.session.scalars(select(ContactAddress).where(ContactAddress.id.in_(ids)))}


def _address_id(destination: str) -> int | None:
    number = destination.removeprefix(_BY_ID)
    return int(number) if destination.startswith(_BY_ID) and number.isdecimal() and len(number) < 10 else None


# ---- what was sent before ----

# name of the fact → name in the payload: an event or a fold key, whose newest receipt is meant
_EARLIER: Mapping[str, str] = {"receipt": "replaces", "root": "thread_of"}


def _receipts(claims: Sequence[Claim]) -> dict[tuple[int, str], Mapping[str, Any]]:
    """What the other side answered to the messages that these replace, or hang below."""
    found = {}
    for claimed in claims:
        for fact, name in _EARLIER.items():
            wanted = claimed.payload.get(name)
            receipt = _newest_receipt(claimed, str(wanted)) if wanted else None
            if receipt is not None:
                found[claimed.id, fact] = receipt
    return found


def _newest_receipt(claimed: Claim, wanted: str) -> Mapping[str, Any] | None:
    incident_id = claimed.incident_id or claimed.payload.get("of_incident")
    there = (
        OutboxMessage.channel == claimed.channel,
        OutboxMessage.destination == claimed.destination,
        OutboxMessage.state == outbox.SENT,
    )
    answered = select(OutboxMessage.id, OutboxMessage.receipt).where(*there)
    # each by an index of its own: of an OR a planner makes a look at all that was ever sent there
    of_event = answered.where(OutboxMessage.event == wanted)
    of_fold_key = answered.where(OutboxMessage.incident_id == incident_id, OutboxMessage.fold_key == wanted)
    found = db.session.execute(union_all(of_event, of_fold_key))
    newest_first = sorted(found, key=lambda row: row.id, reverse=True)
    return next((row.receipt for row in newest_first if row.receipt and row.receipt.get("ts")), None)
