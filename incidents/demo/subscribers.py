"""The company's customers who asked to be told, and what they were told of the last days."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import insert, literal, select, update

from ..kernel import clock, outbox
from ..kernel.database import Json, db
from ..kernel.outbox import OutboxMessage
from ..published import audience, notices
from ..published.audience import Scope
from ..published.incidents import PublishedUpdate
from ..published.notices import Notice
from ..published.page_settings import page_settings
from ..published.public_ids import fresh_public_id
from ..published.subscribers import EMAIL, WEBHOOK, Subscriber, SubscriberComponent, fresh_secret, fresh_token
from .components import Parts
from .course import Course

_BY_MAIL, _UNASKED, _LOST = 412, 9, 4
_KEPT = timedelta(days=8)  # of what was told before, the numbers are known and no longer the messages
_NO_MAILBOX = "The mail server said: 550 5.1.1 no such user"
_GONE = "The webhook answered that it is gone for good (status 410)"
_CHOSEN_BY = 0.3  # of them, some components


def add_subscribers(parts: Parts, *, founded: datetime, now: datetime) -> None:
    """Customers by e-mail, some of whom never confirmed or have lost their mailbox, and a program that is gone."""
    chance = random.Random(7)
    rows = [_row(number, chance, founded, now) for number in range(_BY_MAIL + _UNASKED)]
    rows.append(_webhook(founded))
    ids = db.session.scalars(insert(Subscriber).returning(Subscriber.id, sort_by_parameter_order=True), rows).all()
    names = sorted(parts.values())
    chosen = [
        {"subscriber_id": number, "component_id": name}
        for number, row in zip(ids, rows, strict=True)
        if not row["all_components"]
        for name in chance.sample(names, k=min(2, len(names)))
    ]
    db.session.execute(insert(SubscriberComponent), chosen)


def _row(number: int, chance: random.Random, founded: datetime, now: datetime) -> dict[str, object]:
    came_at = founded + (now - founded) * chance.random() * 0.9
    is_lost, is_unasked = number < _LOST, number >= _BY_MAIL
    if is_unasked:
        came_at = now - timedelta(days=2, hours=number % 30)
    elif is_lost:
        came_at = founded + timedelta(days=number)
    return {
        "public_id": fresh_public_id(),
        "token": fresh_token(),
        "kind": EMAIL,
        "email": f"ops{number + 1}@customer{number % 173 + 1}.example",
        "url": None,
        "secret": None,
        "shape": "standard",
        "all_components": is_unasked or chance.random() > _CHOSEN_BY,
        "hears_maintenance": chance.random() > 0.15,
        "language": chance.choice(["en", "en", "en", "en", "de", "de", "fr", "es", "pt", "ja"]),
        "confirmed_at": None if is_unasked else came_at,
        "asked_at": came_at,
        "quarantined_at": now - timedelta(days=20) if is_lost else None,
        "quarantine_reason": _NO_MAILBOX if is_lost else None,
        "created_at": came_at,
        "updated_at": came_at,
    }


def _webhook(founded: datetime) -> dict[str, object]:
    return {
        **_row(0, random.Random(1), founded, founded),
        "kind": WEBHOOK,
        "email": None,
        "url": "https://status-bot.customer12.example/hooks/sevenbells",
        "secret": fresh_secret(),
        "all_components": True,
        "quarantined_at": founded + timedelta(days=80),
        "quarantine_reason": _GONE,
        "created_at": founded,
        "updated_at": founded + timedelta(days=80),
    }


def tell_the_past(course: Course, *, now: datetime) -> None:
    """Every notice so far has been told, as it would have been at its time."""
    notices.record_what_is_due()
    for notice in db.session.scalars(select(Notice).where(Notice.fanned_out_at.is_(None)).order_by(Notice.id)).all():
        course.moment = min(now, notice.due_at)
        scope = _scope_of(notice)
        left_out = audience.left_out(scope)
        number = _write(notice, scope) if now - notice.due_at < _KEPT else audience.count(scope)
        notice.fanned_out_at = course.moment
        notice.told = {
            "components": sorted(scope.components),
            "maintenance": scope.is_maintenance,
            "to": number,
            "left_out": left_out,
        }
    db.session.flush()


def _scope_of(notice: Notice) -> Scope:
    if notice.kind.startswith("maintenance"):
        return Scope(components=frozenset(notice.facts["components"]), is_maintenance=True)
    told = db.session.scalars(select(PublishedUpdate).where(PublishedUpdate.public_id == notice.facts["update"])).one()
    return Scope(components=audience.touched(each.components for each in told.incident.updates))


def _write(notice: Notice, scope: Scope) -> int:
    """Its letters, which left within seconds."""
    said = f"[{page_settings().name}] {notice.facts['title']}"
    to = select(Subscriber.email.label("destination"), literal({}, Json).label("own"))
    number = outbox.fan_out(
        event=notice.key,
        channel=EMAIL,
        body={"subject": said, "text": said},
        to=to.where(audience.hears(scope), Subscriber.kind == EMAIL, Subscriber.created_at <= clock.now()),
        incident_id=notice.incident_id,
    )
    left_at = clock.now() + timedelta(seconds=3)
    sent = {"attempts": 1, "first_attempt_at": left_at, "last_attempt_at": left_at, "sent_at": left_at}
    db.session.execute(
        update(OutboxMessage).where(OutboxMessage.event == notice.key).values(state=outbox.SENT, **sent),
        execution_options={"synchronize_session": False},
    )
    return number
