"""Work that comes again: keeps the next occurrences of each series planned, as rows of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy import recurrence
from ..policy.maintenance import State, problems_with
from . import notices, planning
from .maintenances import Maintenance, MaintenanceSeries
from .planning import Words
from .revision import bump

AHEAD = 10  # occurrences kept planned; a clock that is away for ten of them is missed long before
_LOCAL = "%Y-%m-%dT%H:%M"


def plan_series(words: Words, *, rule: str, zone: str, local_start: datetime, lasts: timedelta) -> list[Maintenance]:
    """Announce work that comes again; its next occurrences. Raises Malformed (``recurrence``, ``time_zone``, …)."""
    timing = check_timing(rule=rule, zone=zone, local_start=local_start, lasts=lasts)
    now = clock.now()
    series = MaintenanceSeries(**planning.check(words), **timing, created_at=now, updated_at=now)
    db.session.add(series)
    db.session.flush()
    planned = keep_planned(series)
    if not planned:
        raise Malformed({"recurrence": "All of its times have passed. Choose a later end, or none."})
    notices.about_maintenance(planned[0], "scheduled", key="scheduled", recurrence=series.rule)
    return planned


def change_series(
    series: MaintenanceSeries, words: Words, *, rule: str, zone: str, local_start: datetime, lasts: timedelta
) -> list[Maintenance]:
    """Change all that have not begun, but those that somebody changed by themselves. Raises Malformed.

    Occurrences are moved one for one, so that their addresses stay; subscribers hear of the next one's new time.
    """
    timing = check_timing(rule=rule, zone=zone, local_start=local_start, lasts=lasts)
    columns = planning.check(words, known=series.components)
    for name, value in {**columns, **timing}.items():
        setattr(series, name, value)
    series.updated_at = clock.now()
    db.session.flush()
    waiting = [work for work in _not_over(series) if work.state == State.SCHEDULED and not work.is_its_own]
    for work in waiting:
        work.slot = None  # set free, so that two may change places
    db.session.flush()
    slots = _free(series)
    for place, (work, (slot, starts_at)) in enumerate(zip(waiting, slots, strict=False)):
        work.slot = slot
        planning.reword(work, words)
        planning.move(work, starts_at=starts_at, ends_at=starts_at + lasts, tell=place == 0)
    for work in waiting[len(slots) :]:
        db.session.delete(work)
    db.session.flush()
    bump()
    return keep_planned(series)


def stop_series(series: MaintenanceSeries, *, body: str = "", body_html: str = "") -> None:
    """No more of it: the next one is called off, and those after it were told to nobody and go."""
    series.stopped_at = series.updated_at = clock.now()
    waiting = [work for work in _not_over(series) if work.state == State.SCHEDULED]
    for place, work in enumerate(waiting):
        if place == 0 or work.is_its_own:
            planning.cancel(work, body=body, body_html=body_html)
        else:
            db.session.delete(work)
    db.session.flush()
    bump()


def keep_all_planned() -> int:
    """The clock's part: every series has its next occurrences; how many were new."""
    running = select(MaintenanceSeries).where(MaintenanceSeries.stopped_at.is_(None))
    return sum(_plan_missing(series) for series in db.session.scalars(running).all())


def keep_planned(series: MaintenanceSeries) -> list[Maintenance]:
    """The occurrences that are not over, those that were missing among them."""
    _plan_missing(series)
    return _not_over(series)


def _plan_missing(series: MaintenanceSeries) -> int:
    columns = _columns(series)
    lasts = timedelta(minutes=series.lasts_minutes)
    missing = _free(series)
    for slot, starts_at in missing:
        planning.add(columns, starts_at=starts_at, ends_at=starts_at + lasts, series_id=series.id, slot=slot)
    return len(missing)


def _free(series: MaintenanceSeries) -> list[tuple[str, datetime]]:
    """The next slots on whose day nothing of the series is planned yet, or was called off: it comes once a day at most."""
    slots = upcoming(series, AHEAD)
    if not slots:
        return []
    wanted = select(Maintenance.slot).where(Maintenance.series_id == series.id, Maintenance.slot >= slots[0][0][:10])
    days = {slot[:10] for slot in db.session.scalars(wanted) if slot}
    return [each for each in slots if each[0][:10] not in days]


def upcoming(series: MaintenanceSeries, count: int) -> list[tuple[str, datetime]]:
    """The next slots that have not ended, with the instants at which they begin."""
    lasts = timedelta(minutes=series.lasts_minutes)
    begins = datetime.strptime(series.local_start, _LOCAL)  # noqa: DTZ007 - local on purpose, its zone stands beside it
    return next_times(series.rule, zone=series.zone, local_start=begins, after=clock.now() - lasts, count=count)


def next_times(
    rule: str, *, zone: str, local_start: datetime, after: datetime, count: int
) -> list[tuple[str, datetime]]:
    """The first ``count`` occurrences that begin after that instant. Raises ValueError for no rule of ours."""
    found = recurrence.occurrences(recurrence.parse(rule), local_start, ZoneInfo(zone))
    later = ((local.strftime(_LOCAL), at) for local, at in found if at > after)
    return list(islice(later, count))


def check_timing(*, rule: str, zone: str, local_start: datetime, lasts: timedelta) -> dict[str, Any]:
    """When it comes again, as columns. Raises Malformed."""
    problems: dict[str, str] = {}
    local_start = local_start.replace(tzinfo=None, second=0, microsecond=0)
    if zone not in available_timezones():
        problems["time_zone"] = "Choose a zone by its name, such as Europe/Berlin."
    now = clock.now()
    problems |= problems_with(now, now + lasts)
    try:
        parsed = recurrence.parse(rule)
        if not problems and recurrence.never_comes_true(parsed, local_start, ZoneInfo(zone)):
            problems["recurrence"] = "This rule never comes true after the start."
    except ValueError as wrong:
        problems["recurrence"] = str(wrong)
    if problems:
        raise Malformed(problems)
    return {
        "rule": rule.strip().upper().removeprefix("RRULE:"),
        "zone": zone,
        "local_start": local_start.strftime(_LOCAL),
        "lasts_minutes": lasts // timedelta(minutes=1),
    }


def _not_over(series: MaintenanceSeries) -> list[Maintenance]:
    """Its occurrences that run or are still to come, the next one first."""
    wanted = select(Maintenance).where(
        Maintenance.series_id == series.id,
        Maintenance.over_at.is_(None) | (Maintenance.over_at > clock.now()),
    )
    return list(db.session.scalars(wanted.order_by(Maintenance.starts_at, Maintenance.id)))


def _columns(series: MaintenanceSeries) -> Mapping[str, Any]:
    return {
        "title": series.title,
        "body": series.body,
        "body_html": series.body_html,
        "components": list(series.components),
        "checklist_url": series.checklist_url,
        "ends_by_itself": series.ends_by_itself,
        "verify_minutes": series.verify_minutes,
        "notify": series.notify,
    }
