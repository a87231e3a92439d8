"""What people do with announced work: plan it, move it, say how it goes; each with a line in the audit log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed, Outdated
from ..kernel.text import render_markdown
from ..published import planning, repeating
from ..published.maintenances import Maintenance, MaintenanceSeries
from ..published.page_settings import page_settings
from ..published.planning import Words
from ..records.actors import Actor
from . import audit, rewording

_LOCAL = "%Y-%m-%dT%H:%M"


def words(
    *,
    title: str,
    body: str = "",
    components: Collection[str] = (),
    checklist_url: str | None = None,
    ends_by_itself: bool = True,
    verify_minutes: int = 0,
    notify: bool = True,
) -> Words:
    """What a piece of work says and how it behaves, its text rendered: call it before the transaction."""
    return Words(
        title=title,
        body=body,
        body_html=render_markdown(body),
        components=components,
        checklist_url=checklist_url,
        ends_by_itself=ends_by_itself,
        verify_minutes=verify_minutes,
        notify=notify,
    )


def plan(said: Words, *, by: Actor, starts_at: datetime, ends_at: datetime) -> Maintenance:
    """Announce work once. Raises Malformed with a sentence per field."""
    work = planning.plan(said, starts_at=starts_at, ends_at=ends_at)
    audit.note("maintenance planned", by=by, subject=work.title, **_times(work))
    return work


def plan_series(
    said: Words, *, by: Actor, rule: str, zone: str, local_start: datetime, lasts: timedelta
) -> list[Maintenance]:
    """Announce work that comes again by the wall clock of ``zone``; its next occurrences. Raises Malformed."""
    planned = repeating.plan_series(said, rule=rule, zone=zone, local_start=local_start, lasts=lasts)
    audit.note("maintenance planned", by=by, subject=said.title, **_times(planned[0]), rule=rule, zone=zone)
    return planned


def change(
    work: Maintenance,
    said: Words,
    *,
    by: Actor,
    starts_at: datetime,
    ends_at: datetime,
    version: int | None = None,
) -> Maintenance:
    """Other words or times for this one alone; other times are told with the old ones. Raises Malformed, NotAllowed.

    With ``version`` it raises Outdated where somebody else changed it meanwhile.
    """
    if version is not None and version != work.version:
        raise Outdated("Somebody else has changed this maintenance meanwhile. Look at it again.", version=work.version)
    before = _times(work)
    reworded = planning.reword(work, said)
    moved = planning.move(work, starts_at=starts_at, ends_at=ends_at)
    if reworded:
        rewording.reword_what_waits_of([work])
    if reworded or moved:
        work.is_its_own = work.series_id is not None
        audit.note("maintenance changed", by=by, subject=work.title, before=before, **_times(work))
    return work


def change_series(
    series: MaintenanceSeries,
    said: Words,
    *,
    by: Actor,
    rule: str,
    zone: str,
    local_start: datetime,
    lasts: timedelta,
) -> list[Maintenance]:
    """Other words, times or another rule for all that have not begun. Raises Malformed."""
    planned = repeating.change_series(series, said, rule=rule, zone=zone, local_start=local_start, lasts=lasts)
    rewording.reword_what_waits_of(planned)
    audit.note("recurring maintenance changed", by=by, subject=series.title, rule=rule, zone=zone)
    return planned


def stop_series(series: MaintenanceSeries, *, by: Actor, body: str = "") -> None:
    """No more of it; the next one is called off before everybody's eyes."""
    repeating.stop_series(series, body=body, body_html=render_markdown(body))
    audit.note("recurring maintenance stopped", by=by, subject=series.title)


def begin(work: Maintenance, *, by: Actor) -> None:
    """It begins now, before its time. Raises NotAllowed."""
    planning.begin(work)
    _changed(work, "maintenance begun early", by=by)


def verify(work: Maintenance, *, by: Actor, body: str = "") -> None:
    """The work is done and being checked. Raises NotAllowed."""
    planning.verify(work, body=body, body_html=render_markdown(body))
    _changed(work, "maintenance is being verified", by=by)


def finish(work: Maintenance, *, by: Actor, body: str = "") -> None:
    """It is over. Raises NotAllowed."""
    planning.finish(work, body=body, body_html=render_markdown(body))
    _changed(work, "maintenance finished", by=by)


def extend(work: Maintenance, *, by: Actor, minutes: int) -> None:
    """It takes so many minutes longer than planned; counted from now where that has passed. Raises NotAllowed."""
    if not 1 <= minutes <= 24 * 60:
        raise Malformed({"minutes": "Extend by 1 to 1,440 minutes."})
    late = work.times.late_by(planning.this_minute())
    ends_at = (planning.this_minute() if late else work.ends_at) + timedelta(minutes=minutes)
    planning.move(work, starts_at=work.starts_at, ends_at=ends_at)
    work.is_its_own = work.series_id is not None
    _changed(work, "maintenance extended", by=by, minutes=minutes)


def cancel(work: Maintenance, *, by: Actor, body: str = "") -> None:
    """It will not happen, or not go on. Raises NotAllowed."""
    planning.cancel(work, body=body, body_html=render_markdown(body))
    _changed(work, "maintenance cancelled", by=by)


def write(work: Maintenance, *, by: Actor, body: str, notify: bool = True) -> None:
    """A text about it, to the public. Raises Malformed."""
    planning.write(work, body=body, body_html=render_markdown(body), notify=notify)
    _changed(work, "maintenance update", by=by, body=body)


def local_time(moment: datetime, zone: str | None = None) -> datetime:
    """What the wall clock of that zone (the page's, unless said) shows at an instant, without a zone."""
    return moment.astimezone(ZoneInfo(zone or page_settings().zone)).replace(tzinfo=None)


def still_repeats(work: Maintenance) -> MaintenanceSeries:
    """The series that goes on planning it. Raises NotAllowed where there is none."""
    series = planning.series_of(work)
    if series is None:
        raise NotAllowed("It does not repeat.")
    return series


def _changed(work: Maintenance, what: str, *, by: Actor, **detail: object) -> None:
    audit.note(what, by=by, subject=work.title, **_times(work), **detail)
    db.session.flush()


def _times(work: Maintenance) -> dict[str, str]:
    return {"starts_at": f"{work.starts_at:{_LOCAL}}Z", "ends_at": f"{work.ends_at:{_LOCAL}}Z"}
