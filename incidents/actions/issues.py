"""Making an issue of an action item in the team's tracker: asked for here, done by the outbox, its address taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Select, select

from ..kernel import clock, outbox
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed
from ..kernel.outbox import OutboxMessage
from ..kernel.settings import Settings
from ..kernel.trackers import CHANNEL, trackers_set
from ..policy.lifecycle import Visibility
from ..policy.trackers import Tracker, recognise
from ..records.action_items import LINK_LENGTH, ActionItem
from ..records.actors import CLOCK, Actor
from ..records.incidents import Incident
from . import action_items, telling

_AT_ONCE = 200


@dataclass(frozen=True)
class Asked:
    """An issue that was asked for and has no address yet; ``reason`` says why it failed or waits."""

    tracker: Tracker
    state: str  # of the outbox
    reason: str
    message_id: int


def trackers() -> list[Tracker]:
    """In which trackers issues can be made."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return [Tracker(name) for name in trackers_set(settings)]


def ask_for_issue(item: ActionItem, *, tracker: str, by: Actor) -> bool:
    """Make an issue of it, soon; False where one was asked for before and has not failed.

    Raises NotAllowed where it has a link, and for a restricted incident: nothing of that leaves Sevenbells.
    """
    incident = db.session.get_one(Incident, item.incident_id)
    if tracker not in trackers():
        raise Malformed({"tracker": "No token is set for this tracker."})
    if incident.visibility == Visibility.RESTRICTED:
        raise NotAllowed("The incident is restricted, and nothing of it leaves Sevenbells. Link an issue by hand.")
    if item.link:
        raise NotAllowed("It has a link already. Take that away first.")
    asked = asked_for(item)
    if asked is not None and asked.tracker == tracker:
        return outbox.retry(asked.message_id)
    if asked is not None and asked.state == outbox.WAITING:
        return False
    item.tracker_event = f"issue/{item.id}/{item.version}"
    outbox.enqueue(
        event=item.tracker_event,
        channel=CHANNEL,
        destination=tracker,
        payload={
            "item_id": item.id,
            "title": item.title,
            "text": _text(item, incident),
            "asked_at": clock.now().isoformat(),
        },
        incident_id=incident.id,
        purpose=outbox.TEAM,
    )
    action_items.note(item, incident, "issue", by=by, tracker=Tracker(tracker).label)
    item.version += 1
    db.session.flush()
    return True


def asked_for(item: ActionItem) -> Asked | None:
    """What became of the issue that was asked for; None where none is under way."""
    if item.tracker_event is None:
        return None
    message = db.session.scalars(_messages([item])).first()
    if message is None:
        return None
    return Asked(Tracker(message.destination), message.state, message.reason or "", message.id)


def take_over_links() -> int:
    """Put the addresses of issues that were made onto their items; how many. The caller commits."""
    waiting = select(ActionItem).where(ActionItem.tracker_event.is_not(None)).order_by(ActionItem.id).limit(_AT_ONCE)
    items = db.session.scalars(waiting.with_for_update(skip_locked=True)).all()
    made = {message.event: message for message in db.session.scalars(_messages(items))} if items else {}
    return sum(_take_over(item, made.get(item.tracker_event or "")) for item in items)


def _take_over(item: ActionItem, message: OutboxMessage | None) -> bool:
    if item.link is not None:  # somebody was faster, by hand
        item.tracker_event = None
        return False
    if message is None or message.state != outbox.SENT:
        return False
    link = str((message.receipt or {}).get("link", ""))
    item.tracker_event = None
    if not link or len(link) > LINK_LENGTH:
        return False
    item.link, item.version = link, item.version + 1
    known = recognise(link)
    name = known[1] if known else link
    incident = db.session.get_one(Incident, item.incident_id)
    action_items.note(item, incident, "linked", by=CLOCK, issue=name, tracker=Tracker(message.destination).label)
    return True


def _messages(items: Sequence[ActionItem]) -> Select[OutboxMessage]:
    events = [item.tracker_event for item in items]
    return select(OutboxMessage).where(OutboxMessage.event.in_(events), OutboxMessage.channel == CHANNEL)


def _text(item: ActionItem, incident: Incident) -> str:
    """What the issue says besides its title: where it came from, and no word of what went wrong inside."""
    base = telling.base_url()
    due = f"\n\nDue {item.due_on.isoformat()}." if item.due_on else ""
    return (
        f"An action item ({item.kind}) of {incident.ref}.{due}\n\n"
        f"{base}/console/action-items/{item.id}\n{base}/console/incidents/{incident.ref}"
    )
