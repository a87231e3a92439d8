"""Announced work, once or again and again, by its public ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from flask import current_app
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import maintenance as actions
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.settings import Settings
from ..policy.maintenance import State
from ..policy.recurrence import LONGEST_RULE
from ..published import planning, repeating
from ..published.maintenances import (
    BODY_LENGTH,
    LINK_LENGTH,
    TITLE_LENGTH,
    Maintenance,
    MaintenanceUpdate,
    find_maintenance,
)
from ..published.page_settings import page_settings
from ..published.planning import Words
from . import conditional, loading, paging, shapes
from .fields import Body, Field, Unfit, choice, choices, clearable, flag, listing, moment, text, whole
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, many, maybe_stamp, stamp

_NEXT = 5
_THIS, _ALL = "this", "all"
_RULE_PARTS = {"rule", "time_zone"}


def _recurrence() -> Field:
    """A rule, alone or with its zone; ours is the pair of both."""

    def parse(value: Any) -> tuple[str, str | None]:
        given = {"rule": value} if isinstance(value, str) else value
        if not isinstance(given, dict) or not given.keys() <= _RULE_PARTS or not isinstance(given.get("rule"), str):
            raise Unfit("Give a rule such as FREQ=WEEKLY;BYDAY=TU, or an object with rule and time_zone.")
        zone = given.get("time_zone")
        if zone is not None and not isinstance(zone, str):
            raise Unfit("Give the zone by its name, such as Europe/Berlin.")
        return given["rule"], zone

    rule = {"type": "string", "maxLength": LONGEST_RULE, "examples": ["FREQ=WEEKLY;BYDAY=TU"]}
    described = {
        "type": "object",
        "properties": {"rule": rule, "time_zone": {"type": "string"}},
        "required": ["rule"],
        "additionalProperties": False,
    }
    return Field({"anyOf": [rule, described]}, parse)


_SAID = shapes.record(
    id=TEXT,
    kind=TEXT,
    body=TEXT,
    at=TIME,
    was_starts_at=MAYBE_TIME,
    was_ends_at=MAYBE_TIME,
    starts_at=MAYBE_TIME,
    ends_at=MAYBE_TIME,
    notify=FLAG,
)
shapes.named(
    "Maintenance",
    shapes.record(
        id=TEXT,
        title=TEXT,
        body=TEXT,
        state=shapes.word(State),
        starts_at=TIME,
        ends_at=TIME,
        began_at=MAYBE_TIME,
        ended_at=MAYBE_TIME,
        components=many(TEXT),
        recurrence=MAYBE_TEXT,
        time_zone=MAYBE_TEXT,
        next_starts_at=many(TIME),
        ends_by_itself=FLAG,
        verify_minutes=NUMBER,
        checklist_url=MAYBE_TEXT,
        notify=FLAG,
        updates=many(_SAID),
        public_url=TEXT,
        version=NUMBER,
        created_at=TIME,
        updated_at=TIME,
    ),
)

_TITLE, _TIME = text(TITLE_LENGTH, example="Database minor version upgrade"), moment()
_MORE: Mapping[str, Field] = {
    "body": text(BODY_LENGTH),
    "components": listing(text(12), most=500),
    "recurrence": clearable(_recurrence()),
    "time_zone": text(64, example="Europe/Berlin"),
    "checklist_url": clearable(text(LINK_LENGTH)),
    "ends_by_itself": flag(),
    "verify_minutes": whole(0, 44_640),
    "notify": flag(),
}


@operation(
    "GET",
    "/maintenances",
    scope=Scope.READ,
    summary="Announced work, the latest planned first.",
    gives="Maintenance",
    query={"state": choices(State)},
    is_list=True,
)
def list_maintenances(given: Given) -> Page[Thing]:
    wanted = select(Maintenance)
    if "state" in given:
        # the state follows from the times, so those that fit are found by asking each
        wanted = wanted.where(Maintenance.id.in_(_in_state(given["state"])))
    page = paging.by_id(wanted, Maintenance.id, given, newest_first=True)
    return Page([_shape(work) for work in page.rows], page.cursor)


@operation(
    "POST",
    "/maintenances",
    scope=Scope.RESPOND,
    summary="Announce work. recurrence is an RFC 5545 rule, counted by the wall clock of time_zone (the page's, unless given); "
    "the answer is its first occurrence.",
    gives="Maintenance",
    body=Body(
        required={"title": _TITLE, "starts_at": _TIME, "ends_at": _TIME},
        optional=_MORE,
    ),
    status=201,
)
def plan_maintenance(given: Given) -> Answer:
    said = _words(given)
    if given.get("recurrence") is None:
        work = actions.plan(said, by=actor(), starts_at=given["starts_at"], ends_at=given["ends_at"])
    else:
        work = actions.plan_series(said, by=actor(), **_timing(given, given["starts_at"], given["ends_at"]))[0]
    return _answer(work, location=f"/maintenances/{work.public_id}")


@operation(
    "GET", "/maintenances/<maintenance_id>", scope=Scope.READ, summary="One announced work.", gives="Maintenance"
)
def show_maintenance(given: Given, maintenance_id: str) -> Answer:
    return _answer(_found(maintenance_id))


@operation(
    "PATCH",
    "/maintenances/<maintenance_id>",
    scope=Scope.RESPOND,
    summary="Change words or times, or say that it begins, is verified or is over (status). With applies_to all, or with a "
    "recurrence, every occurrence that has not begun changes.",
    gives="Maintenance",
    body=Body(
        optional={
            "title": _TITLE,
            "starts_at": _TIME,
            "ends_at": _TIME,
            **_MORE,
            "status": choice((State.IN_PROGRESS, State.VERIFYING, State.COMPLETED, State.CANCELLED)),
            "applies_to": choice((_THIS, _ALL)),
            **loading.VERSION,
        }
    ),
)
def change_maintenance(given: Given, maintenance_id: str) -> Answer:
    work = _to_change(maintenance_id, given)
    if given.keys() - {"status", "version", "applies_to"}:
        work = _reword(work, given)
    if "status" in given and given["status"] != work.state:
        _go_on(work, given["status"])
    return _answer(work)


@operation(
    "DELETE",
    "/maintenances/<maintenance_id>",
    scope=Scope.RESPOND,
    summary="Cancel it; its page goes on saying so. With applies_to=all nothing more of its series is planned.",
    gives=None,
    query={"applies_to": choice((_THIS, _ALL))},
    status=204,
)
def cancel_maintenance(given: Given, maintenance_id: str) -> None:
    work = _to_change(maintenance_id, given)
    if given.get("applies_to") == _ALL:
        actions.stop_series(actions.still_repeats(work), by=actor())
    elif work.state != State.CANCELLED:
        actions.cancel(work, by=actor())


@operation(
    "POST",
    "/maintenances/<maintenance_id>/updates",
    scope=Scope.RESPOND,
    summary="Tell the public something about it.",
    gives="Maintenance",
    body=Body(required={"body": text(BODY_LENGTH)}, optional={"notify": flag()}),
    status=201,
)
def add_maintenance_update(given: Given, maintenance_id: str) -> Answer:
    work = _to_change(maintenance_id, given)
    actions.write(work, by=actor(), body=given["body"], notify=given.get("notify", True))
    return _answer(work, location=f"/maintenances/{work.public_id}")


def _reword(work: Maintenance, given: Given) -> Maintenance:
    """This one or all of its series; what is not given stays. The one that stands for it afterwards."""
    said = _words(given, work)
    starts_at, ends_at = given.get("starts_at", work.starts_at), given.get("ends_at", work.ends_at)
    series = planning.series_of(work)
    asks_for_all = given.get("applies_to") == _ALL or {"recurrence", "time_zone"} & given.keys()
    if not asks_for_all:
        return actions.change(work, said, by=actor(), starts_at=starts_at, ends_at=ends_at)
    if series is None:
        raise Malformed({"recurrence": "It was planned once. Plan a recurring one, and cancel this."})
    if given.get("recurrence", "") is None:
        actions.stop_series(series, by=actor())
        return work
    planned = actions.change_series(series, said, by=actor(), **_timing(given, starts_at, ends_at, work))
    return work if work in planned or not planned else planned[0]


def _timing(given: Given, starts_at: datetime, ends_at: datetime, work: Maintenance | None = None) -> dict[str, Any]:
    """When a series comes again; from its first day on where its rule is not given anew."""
    series = work.series if work is not None else None
    rule, zone = given.get("recurrence") or (series.rule if series else "", None)
    zone = zone or given.get("time_zone") or (series.zone if series else page_settings().zone)
    if zone not in available_timezones():
        raise Malformed({"time_zone": "Choose a zone by its name, such as Europe/Berlin."})
    return {
        "rule": rule,
        "zone": zone,
        "local_start": actions.local_time(starts_at, zone),
        "lasts": ends_at - starts_at,
    }


def _go_on(work: Maintenance, status: str) -> None:
    act = {
        State.IN_PROGRESS: actions.begin,
        State.VERIFYING: actions.verify,
        State.COMPLETED: actions.finish,
        State.CANCELLED: actions.cancel,
    }[State(status)]
    act(work, by=actor())


def _words(given: Given, work: Maintenance | None = None) -> Words:
    def asked(name: str, default: Any) -> Any:
        return given[name] if name in given else (getattr(work, name) if work is not None else default)

    return actions.words(
        title=asked("title", ""),
        body=asked("body", ""),
        components=asked("components", ()),
        checklist_url=asked("checklist_url", None),
        ends_by_itself=asked("ends_by_itself", True),
        verify_minutes=asked("verify_minutes", 0),
        notify=asked("notify", True),
    )


def _found(maintenance_id: str) -> Maintenance:
    found = find_maintenance(maintenance_id)
    if found is None:
        raise NotFound
    return found


def _to_change(maintenance_id: str, given: Given) -> Maintenance:
    work = find_maintenance(maintenance_id, for_writing=True)
    if work is None:
        raise NotFound
    conditional.expect(work.version, given, what="This maintenance", theirs={"title": work.title})
    return work


def _in_state(states: list[str]) -> list[int]:
    minute = planning.this_minute()
    return [work.id for work in db.session.scalars(select(Maintenance)) if work.times.state(minute) in states]


def _answer(work: Maintenance, *, location: str | None = None) -> Answer:
    db.session.flush()
    return Answer(_shape(work), version=work.version, location=location)


def _shape(work: Maintenance) -> dict[str, Any]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    series, now = planning.series_of(work), clock.now()
    times = work.times
    has_begun, is_over = times.began_at <= now and not times.never_began, bool(times.over_at and times.over_at <= now)
    return {
        "id": work.public_id,
        "title": work.title,
        "body": work.body,
        "state": str(work.state),
        "starts_at": stamp(work.starts_at),
        "ends_at": stamp(work.ends_at),
        "began_at": stamp(times.began_at) if has_begun else None,
        "ended_at": maybe_stamp(times.over_at) if is_over else None,
        "components": sorted(work.components),
        "recurrence": series.rule if series else None,
        "time_zone": series.zone if series else None,
        "next_starts_at": [stamp(at) for _slot, at in repeating.upcoming(series, _NEXT)] if series else [],
        "ends_by_itself": work.ends_by_itself,
        "verify_minutes": work.verify_minutes,
        "checklist_url": work.checklist_url,
        "notify": work.notify,
        "updates": [_update(each) for each in work.updates],
        "public_url": f"{settings.page_url or settings.base_url}/maintenances/{work.public_id}",
        "version": work.version,
        "created_at": stamp(work.created_at),
        "updated_at": stamp(work.updated_at),
    }


def _update(update: MaintenanceUpdate) -> dict[str, Any]:
    return {
        "id": update.public_id,
        "kind": update.kind,
        "body": update.body,
        "at": stamp(update.display_at),
        "was_starts_at": maybe_stamp(update.was_starts_at),
        "was_ends_at": maybe_stamp(update.was_ends_at),
        "starts_at": maybe_stamp(update.starts_at),
        "ends_at": maybe_stamp(update.ends_at),
        "notify": update.notify,
    }
