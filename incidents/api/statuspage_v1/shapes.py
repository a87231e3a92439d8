"""The objects of the manage API: those of the public JSON, drawn by the status page itself, and what only this API adds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ...kernel import clock
from ...kernel.database import db
from ...policy.lifecycle import PublicStatus
from ...policy.maintenance import REMINDER
from ...published.incidents import PublishedIncident
from ...published.maintenances import Maintenance
from ...records.incidents import Incident
from . import page

Shape = dict[str, Any]


class Objects(Protocol):
    """What the status page draws for us; handed over by the composition root, since it is not ours to see."""

    def components(self) -> list[Shape]: ...
    def incident(self, public_id: str) -> Shape | None: ...
    def maintenance(self, public_id: str) -> Shape | None: ...


def stamp(moment: datetime) -> str:
    """ISO 8601 with milliseconds, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def components() -> list[Shape]:
    """Every heading and component that is not archived, in the order of the page."""
    return [_component(shape) for shape in _drawn().components()]


def component(public_id: str) -> Shape:
    """One of them. Raises NotFound."""
    found = next((shape for shape in components() if shape["id"] == public_id), None)
    if found is None:
        raise NotFound
    return found


def incident(public_id: str) -> Shape:
    """One published incident or announced work. Raises NotFound."""
    found = incidents([public_id])
    if not found:
        raise NotFound
    return found[0]


def incidents(public_ids: Collection[str]) -> list[Shape]:
    """These, in their order; what is not published is left out."""
    drawn = _drawn(public_ids)
    works = _works(public_ids)
    backfilled = _backfilled(public_ids)
    found: list[Shape] = []
    for each in public_ids:
        if each in works and (shape := drawn.maintenance(each)) is not None:
            found.append(_scheduled(shape, works[each]))
        elif (shape := drawn.incident(each)) is not None:
            found.append(_realtime(shape, is_backfilled=each in backfilled))
    return found


def _drawn(public_ids: Collection[str] = ()) -> Objects:
    draw = current_app.extensions["sevenbells.manage_objects"]
    drawn: Objects = draw(
        db.session.connection(), now=clock.now(), base=page.base(), incidents=public_ids, works=public_ids
    )
    return drawn


def _works(public_ids: Iterable[str]) -> dict[str, Maintenance]:
    wanted = select(Maintenance).where(Maintenance.public_id.in_(public_ids))
    return {work.public_id: work for work in db.session.scalars(wanted)}


def _backfilled(public_ids: Iterable[str]) -> set[str]:
    """Those that were over before they were declared."""
    wanted = (
        select(PublishedIncident.public_id)
        .join(Incident, Incident.id == PublishedIncident.incident_id)
        .where(PublishedIncident.public_id.in_(public_ids), Incident.resolved_at < Incident.declared_at)
    )
    return set(db.session.scalars(wanted))


def _component(shape: Shape) -> Shape:
    return {**shape, "automation_email": None}


def _realtime(shape: Shape, *, is_backfilled: bool) -> Shape:
    out = next((each for each in shape["incident_updates"] if each["status"] == PublicStatus.POSTMORTEM), None)
    return {
        **_for_managers(shape),
        "postmortem_body": out["body"] if out else None,
        "postmortem_body_last_updated_at": out["updated_at"] if out else None,
        "postmortem_published_at": out["display_at"] if out else None,
        "postmortem_notified_subscribers": bool(out and out["deliver_notifications"]),
        "scheduled_for": None,
        "scheduled_until": None,
        "scheduled_remind_prior": False,
        "scheduled_reminded_at": None,
        "scheduled_auto_in_progress": False,
        "scheduled_auto_completed": False,
        "scheduled_auto_transition": False,
        "auto_transition_to_maintenance_state": False,
        "auto_transition_to_operational_state": False,
        "auto_transition_deliver_notifications_at_start": False,
        "auto_transition_deliver_notifications_at_end": False,
        "backfilled": is_backfilled,
    }


def _scheduled(shape: Shape, work: Maintenance) -> Shape:
    """Announced work begins by the clock, and its components follow: that is always so here."""
    reminded_at = work.starts_at - REMINDER
    was_reminded = work.notify and work.timed_at < reminded_at <= clock.now()
    return {
        **_for_managers(shape),
        "postmortem_body": None,
        "postmortem_body_last_updated_at": None,
        "postmortem_published_at": None,
        "postmortem_notified_subscribers": False,
        "scheduled_remind_prior": work.notify,
        "scheduled_reminded_at": stamp(reminded_at) if was_reminded else None,
        "scheduled_auto_in_progress": True,
        "scheduled_auto_completed": work.ends_by_itself,
        "scheduled_auto_transition": True,
        "auto_transition_to_maintenance_state": True,
        "auto_transition_to_operational_state": True,
        "auto_transition_deliver_notifications_at_start": work.notify,
        "auto_transition_deliver_notifications_at_end": work.notify,
        "backfilled": False,
    }


def _for_managers(shape: Shape) -> Shape:
    return {
        **shape,
        "incident_updates": [
            {**each, "twitter_updated_at": None, "wants_twitter_update": False} for each in shape["incident_updates"]
        ],
        "components": [_component(each) for each in shape["components"]],
        "impact_override": None,
        "metadata": {},
        "reminder_intervals": None,
        "postmortem_ignored": False,
        "postmortem_notified_twitter": False,
    }
