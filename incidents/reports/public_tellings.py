"""What subscribers were told: of each notice how many were, who was not and why; of each subscriber the same.

Whoever was written to has a row in the outbox. Nobody writes a row for those who were not: it follows from how each stood
at that moment, which ``published.subscribers.pasts`` keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import String, case, cast, func, literal, literal_column, select

from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..published.notices import Notice
from ..published.subscribers import EMAIL, Subscriber, pasts
from ..published.subscribers.pasts import SubscriberPast

KINDS: Mapping[str, str] = {
    "incident.updated": "Update",
    "maintenance.scheduled": "Maintenance scheduled",
    "maintenance.reminder": "Maintenance reminder",
    "maintenance.started": "Maintenance begun",
    "maintenance.ended": "Maintenance over",
    "maintenance.moved": "Maintenance moved",
    "maintenance.extended": "Maintenance takes longer",
    "maintenance.cancelled": "Maintenance cancelled",
    "maintenance.updated": "Maintenance update",
    "component.updated": "Component changed",
}
LEFT_OUT: Mapping[str, str] = {
    "unconfirmed": "Had not confirmed",
    "quarantined": "Quarantined",
    "no_webhook": "Gets e-mail, and this goes to webhooks alone",
    "no_maintenance": "Wanted no maintenance",
    "other_components": "Chose other components",
}
NOT_YET = "Goes out at the next turn of the clock"
CAME_LATER = "Subscribed later"
_NOT_KEPT = "Its message is no longer kept"
NOT_TOLD = "not_told"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of one notice: messages by what became of them, and subscribers left out by why."""

    notice: Notice
    states: Mapping[str, int] = field(default_factory=dict)
    left_out: Sequence[tuple[str, int]] = ()

    @property
    def kind(self) -> str:
        return KINDS.get(self.notice.kind, self.notice.kind)

    @property
    def title(self) -> str:
        return str(self.notice.facts.get("title", ""))

    @property
    def total(self) -> int:
        """How many were written to."""
        return sum(self.states.values())

    @property
    def edits(self) -> Sequence[tuple[datetime, int]]:
        """When it was edited while messages had not left yet, and how many then got the new words."""
        known = (self.notice.told or {}).get("reworded", ())
        return [(datetime.fromisoformat(each["at"]), each["to"]) for each in known]

    @property
    def why_nobody(self) -> str:
        """Why there is no message; empty where there is one."""
        if self.total:
            return ""
        if self.notice.reason:
            return f"Nobody was told. {self.notice.reason}"
        known = (self.notice.told or {}).get("to", 0)
        if known:
            return f"{known:,} were written to; their messages are no longer kept"
        return "Nobody was told. No subscriber asked for this" if self.notice.fanned_out_at else NOT_YET


@dataclass(frozen=True, kw_only=True)
class Line:
    """One subscriber and one notice: the message that was written, or why there is none."""

    notice: Notice
    subscriber: Subscriber | None = None
    message: OutboxMessage | None = None
    why_not: str = ""

    @property
    def state(self) -> str:
        return self.message.state if self.message else NOT_TOLD

    @property
    def reason(self) -> str:
        return (self.message.reason or "") if self.message else self.why_not


# ---- by notice ----


def of_incident(incident_id: int) -> list[Counts]:
    """Every notice of an incident, the newest first."""
    return counted(
        db.session.scalars(select(Notice).where(Notice.incident_id == incident_id).order_by(Notice.id.desc())).all()
    )


def newest(*, before: int | None = None, limit: int) -> Sequence[Notice]:
    """The newest notices of all kinds."""
    wanted = select(Notice).order_by(Notice.id.desc()).limit(limit)
    return db.session.scalars(wanted if before is None else wanted.where(Notice.id < before)).all()


def counted(found: Sequence[Notice]) -> list[Counts]:
    """The same with what became of each, in three more questions."""
    known = _kept(found)
    not_sent = _not_sent(known)
    return [
        Counts(
            notice=each,
            states=_states(known[each.id], not_sent.get(each.key, {})) if each.id in known else {},
            left_out=_left_out(each),
        )
        for each in found
    ]


def _kept(found: Sequence[Notice]) -> dict[int, Notice]:
    """Those of which there are messages, by their numbers."""
    message = select(OutboxMessage.id).where(OutboxMessage.event == Notice.key).limit(1).scalar_subquery()
    kept = select(Notice.id).where(Notice.id.in_([notice.id for notice in found]), message.is_not(None))
    ids = set(db.session.scalars(kept)) if found else set()
    return {notice.id: notice for notice in found if notice.id in ids}


def _not_sent(kept: Mapping[int, Notice]) -> dict[str, dict[str, int]]:
    """By the notices' keys what waits and what was not sent. Whatever else was written was sent: that is not counted.

    It can be a hundred thousand for each update, and the others are few.
    """
    states: dict[str, dict[str, int]] = {}
    keys = [notice.key for notice in kept.values()]
    if not keys:
        return states
    event = OutboxMessage.event
    # what waits is looked through whole: the index by events would lead to all that was sent, too
    no_index = event + literal_column("''")
    for name, those in ((no_index, outbox.is_waiting(OutboxMessage)), (event, outbox.was_not_sent(OutboxMessage))):
        counted = select(name, OutboxMessage.state, func.count()).where(those, name.in_(keys))
        for key, state, number in db.session.execute(counted.group_by(name, OutboxMessage.state)):
            states.setdefault(key, {})[state] = number
    return states


def _states(notice: Notice, not_sent: Mapping[str, int]) -> dict[str, int]:
    sent = (notice.told or {}).get("to", 0) - sum(not_sent.values())
    return {**not_sent, **({outbox.SENT: sent} if sent > 0 else {})}


