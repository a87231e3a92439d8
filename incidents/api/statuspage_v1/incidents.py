"""Incidents, which to Statuspage are two things: trouble that is told of, and work that is announced."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from ...access import Scope, viewer
from ...access.visibility import visible_to
from ...kernel import clock
from ...kernel.database import db
from ...policy.components import ComponentStatus, Impact
from ...policy.lifecycle import PublicStatus
from ...policy.maintenance import RUNNING, State
from ...published import planning
from ...published.incidents import PublishedIncident, PublishedUpdate
from ...published.maintenances import Maintenance, find_maintenance, not_over
from ...published.wording import many_lines
from ...records.incidents import Incident
from .. import loading
from . import lists, realtime, scheduled, shapes
from .routes import Given, Tell, address
from .values import day_or_moment, flag, ids, moment, statuses, text, word

_REALTIME = [*PublicStatus]
_SCHEDULED = [State.SCHEDULED, State.IN_PROGRESS, State.VERIFYING, State.COMPLETED]

_TAKES = {
    "name": text(255),
    "status": word([*_REALTIME, *_SCHEDULED]),
    "impact_override": word(Impact),
    "body": text(25_000),
    "message": text(25_000),
    "components": statuses(ComponentStatus),
    "component_ids": ids(),
    "deliver_notifications": flag(),
    "scheduled_for": moment(),
    "scheduled_until": moment(),
    "scheduled_auto_completed": flag(),
    "backfilled": flag(),
    "backfill_date": day_or_moment(),
}


@address("GET", "/<page_id>/incidents", scope=Scope.READ, takes={**lists.PAGES, "q": text(200)})
def list_incidents(given: Given) -> Tell:
    start, end = lists.ends(given)
    words = (given.get("q") or "").strip()
    every = _told(words).union_all(_announced(words)).subquery()
    wanted = select(every.c.public_id).order_by(every.c.created_at.desc(), every.c.public_id)
    return lambda: shapes.incidents(db.session.scalars(wanted.offset(start).limit(end - start)).all())


@address("GET", "/<page_id>/incidents/unresolved", scope=Scope.READ, takes=lists.PAGES)
def list_unresolved(given: Given) -> Tell:
    open_ones = (
        select(PublishedIncident.public_id)
        .where(PublishedIncident.ended_at.is_(None), _may_be_seen())
        .order_by(PublishedIncident.created_at.desc(), PublishedIncident.id.desc())
    )
    start, end = lists.ends(given)
    return lambda: shapes.incidents(db.session.scalars(open_ones).all()[start:end])


@address("GET", "/<page_id>/incidents/scheduled", scope=Scope.READ, takes=lists.PAGES)
def list_scheduled(given: Given) -> Tell:
    return _works_in(given, (State.SCHEDULED, *RUNNING))


@address("GET", "/<page_id>/incidents/upcoming", scope=Scope.READ, takes=lists.PAGES)
def list_upcoming(given: Given) -> Tell:
    return _works_in(given, (State.SCHEDULED,))


@address("GET", "/<page_id>/incidents/active_maintenance", scope=Scope.READ, takes=lists.PAGES)
def list_active_maintenance(given: Given) -> Tell:
    return _works_in(given, RUNNING)


@address("GET", "/<page_id>/incidents/<incident_id>", scope=Scope.READ)
def show_incident(given: Given, incident_id: str) -> Tell:
    if find_maintenance(incident_id) is None:
        realtime.published(incident_id)
    return lambda: shapes.incident(incident_id)


@address("POST", "/<page_id>/incidents", scope=Scope.RESPOND, takes=_TAKES, wrapped_in="incident", status=201)
def create_incident(given: Given) -> Tell:
    wanted = _tidied(given)
    if wanted.get("scheduled_for") or wanted.get("status") in _SCHEDULED:
        made = scheduled.plan(wanted)
    elif wanted.get("backfilled"):
        made = realtime.backfill(wanted)
    else:
        made = realtime.declare(wanted)
    return lambda: shapes.incident(made)


@address("PATCH PUT", "/<page_id>/incidents/<incident_id>", scope=Scope.RESPOND, takes=_TAKES, wrapped_in="incident")
def change_incident(given: Given, incident_id: str) -> Tell:
    wanted = _tidied(given)
    work = find_maintenance(incident_id, for_writing=True)
    if work is not None:
        scheduled.change(work, wanted)
    else:
        realtime.change(incident_id, wanted)
    return lambda: shapes.incident(incident_id)


@address("DELETE", "/<page_id>/incidents/<incident_id>", scope=Scope.RESPOND)
def delete_incident(given: Given, incident_id: str) -> Tell:
    work = find_maintenance(incident_id, for_writing=True)
    if work is not None:
        scheduled.cancel(work)
        return lambda: shapes.incident(incident_id)
    was = shapes.incident(incident_id)
    realtime.withdraw(incident_id)
    return lambda: was


def _tidied(given: Given) -> dict[str, Any]:
    """Without what says nothing, the older word for the body under its present one, and each component once.

    A component that is named without a status stands there with None.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    wanted["body"] = many_lines(wanted.get("body") or wanted.pop("message", None) or "")
    loading.render_early(wanted["body"])
    named = dict.fromkeys(wanted.get("component_ids", []))
    wanted["touched"] = {**named, **wanted.get("components", {})}
    wanted["names_components"] = "component_ids" in wanted
    return wanted


def _told(words: str) -> Select[str, datetime]:
    wanted = select(PublishedIncident.public_id, PublishedIncident.created_at).where(_may_be_seen())
    if words:
        said = select(PublishedUpdate.published_incident_id).where(
            PublishedUpdate.body.icontains(words, autoescape=True)
        )
        named = PublishedIncident.title.icontains(words, autoescape=True)
        wanted = wanted.where(or_(named, PublishedIncident.id.in_(said)))
    return wanted


def _announced(words: str) -> Select[str, datetime]:
    wanted = select(Maintenance.public_id, Maintenance.created_at)
    if words:
        found = (Maintenance.title, Maintenance.body)
        wanted = wanted.where(or_(*(column.icontains(words, autoescape=True) for column in found)))
    return wanted


def _may_be_seen() -> ColumnElement[bool]:
    hidden = select(Incident.id).where(~visible_to(viewer()))
    return PublishedIncident.incident_id.not_in(hidden)


def _works_in(given: Given, states: tuple[State, ...]) -> Tell:
    minute = planning.this_minute()
    start, end = lists.ends(given)
    found = [work.public_id for work in not_over(clock.now()) if work.times.state(minute) in states]
    return lambda: shapes.incidents(found[start:end])
