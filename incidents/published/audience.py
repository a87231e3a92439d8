"""Whom a notice is for among the subscribers, asked of the database in one condition, and how many that are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from ..kernel.database import db
from .subscribers import WEBHOOK, Subscriber, SubscriberComponent


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a notice touches: those who chose other components, or no maintenance, or who read no webhook, hear nothing.

    ``components`` are public ids. Where nothing is named only those hear of it who chose everything.
    """

    components: Collection[str] = ()
    is_maintenance: bool = False
    webhooks_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    """Subscribers who get the same bytes."""

    kind: str
    shape: str
    language: str
    number: int


def can_be_told() -> ColumnElement[bool]:
    """Confirmed, and not quarantined."""
    return and_(Subscriber.confirmed_at.is_not(None), Subscriber.quarantined_at.is_(None))


def wants(scope: Scope) -> ColumnElement[bool]:
    """Whether they asked for what this touches."""
    conditions: list[ColumnElement[bool]] = [_chose(scope.components)]
    if scope.is_maintenance:
        conditions.append(Subscriber.hears_maintenance.is_(True))
    if scope.webhooks_only:
        conditions.append(Subscriber.kind == WEBHOOK)
    return and_(*conditions)


def _chose(components: Collection[str]) -> ColumnElement[bool]:
    if not components:
        return Subscriber.all_components.is_(True)
    touched = select(SubscriberComponent.subscriber_id).where(SubscriberComponent.component_id.in_(sorted(components)))
    return or_(Subscriber.all_components, Subscriber.id.in_(touched))


def hears(scope: Scope) -> ColumnElement[bool]:
    """Whoever is told: the one condition of the messages, of the count before them, and of the log after them."""
    return and_(can_be_told(), wants(scope))


def groups(scope: Scope) -> list[Group]:
    """Those who are told, by what they get."""
    by = (Subscriber.kind, Subscriber.shape, Subscriber.language)
    rows = db.session.execute(select(*by, func.count()).where(hears(scope)).group_by(*by).order_by(*by))
    return [Group(kind=kind, shape=shape, language=language, number=number) for kind, shape, language, number in rows]


def count(scope: Scope) -> int:
    """How many are told."""
    return db.session.scalar(select(func.count()).select_from(Subscriber).where(hears(scope))) or 0


def left_out(scope: Scope) -> dict[str, int]:
    """How many are not told, by why not; each counted once, by the first reason that holds."""
    reasons: list[tuple[str, ColumnElement[bool]]] = [
        ("unconfirmed", Subscriber.confirmed_at.is_(None)),
        ("quarantined", Subscriber.quarantined_at.is_not(None)),
    ]
    if scope.webhooks_only:
        reasons.append(("no_webhook", Subscriber.kind != WEBHOOK))
    if scope.is_maintenance:
        reasons.append(("no_maintenance", not_(Subscriber.hears_maintenance)))
    reasons.append(("other_components", not_(_chose(scope.components))))
    counted = []
    for place, (name, holds) in enumerate(reasons):
        earlier = [not_(before) for _name, before in reasons[:place]]
        counted.append(func.count().filter(holds, *earlier).label(name))
    found: Any = db.session.execute(select(*counted).select_from(Subscriber)).one()
    return {name: number for name, number in found._asdict().items() if number}


def touched(statuses: Iterable[Collection[str]]) -> frozenset[str]:
    """Every component that any of these updates named."""
    return frozenset(each for named in statuses for each in named)