def _left_out(notice: Notice) -> list[tuple[str, int]]:
    known = (notice.told or {}).get("left_out", {})
    return [(word, known[name]) for name, word in LEFT_OUT.items() if known.get(name)]


def written_to(notice: Notice, *, state: str, before: int | None, limit: int) -> list[Line]:
    """Those who were written to, in one state or any; one more than ``limit`` where there are more."""
    wanted = select(OutboxMessage).where(OutboxMessage.event == notice.key)
    if state:
        wanted = wanted.where(OutboxMessage.state == state)
    if before is not None:
        wanted = wanted.where(OutboxMessage.id < before)
    found = db.session.scalars(wanted.order_by(OutboxMessage.id.desc()).limit(limit + 1)).all()
    known = _subscribers({message.destination for message in found})
    return [Line(notice=notice, message=each, subscriber=known.get(each.destination)) for each in found]


def left_out_of(notice: Notice, *, before: int | None, limit: int) -> list[Line]:
    """Those who are on the list and were not written to, each with the reason.

    They are looked up one by one: of a NOT EXISTS a planner that has not counted lately makes a join over all messages.
    """
    got_one = select(OutboxMessage.id).where(
        OutboxMessage.event == notice.key,
        OutboxMessage.channel == Subscriber.kind,
        OutboxMessage.destination == _destination(),
    )
    wanted = select(Subscriber).where(got_one.limit(1).scalar_subquery().is_(None))
    if before is not None:
        wanted = wanted.where(Subscriber.id < before)
    found = db.session.scalars(wanted.order_by(Subscriber.id.desc()).limit(limit + 1)).all()
    earlier = _pasts_of(found)
    return [
        Line(notice=notice, subscriber=each, why_not=why_not(each, notice, earlier.get(each.id, ()))) for each in found
    ]


def _destination() -> Any:
    named = literal("subscriber:", String).concat(cast(Subscriber.id, String))
    return case((Subscriber.kind == EMAIL, Subscriber.email), else_=named)


def _subscribers(destinations: set[str]) -> dict[str, Subscriber]:
    ids = {int(each.partition(":")[2]) for each in destinations if each.startswith("subscriber:")}
    wanted = select(Subscriber).where(Subscriber.id.in_(ids) | Subscriber.email.in_(destinations))
    return {each.destination: each for each in db.session.scalars(wanted)}


def _pasts_of(found: Sequence[Subscriber]) -> dict[int, list[SubscriberPast]]:
    wanted = select(SubscriberPast).where(SubscriberPast.subscriber_id.in_([each.id for each in found]))
    earlier: dict[int, list[SubscriberPast]] = {}
    for past in db.session.scalars(wanted.order_by(SubscriberPast.until, SubscriberPast.id)):
        earlier.setdefault(past.subscriber_id, []).append(past)
    return earlier


# ---- by subscriber ----


def of_subscriber(subscriber: Subscriber, *, before: int | None, limit: int) -> list[Line]:
    """The newest notices with what this subscriber got of each; one more than ``limit`` where there are more."""
    found = newest(before=before, limit=limit + 1)
    messages = {
        message.event: message
        for message in db.session.scalars(
            select(OutboxMessage).where(
                OutboxMessage.event.in_([notice.key for notice in found]),
                OutboxMessage.channel == subscriber.kind,
                OutboxMessage.destination == subscriber.destination,
            )
        )
    }
    earlier = pasts.pasts_of(subscriber)
    return [
        Line(
            notice=notice,
            subscriber=subscriber,
            message=messages.get(notice.key),
            why_not="" if notice.key in messages else why_not(subscriber, notice, earlier),
        )
        for notice in found
    ]


def why_not(subscriber: Subscriber, notice: Notice, earlier: Sequence[SubscriberPast]) -> str:
    """Why this one has no message, by how it stood when the messages were written; ``earlier`` is its past, oldest first."""
    then = notice.fanned_out_at
    if then is None:
        return NOT_YET
    if notice.told is None:
        return notice.reason or _NOT_KEPT
    if subscriber.created_at > then:
        return CAME_LATER
    stood = _stood(subscriber, then, earlier)
    if subscriber.confirmed_at is None or subscriber.confirmed_at > then:
        return LEFT_OUT["unconfirmed"]
    if stood.quarantined_at is not None:
        return f"{LEFT_OUT['quarantined']}: {stood.quarantine_reason}"
    if notice.told.get("webhooks_only") and subscriber.kind == EMAIL:
        return LEFT_OUT["no_webhook"]
    if notice.told.get("maintenance") and not stood.hears_maintenance:
        return LEFT_OUT["no_maintenance"]
    if not stood.all_components and not set(stood.chosen) & set(notice.told.get("components", ())):
        return LEFT_OUT["other_components"]
    return _NOT_KEPT


@dataclass(frozen=True)
class _Stood:
    """How a subscriber stood at a moment."""

    quarantined_at: datetime | None
    quarantine_reason: str
    hears_maintenance: bool
    all_components: bool
    chosen: Sequence[str]


def _stood(subscriber: Subscriber, then: datetime, earlier: Sequence[SubscriberPast]) -> _Stood:
    past = next((each for each in earlier if each.until > then), None)
    known: SubscriberPast | Subscriber = past or subscriber
    chosen = past.components if past else [each.component_id for each in subscriber.components]
    return _Stood(
        known.quarantined_at,
        known.quarantine_reason or "",
        known.hears_maintenance,
        known.all_components,
        chosen,
    )


def find(notice_id: int) -> Notice | None:
    """A notice by its number."""
    return db.session.get(Notice, notice_id)
