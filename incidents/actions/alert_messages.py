"""Telling of alerts in a storm: one message a minute to an address, and all that waits is one message.

Pages, reminders and escalations of incidents never come here: those are not joined, limited or delayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select

from ..access.links import base_url
from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..messages import about_alerts, payloads
from ..records.people import Person
from ..reports.ways import Way, Ways
from . import reach

# the idea and the figures for text messages are GoAlert's: limits per contact method, and bundling beyond them
BETWEEN: Final = timedelta(minutes=1)
WINDOW: Final = timedelta(minutes=15)
MOST_IN_WINDOW: Final = 5
_FOLDS = "folds"  # in a payload: what the message stands for, so that the next one can go on from it


def tell_of_alert(person: Person, *, key: str, text: str, urgency: str, address: str | None = None) -> int:
    """Put one alert into the outbox for each of the person's addresses; answers how many messages are new.

    ``key`` names the alert: the same one is told once. While a message waits for an address, or the last one is too
    young, the alert waits too, and the newest message that waits says what all of them said: 14 alerts in 3 min.
    ``address`` is where the alerts can be looked at. Two that are written in the same instant may each miss the other
    in their text; they are still sent as one, which says for how many it stands (``kernel.outbox.folding``).
    """
    now = clock.now()
    ways = Ways([person]).used_for(person, urgency)
    known = _recent(person, ways, since=now - WINDOW)
    return outbox.enqueue_each(
        [
            _message(person, way, known.get((way.channel, way.destination), ()), key, text, urgency, address, now)
            for way in ways
        ]
    )


def _recent(
    person: Person, ways: Sequence[Way], *, since: datetime
) -> Mapping[tuple[str, str], Sequence[OutboxMessage]]:
    """What waits for each address or was tried lately, the newest first."""
    wanted = select(OutboxMessage).where(
        OutboxMessage.destination.in_({way.destination for way in ways}),
        OutboxMessage.fold_key == _fold_key(person),
        outbox.is_in_some_state(),
        or_(OutboxMessage.state == outbox.WAITING, OutboxMessage.last_attempt_at > since),
    )
    found: dict[tuple[str, str], list[OutboxMessage]] = {}
    for row in db.session.scalars(wanted.order_by(OutboxMessage.id.desc())):
        found.setdefault((row.channel, row.destination), []).append(row)
    return found


def _message(
    person: Person,
    way: Way,
    recent: Sequence[OutboxMessage],
    key: str,
    text: str,
    urgency: str,
    address: str | None,
    now: datetime,
) -> dict[str, Any]:
    waiting = next((row for row in recent if row.state == outbox.WAITING and row.leased_by is None), None)
    folds = _folds(text, None if waiting is None else waiting.payload.get(_FOLDS), now)
    letter = about_alerts.letter(
        folds["headlines"],
        count=folds["count"],
        within=now - datetime.fromisoformat(folds["since"]),
        address=address or f"{base_url()}/console/",
    )
    # one that is being tried again waits long, and what is newer does not wait for it
    joins = waiting is not None and not waiting.attempts
    due_at = waiting.next_attempt_at if waiting is not None and joins else _next_slot(recent, now)
    return {
        "event": reach.event_for(f"alert/{person.id}/{key}", person, way),
        "channel": way.channel,
        "destination": way.destination,
        "payload": {**payloads.payload_for(way.channel, letter, to=way.value, purpose=outbox.ALERT), _FOLDS: folds},
        "person_id": person.id,
        "purpose": outbox.ALERT,
        "fold_key": _fold_key(person),
        "not_before": due_at if joins else max(due_at, reach.not_before(person, way, urgency=urgency, now=now)),
    }


def _folds(text: str, before: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    newest = about_alerts.headline(text)
    if before is None:
        return {"count": 1, "since": now.isoformat(), "headlines": [newest]}
    headlines = [newest, *before["headlines"]][: about_alerts.LISTED]
    return {"count": before["count"] + 1, "since": before["since"], "headlines": headlines}


def _next_slot(recent: Sequence[OutboxMessage], now: datetime) -> datetime:
    """A minute after the last message, and so that no quarter of an hour holds more than five."""
    tried = sorted((row.last_attempt_at for row in recent if row.last_attempt_at is not None), reverse=True)
    slots = [now]
    if tried:
        slots.append(tried[0] + BETWEEN)
    if len(tried) >= MOST_IN_WINDOW:
        slots.append(tried[MOST_IN_WINDOW - 1] + WINDOW)
    return max(slots)


def _fold_key(person: Person) -> str:
    return f"alerts/{person.id}"
